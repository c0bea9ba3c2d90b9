package commands_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

var cited = regexp.MustCompile(`\b[EFCT][0-9]+\b`)

// Whatever id a message of an incident cites can be asked for, and every piece of evidence that one cites is in the list.
func TestEveryIDThatIsCitedCanBeLookedAt(t *testing.T) {
	for name, d := range map[string]*incident.Diagnosis{"founding": commandstest.Founding(), "unexplained": commandstest.Unexplained()} {
		t.Run(name, func(t *testing.T) {
			s, k := newSet(nil)
			state := k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *d}, incident.Recalled{},
				incident.StoryTold{Story: *commandstest.Story()})
			list := commands.Plain(ask(t, s, "evidence INC-1"))
			n := 0
			for _, m := range commands.IncidentMessages(state, d.At) {
				for _, id := range cited.FindAllString(commands.Plain(m.Reply), -1) {
					if d.EvidenceByID(id) == nil && id[0] == 'E' {
						continue // a story of another diagnosis
					}
					n++
					r := ask(t, s, "evidence INC-1 "+strings.ToLower(id))
					if r.Exit != 0 || !strings.Contains(commands.Plain(r), id) {
						t.Errorf("%s is cited in %s and answers %d %q", id, m.Slot, r.Exit, r.Text)
					}
					if id[0] == 'E' && !strings.Contains(list, "\n"+id+" ") {
						t.Errorf("%s is cited in %s and not listed:\n%s", id, m.Slot, list)
					}
				}
			}
			if n < 3 {
				t.Errorf("only %d ids are cited", n)
			}
		})
	}
}

// The buttons under what cites are commands that answer.
func TestMessagesSayHowToSeeWhatTheyCite(t *testing.T) {
	s, k := newSet(nil)
	state := k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.Recalled{},
		incident.StoryTold{Story: *commandstest.Story()})
	for slot, want := range map[string]string{"facts": "evidence INC-1", "story": "evidence INC-1 E1 E2 E3 E4"} {
		for _, m := range commands.IncidentMessages(state, commandstest.Start) {
			if m.Slot == slot && !strings.Contains(commands.Plain(m.Reply), "The evidence: "+want+"\n") {
				t.Errorf("%s does not offer %q:\n%s", slot, want, commands.Plain(m.Reply))
			}
		}
		if r := ask(t, s, want); r.Exit != 0 || r.Data == nil {
			t.Errorf("%s: %d %s", want, r.Exit, r.Text)
		}
	}
}

// Evidence that an earlier look had, and a newer one has not, or has otherwise under the same id, is still there.
func TestEvidenceOfOldLooksIsStillThere(t *testing.T) {
	s, k := newSet(nil)
	newer := commandstest.Founding()
	newer.At = newer.At.Add(time.Hour)
	newer.Evidence[0].Excerpt = "something else"
	newer.Evidence = newer.Evidence[:3]
	k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.StoryTold{Story: *commandstest.Story()},
		incident.LookAgainRequested{By: commandstest.Ada}, incident.DiagnosisMade{Diagnosis: *newer})
	for id, want := range map[string][]string{
		"E4": {"the directory is empty", "since then it has changed or gone", "story: The node has no CNI configuration"},
		"E1": {"something else", "plugin/loop"},
		"E2": {"forward . 127.0.0.1"},
	} {
		r := ask(t, s, "evidence INC-1 "+id)
		text := commands.Plain(r)
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s lacks %q:\n%s", id, w, text)
			}
		}
		if n := strings.Count(text, "As looked at"); id == "E2" && n != 1 || id == "E1" && n != 2 {
			t.Errorf("%s is shown %d times:\n%s", id, n, text)
		}
	}
}

func TestAskingForEvidence(t *testing.T) {
	s, k := newSet(nil)
	k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.Recalled{},
		incident.StoryTold{Story: *commandstest.Story()})
	k.Append("INC-2", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Unexplained()})
	k.Append("INC-3", opened)
	for _, c := range []struct {
		name, line string
		exit       int
	}{
		{"evidence-list", "evidence INC-1", 0},
		{"evidence-whole", "evidence 1 E2, F1 c1", 0},
		{"evidence-change", "evidence INC-2 T7 E1", 0},
		{"evidence-unknown", "evidence INC-1 E99", 2},
		{"evidence-partly-unknown", "evidence INC-1 E1 E99", 2},
		{"evidence-nonsense", "evidence INC-1 frobnicate", 2},
		{"evidence-none-yet", "evidence INC-3", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ask(t, s, c.line)
			if r.Exit != c.exit {
				t.Errorf("exit %d, want %d", r.Exit, c.exit)
			}
			golden(t, c.name, "$ medic "+c.line+"\n# "+r.Text+"\n\n"+commands.Plain(r))
		})
	}
	if r := ask(t, s, "evidence INC-1"+strings.Repeat(" E1", 21)); r.Exit != 2 {
		t.Errorf("%+v", r)
	}
}

// The list stays readable at any size.
func TestTheListOfEvidenceIsBounded(t *testing.T) {
	s, k := newSet(nil)
	d := commandstest.Founding()
	for i := range 5000 {
		d.Evidence = append(d.Evidence, incident.Evidence{ID: fmt.Sprintf("E%d", i+5), Source: incident.SourceLog,
			Object:  incident.Object{Kind: "Pod", Namespace: "shop", Name: strings.Repeat("x", 253)},
			Excerpt: strings.Repeat("y", incident.MaxExcerpt)})
	}
	k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *d})
	r := ask(t, s, "evidence INC-1")
	if text := commands.Plain(r); len(text) > 40_000 || !strings.Contains(text, "4944 more") {
		t.Errorf("%d bytes: …%s", len(text), text[len(text)-200:])
	}
	if all, ok := r.Data.([]commands.Piece); !ok || len(all) != 5004 {
		t.Errorf("-o json has %d", len(all))
	}
}
