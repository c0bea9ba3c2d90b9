//go:build bench

package bench_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

const (
	downIncidents = 20
	downChanges   = 60 // of each while Slack is down
	downFor       = time.Hour
	downQuicker   = 120 // the clock goes: the hour takes half a minute
	endless       = 1_000_000
)

// TestSlackIsDownForAnHour breaks every call for an hour, in each way in which Slack breaks, while incidents begin and change. Then each must
// be told once, as it is at the end.
func TestSlackIsDownForAnHour(t *testing.T) {
	for _, c := range []struct {
		what  string
		fault slackemu.Fault
	}{
		{"connections cut", slackemu.Fault{Outcome: slackemu.Lost}},
		{"done, and cut before the answer", slackemu.Fault{Outcome: slackemu.DoneUnanswered}},
		{"done, and never answered", slackemu.Fault{Outcome: slackemu.DoneHanging}},
		{"429", slackemu.Fault{Outcome: slackemu.RateLimited}},
		{"500", slackemu.Fault{Outcome: slackemu.ServerError}},
		{"not_in_channel", slackemu.Fault{Outcome: slackemu.Refused, Error: "not_in_channel"}},
		{"is_archived", slackemu.Fault{Outcome: slackemu.Refused, Error: "is_archived"}},
		{"token_revoked", slackemu.Fault{Outcome: slackemu.Refused, Error: "token_revoked"}},
		{"fatal_error", slackemu.Fault{Outcome: slackemu.Refused, Error: "fatal_error"}},
	} {
		t.Run(c.what, func(t *testing.T) { t.Parallel(); downBy(t, c.what, c.fault) })
	}
}

func downBy(t *testing.T, what string, fault slackemu.Fault) {
	began := time.Now()
	now := func() time.Time { return began.Add(downQuicker * time.Since(began)) }
	emu, s, o := workspace(t, slackemu.RateLimit{Off: true})
	o.Now, o.HTTP = now, &http.Client{Timeout: time.Second}
	fault.Times = endless
	emu.Inject(fault)
	d := slackapp.NewDeliverer(o, s)
	runs(t, d.Run)
	for change := 1; change <= downChanges; change++ {
		for i := range downIncidents {
			if err := d.Deliver(t.Context(), fmt.Sprint("INC-", i+1), channel, telling(i, change)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Until(began.Add(time.Duration(change) * downFor / downChanges / downQuicker)))
	}
	emu.Heal()
	d.Retry() // as a connection that comes back does
	well := time.Now()
	waitFor(t, emu, 2*time.Minute, func(n slackemu.Snapshot) bool { told, _, _ := told(n); return told == downIncidents })
	took := time.Since(well)
	time.Sleep(2 * time.Second) // what would be told twice comes now
	told, doubled, stale := told(emu.Snapshot())
	figure("slack down for an hour, %s: %d incidents changed %d times: %d told as they are, %d lost, %d told twice, %d stale; %s after it was well",
		what, downIncidents, downIncidents*downChanges, told, downIncidents-told-stale, doubled, stale, took.Round(10*time.Millisecond))
	if told != downIncidents || doubled > 0 || stale > 0 {
		t.Error("want each told once, as it is")
	}
}

// telling is an incident's messages after a change.
func telling(i, change int) []commands.Message {
	say := func(slot, text string) commands.Message {
		return commands.Message{Slot: slot, Reply: commands.Reply{Text: text, Blocks: []commands.Block{commands.Paragraph{commands.Text(text)}}}}
	}
	return []commands.Message{say(commands.RootSlot, fmt.Sprintf("INC-%d state %d", i+1, change)),
		say("story", fmt.Sprintf("story of INC-%d, state %d", i+1, change))}
}

// told counts the incidents whose one message and its one reply say how things are, those that are told more than once, and those that say
// how things were.
func told(n slackemu.Snapshot) (right, doubled, stale int) {
	roots := map[string][]slackemu.Message{}
	for _, m := range n.Messages(channel) {
		id, _, _ := strings.Cut(m.Plain(), " ")
		roots[id] = append(roots[id], m)
	}
	newest := fmt.Sprintf("state %d", downChanges)
	for _, all := range roots {
		thread := n.Thread(channel, all[0].TS)
		switch {
		case len(all) > 1 || len(thread) > 2:
			doubled++
		case len(thread) == 2 && strings.HasSuffix(all[0].Plain(), newest) && strings.HasSuffix(thread[1].Plain(), newest):
			right++
		default:
			stale++
		}
	}
	return right, doubled, stale
}
