package app

import (
	"context"
	"reflect"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
)

// putIntoThread puts the published postmortem into the incident's thread as a file. Put there and not recorded, it is found again.
func (w *worker) putIntoThread(ctx context.Context, before *incident.State, _ incident.Work) error {
	link, err := w.share(ctx, before.ID, slackapp.File{Name: before.ID + "-postmortem.md", Title: before.ID + ": postmortem",
		Text:   "# " + before.Postmortem.Title + "\n\n" + before.WriteUp().Markdown(),
		Intend: w.intends(before.ID, incident.Share)})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return mendable{err}
	}
	_, err = w.ledger.update(ctx, before.ID, func(s *incident.State) ([]incident.Event, error) {
		if s.Link != "" || !reflect.DeepEqual(s.Postmortem, before.Postmortem) { // edited meanwhile: that is put there, too
			return nil, nil
		}
		return []incident.Event{incident.PostmortemShared{Link: link}}, nil
	})
	return err
}

// intends records that a file is about to be shown in an incident's thread.
func (w *worker) intends(id string, work incident.WorkKind) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := w.ledger.update(ctx, id, func(*incident.State) ([]incident.Event, error) {
			return []incident.Event{incident.UploadIntended{Work: work}}, nil
		})
		return err
	}
}
