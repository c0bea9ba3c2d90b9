package demo

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// Nobody asks, and no alert comes: the watch sees the night, and tells of it once, with the right causes.
func TestTheWatchRaisesTheNight(t *testing.T) {
	t.Parallel()
	d := begin(t)
	if err := d.World.Break(); err != nil {
		t.Fatal(err)
	}
	if err := d.Slack.Wait(t.Context(), func(slackemu.Snapshot) bool {
		told := d.Slack.Transcript()
		return strings.Contains(told, "CoreDNS forwards to itself") && strings.Contains(told, "A plan waits for approval")
	}); err != nil {
		t.Fatalf("%v\n%s", err, d.Slack.Transcript())
	}
	if told := d.Slack.Transcript(); strings.Contains(told, "INC-2") || strings.Contains(told, "watchs") {
		t.Errorf("told:\n%s", told)
	}
	s, err := d.record.Get(t.Context(), "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range s.Signals {
		if g.Kind != incident.WatchSignal {
			t.Errorf("a signal of kind %s: %s", g.Kind, g.Title)
		}
	}
}
