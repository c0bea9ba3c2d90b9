package terminal_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/diagnosis/catalog"
	"github.com/paramedic-bot/paramedic/internal/terminal"
)

var now = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

// replies are answers with every kind of block.
func replies(t *testing.T) map[string]commands.Reply {
	t.Helper()
	cluster := commandstest.Cluster{Diagnosis: commandstest.Founding()}
	set := &commands.Set{Looker: cluster, Explainer: cluster, Searcher: cluster, Incidents: commandstest.NewKeeper(func() time.Time { return now }),
		Codes: catalog.Codes()}
	out := map[string]commands.Reply{}
	for _, line := range []string{"check", "why", "why --trace", "incidents", "checks", "checks PodCrashLoop", "search dns", "help", "nonsense"} {
		words := strings.Fields(line)
		out[line] = set.Dispatch(t.Context(), commands.Request{Command: words[0], Args: words[1:], Now: now})
	}
	wide := strings.Repeat("記憶體不足 ", 40)
	out["wide"] = commands.Reply{Blocks: []commands.Block{
		commands.Header{Text: wide}, commands.Paragraph{commands.Text(wide), commands.Bold(wide), commands.Mono(wide)}, commands.Note{commands.Text(wide)},
		commands.Fields{{Label: "what", Value: []commands.Span{commands.Text(wide)}}},
		commands.List{{Depth: 2, Spans: []commands.Span{commands.Text(wide)}}},
		commands.Table{Columns: []commands.Column{{Title: "a"}, {Title: "b", Right: true}, {Title: "c"}},
			Rows: [][]commands.Span{{commands.Text(wide), commands.When(now.Add(-time.Hour)), commands.Mono(wide)}}, More: 3},
		commands.Actions{{ID: "x", Label: "Do it", Value: "claim INC-1"}},
	}}
	out["hostile"] = commands.Reply{Blocks: []commands.Block{commands.Paragraph{commands.Text("a\x1b[2Jb\x07 \x1b]0;title\x07c"), commands.Bold("\x1b[31mred")}}}
	return out
}

// A terminal shows the same words as a pipe, none lost and none broken, in lines that fit, unless a single word does not.
func TestWhatIsShownFits(t *testing.T) {
	for name, r := range replies(t) {
		whole := commands.PlainAs(r, terminal.On(0, false, now, time.UTC))
		for _, columns := range []int{30, 40, 80, 120} {
			got := commands.PlainAs(r, terminal.On(columns, false, now, time.UTC))
			for line := range strings.Lines(got) {
				if w := ansi.StringWidth(strings.TrimRight(line, "\n")); w > columns && !unavoidable(r, line) {
					t.Errorf("%s: %d columns on a terminal of %d: %q", name, w, columns, line)
				}
			}
			if a, b := sorted(whole), sorted(got); !slices.Equal(a, b) {
				t.Errorf("%s at %d columns: the words differ: %d and %d", name, columns, len(a), len(b))
			}
			coloured := commands.PlainAs(r, terminal.On(columns, true, now, time.UTC))
			if a, b := sorted(got), sorted(ansi.Strip(coloured)); !slices.Equal(a, b) {
				t.Errorf("%s at %d columns: colour changes the words", name, columns)
			}
		}
	}
}

// unavoidable says that a line is as narrow as it gets: one word, what is shown as it is, or a table whose words alone are wider.
func unavoidable(r commands.Reply, line string) bool {
	if len(strings.Fields(strings.TrimLeft(line, " -→"))) <= 1 || strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "→ ") {
		return true
	}
	return slices.ContainsFunc(r.Blocks, func(b commands.Block) bool {
		t, ok := b.(commands.Table)
		return ok && slices.ContainsFunc(strings.Fields(line), func(w string) bool { return strings.Contains(commands.TableText(t), w) })
	})
}

// sorted are the words of a text; the rules under headings are none.
func sorted(text string) []string {
	words := slices.DeleteFunc(strings.Fields(text), func(w string) bool { return strings.Trim(w, "=") == "" })
	slices.Sort(words)
	return words
}

// What comes from a cluster can't move the cursor, colour what follows or name the window.
func TestNothingFromOutsideIsObeyed(t *testing.T) {
	for name, r := range replies(t) {
		if got := commands.PlainAs(r, terminal.On(80, false, now, time.UTC)); strings.ContainsAny(got, "\x1b\x07") {
			t.Errorf("%s: %q", name, got)
		}
		for _, escape := range strings.Split(commands.PlainAs(r, terminal.On(80, true, now, time.UTC)), "\x1b")[1:] {
			if !strings.HasPrefix(escape, "[") || !strings.Contains(escape[:min(8, len(escape))], "m") {
				t.Errorf("%s: the escape %q", name, escape[:min(8, len(escape))])
			}
		}
	}
}

func TestMoments(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for ago, want := range map[time.Duration][2]string{
		0:                          {"10:00:00 (0 s ago)", "0 s ago"},
		47 * time.Second:           {"09:59:13 (47 s ago)", "47 s ago"},
		59*time.Minute + 59e9:      {"09:00:01 (59 min ago)", "59 min ago"},
		12 * time.Hour:             {"Sun Nov 29 22:00:00 (12 h ago)", "12 h ago"},
		6 * 24 * time.Hour:         {"Tue Nov 24 10:00:00 (6 days ago)", "6 days ago"},
		7 * 24 * time.Hour:         {"2026-11-23 10:00:00 CET", "2026-11-23"},
		-time.Minute:               {"2026-11-30 10:01:00 CET", "2026-11-30"}, // the cluster's clock goes before ours
		40 * 24 * time.Hour:        {"2026-10-21 11:00:00 CEST", "2026-10-21"},
		100 * 365 * 24 * time.Hour: {"1926-12-25 10:00:00 CET", "1926-12-25"},
	} {
		r := commands.Reply{Blocks: []commands.Block{commands.Paragraph{commands.When(now.Add(-ago))},
			commands.Table{Columns: []commands.Column{{Title: "since"}}, Rows: [][]commands.Span{{commands.When(now.Add(-ago))}}}}}
		got := commands.PlainAs(r, terminal.On(80, false, now, berlin))
		if want := want[0] + "\n\nSINCE\n" + want[1] + "\n"; got != want {
			t.Errorf("%s ago: %q, want %q", ago, got, want)
		}
	}
}

// Scripts read what goes into a pipe: whole lines, full dates.
func TestAPipeIsNoTerminal(t *testing.T) {
	l := terminal.Look(&bytes.Buffer{}, now)
	if l.Width != 0 || l.Marked != nil || !strings.HasPrefix(l.Moment(now.Add(-time.Minute)), "2026-11-30 ") {
		t.Errorf("%+v", l)
	}
}
