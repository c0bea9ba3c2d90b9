package demo

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

var (
	shownTime = regexp.MustCompile(`\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} UTC|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z`)
	lookedAt  = regexp.MustCompile(`Looked at .*, (\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} UTC)`)
	lastGood  = regexp.MustCompile(`last seen good (\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC)`)
)

func parseShown(t *testing.T, text string) time.Time {
	t.Helper()
	for _, layout := range []string{"2006-01-02 15:04:05 MST", "2006-01-02 15:04 MST", time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	t.Fatalf("no time: %q", text)
	return time.Time{}
}

// A screen shows one clock: who has just read that all is well does not read, a moment later, that the trouble began before; a copy was not
// last seen good after the onset; and nothing has happened that is yet to come, but for what is foretold if nobody does anything.
func TestOneScreenShowsOneClock(t *testing.T) {
	d := begin(t)
	p := &player{Demo: d, ctx: t.Context(), ear: ear{out: &strings.Builder{}, heard: map[string]string{}}}
	p.command(Ada, "check")
	p.told(Ada, "nothing wrong")
	var well time.Time
	for _, m := range d.Slack.Snapshot().Ephemerals(Ada) {
		if found := lookedAt.FindStringSubmatch(m.Plain()); found != nil {
			well = parseShown(t, found[1])
		}
	}
	p.breaks()
	root := p.thread("INC-1", "")
	p.reads(root, "Open the plan", "What happened")
	var s *incident.State
	p.poll("its record", func(ctx context.Context) (err error) { s, err = p.record.Get(ctx, "INC-1"); return err })
	if p.err != nil {
		t.Fatal(p.err)
	}
	onset := s.Diagnosis.At
	for _, c := range s.Diagnosis.Causes {
		if c.Since.Before(onset) {
			onset = c.Since
		}
	}
	if well.IsZero() || onset.Before(well.Add(-time.Second)) { // Kubernetes' times are whole seconds
		t.Errorf("all was well at %v, and ill since %v", well, onset)
	}
	now := time.Now().Add(time.Second)
	for _, e := range s.Diagnosis.Evidence {
		if e.Time.After(now) {
			t.Errorf("%s happened at %v, and it is %v", e.ID, e.Time, now)
		}
	}
	for _, m := range append(messages(d.Slack.Snapshot(), root), s.Plan.Why) {
		for _, text := range shownTime.FindAllString(m, -1) {
			foretold := func(x incident.Prospect) bool { return x.At.UTC().Truncate(time.Second).Equal(parseShown(t, text)) }
			if at := parseShown(t, text); at.After(now) && !slices.ContainsFunc(s.Idle, foretold) {
				t.Errorf("it says %s, and it is %v", text, now)
			}
		}
		for _, found := range lastGood.FindAllStringSubmatch(m, -1) {
			if at := parseShown(t, found[1]); at.After(onset.Add(time.Second)) {
				t.Errorf("a copy was last seen good at %v, after the onset %v", at, onset)
			}
		}
	}
}

func messages(s slackemu.Snapshot, root string) []string {
	var out []string
	for _, m := range s.Thread(Channel, root) {
		out = append(out, m.Plain())
	}
	return out
}
