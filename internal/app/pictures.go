package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/picture"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
)

// The pictures of an incident, by their files' names.
const (
	graphPicture  = "what-broke-what"
	coursePicture = "restarts"      // while it is open
	courseOver    = "restarts-over" // with its end
)

// pictureOf is a picture that is to be shown, and how it is drawn.
type pictureOf struct {
	shown incident.Shown
	file  slackapp.File // its text is what draw makes
	draw  func() ([]byte, error)
}

// pictures are those that an incident's thread does not have yet: what broke what, anew when it changes; the restarts once the diagnosis is
// told, and again with the end. What has nothing to show is left out.
func pictures(s *incident.State) []pictureOf {
	var out []pictureOf
	add := func(name, what, title, alt string, draw func() ([]byte, error)) {
		sum := sha256.Sum256([]byte(what))
		shown := incident.Shown{Name: name, Digest: hex.EncodeToString(sum[:6])}
		for _, o := range s.Shown {
			if o == shown {
				return
			}
		}
		file := slackapp.File{Name: fmt.Sprintf("%s-%s-%s.png", s.ID, name, shown.Digest), Title: s.ID + ": " + title, Alt: alt}
		out = append(out, pictureOf{shown, file, draw})
	}
	if g := incident.GraphOf(s.Diagnosis, picture.MostBoxes); g.Worth() {
		below := fmt.Sprintf("%s, %s, as seen %s", s.ID, s.Diagnosis.Cluster, s.Diagnosis.At.UTC().Format("2 Jan 15:04 UTC"))
		add(graphPicture, g.Mermaid(), "what broke what", g.Alt(), func() ([]byte, error) { return picture.Graph(g, below) })
	}
	name := coursePicture
	if !s.ResolvedAt.IsZero() {
		name = courseOver
	}
	if c := incident.CourseOf(s, picture.MostLanes); c.Worth() {
		add(name, name, "restarts over time", c.Alt(), func() ([]byte, error) { return picture.Course(c) })
	}
	return out
}

// showPictures puts an incident's pictures into its thread. Put there and not recorded, they are found again. That Slack won't have them is
// no failure: a picture says nothing that the thread does not say in words.
func (w *worker) showPictures(ctx context.Context, before *incident.State, _ incident.Work) error {
	e := incident.PicturesShared{At: before.Picturable()}
	for _, p := range pictures(before) {
		b, err := p.draw()
		if err == nil {
			p.file.Text, p.file.Intend = string(b), w.intends(before.ID, incident.Picture)
			_, err = w.share(ctx, before.ID, p.file)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && slackapp.Lasting(err):
			e.Note = err.Error()
		case err != nil:
			return err
		default:
			e.Shown = append(e.Shown, p.shown)
		}
	}
	_, err := w.ledger.update(ctx, before.ID, func(s *incident.State) ([]incident.Event, error) {
		if s.Pictured.Equal(e.At) {
			return nil, nil
		}
		return []incident.Event{e}, nil
	})
	return err
}
