package notices

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/store"
)

const (
	mostPending = 100 // rows that are read at a time
	apart       = 200 * time.Millisecond
)

// pass tells what may be told now, the longest waiting first, and says when to look again.
func (r *route) pass(ctx context.Context) time.Time {
	next := r.Now().Add(lookAround)
	rows, err := r.Store.PendingAt(ctx, r.key, mostPending)
	if err != nil {
		if ctx.Err() == nil {
			r.Logger.Error("what is to be told could not be read; it is tried again", "home", r.home.Name(), "error", err)
		}
		return r.Now().Add(5 * time.Second)
	}
	went := 0
	for _, row := range rows {
		if until := r.heldUntil(row.Incident); !until.IsZero() {
			next = earlier(next, until)
			continue
		}
		if went > 0 && !rest(ctx, apart) {
			return next
		}
		sent, at, err := r.tell(ctx, row)
		switch {
		case ctx.Err() != nil:
			return next
		case err != nil:
			next = earlier(next, r.failed(row.Incident, err))
		case sent:
			went++
			r.works(row.Incident)
		}
		if !at.IsZero() {
			next = earlier(next, at)
		}
	}
	if len(rows) == mostPending && went > 0 {
		return r.Now()
	}
	return next
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// rest waits, unless ctx ends.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// tell tells what is untold of one incident, in one notice. It says whether one was sent, and when to come back if it is too early.
func (r *route) tell(ctx context.Context, row store.Delivery) (sent bool, at time.Time, err error) {
	var w wanted
	if err := json.Unmarshal(row.Wanted, &w); err != nil {
		return false, at, refusal{fmt.Errorf("what is kept of %s can't be read: %w", row.Incident, err)}
	}
	untold := w.untold(row.TS)
	if len(untold) > 0 && !row.SendingAt.IsZero() && forms[r.home.Form].look != nil {
		last, err := r.lastTold(ctx, w, untold, row.SendingAt)
		if err != nil {
			return false, at, err
		}
		row.TS = withKeys(row.TS, untold[:last+1])
		untold = untold[last+1:]
	}
	if w.Joined && row.TS == "" && row.SendingAt.IsZero() {
		untold = nil
	}
	if len(untold) == 0 {
		return false, at, r.Store.Sent(ctx, row, r.Now())
	}
	if at = untold[0].At; len(untold) == 1 && at.After(r.Now()) {
		return false, at, nil
	}
	if err := r.Store.Sending(ctx, row, r.Now()); err != nil {
		return false, time.Time{}, err
	}
	if err := r.post(ctx, w.letter(row.Incident, untold, r.Redact)); err != nil {
		return false, time.Time{}, err
	}
	row.TS = withKeys(row.TS, untold)
	return true, time.Time{}, r.Store.Sent(ctx, row, r.Now())
}

// untold are the notices whose keys are not among those told.
func (w wanted) untold(keys string) []commands.Notice {
	known := strings.Fields(keys)
	return slices.DeleteFunc(slices.Clone(w.Notices), func(n commands.Notice) bool { return slices.Contains(known, n.Key) })
}

// withKeys is the keys with those of more notices.
func withKeys(keys string, more []commands.Notice) string {
	all := strings.Fields(keys)
	for _, n := range more {
		all = append(all, n.Key)
	}
	return strings.Join(all, " ")
}

// id is a notice's: of those that stand in one, the last one's.
func (w wanted) id(n commands.Notice) string { return w.Mark + "-" + n.Key }

// mostMissed bounds the notices that one which stands for several names.
const mostMissed = 8

// letter is what is untold in one notice: the notice itself, or where the incident stands now and what was missed.
func (w wanted) letter(about string, untold []commands.Notice, redact func(string) string) letter {
	last := untold[len(untold)-1]
	n := last
	if n.Text == "" {
		n.Text = w.Stands.Text
	}
	if len(untold) > 1 {
		n = w.Stands
		text := "\n\nMissed:"
		for i, m := range untold {
			if len(untold) > mostMissed && i >= mostMissed/2 && i < len(untold)-mostMissed/2 {
				if i == mostMissed/2 {
					text += fmt.Sprintf("\n… %d more", len(untold)-2*(mostMissed/2))
				}
				continue
			}
			when := ""
			if !m.At.IsZero() {
				when = m.At.UTC().Format("2 Jan 15:04 MST") + " "
			}
			text += "\n" + when + clip.Runes(strings.TrimPrefix(m.Title, about+": "), 80)
			n.Urgency = max(n.Urgency, m.Urgency)
		}
		if last.Key == "end" {
			n.Urgency = last.Urgency // it is over
		}
		n.Text = clip.Runes(n.Text, commands.MaxNoticeText-len([]rune(text))) + text
	}
	return letter{ID: w.id(last), Incident: about, State: w.Phase, Key: last.Key, Urgency: n.Urgency,
		Title: clip.Runes(redact(n.Title), commands.MaxNoticeTitle), Text: clip.Runes(redact(n.Text), commands.MaxNoticeText), Next: w.Next}
}
