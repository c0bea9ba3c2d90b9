package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// uploadsShow is how long it takes a Slack of these tests, at most, to show what was uploaded.
const uploadsShow = 2 * time.Second

// pngs are the names of the pictures in the threads of a channel, and how many lie elsewhere.
func pngs(n slackemu.Snapshot, channel string) (names []string, stray int) {
	for _, root := range n.Messages(channel) {
		stray += len(root.Files)
		if root.ThreadTS != "" {
			continue // a reply that is shown in the channel, too
		}
		for _, m := range n.Thread(channel, root.TS)[1:] {
			for _, f := range m.Files {
				names = append(names, f.Name[:strings.LastIndex(f.Name, "-")])
			}
		}
	}
	slices.Sort(names)
	return names, stray
}

// TestCrashWhileShowingPictures kills the process that puts pictures into a thread at every boundary: after each record, before each request
// to Slack (of an upload there are three), and after it was done and before the answer. Slack shows each file late. In the end each picture
// is in the incident's thread once, and nowhere else.
func TestCrashWhileShowingPictures(t *testing.T) {
	killEverywhere(t, 5, func(t *testing.T, at int) (dead bool) {
		c, emu := untold(t, *commandstest.Founding())
		c.name, c.Pictures = "showing pictures", true
		dead, where := c.runTwice(t, at)
		c.kept(t, nil)
		names, stray := pngs(emu.Snapshot(), "C0INCIDENTS")
		if want := []string{"INC-1-restarts", "INC-1-what-broke-what"}; !slices.Equal(names, want) || stray > 0 {
			t.Errorf("killed %s, the %d.: %q in the thread, %d elsewhere:\n%s", where, at, names, stray, emu.Transcript())
		}
		return dead
	})
}
