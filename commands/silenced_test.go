package commands_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// A namespace that was misspelt is silenced, and that there is none is said, as far as who asks may know.
func TestASilenceOfNoNamespaceSaysSo(t *testing.T) {
	for line, want := range map[string]string{
		"silence -n shpo --for 2h we move":  "There is no namespace shpo: none was seen when the cluster was last looked at. Did you mean shop?",
		"silence -n other --for 2h we move": "There is no namespace other",
		"silence -n shop --for 2h we move":  "",
	} {
		s, _ := talk(t)
		_, text := says(t, s, "", line)
		if !strings.Contains(text, "is silenced until") || want == "" && strings.Contains(text, "no namespace") || !strings.Contains(text, want) {
			t.Errorf("%s: %s", line, text)
		}
	}
	s, _ := talk(t)
	s.Memory = commandstest.Memory{}
	if _, text := says(t, s, "", "silence -n shpo --for 2h we move"); strings.Contains(text, "no namespace") {
		t.Errorf("nobody has looked, and yet: %s", text)
	}
}

// What is silenced shows wherever people look how things stand.
func TestWhatIsSilencedShows(t *testing.T) {
	s, _ := talk(t)
	for _, line := range []string{"status", "incidents"} {
		if _, text := says(t, s, "", line); strings.Contains(text, "Silenced") {
			t.Errorf("%s: %s", line, text)
		}
	}
	says(t, s, "", "silence -n shop --for 2h we move")
	r := commands.Request{Person: commandstest.Ada, Now: commandstest.Start.Add(57 * time.Hour)}
	for what, text := range map[string]string{"home": commands.Plain(s.Home(context.Background(), r)),
		"status": second(says(t, s, "", "status")), "incidents": second(says(t, s, "", "incidents"))} {
		if !strings.Contains(text, "Silenced: namespace shop until") {
			t.Errorf("%s: %s", what, text)
		}
	}
}

func second(_ commands.Reply, text string) string { return text }

// unmapped lets nobody but Ada read anything of the cluster.
type unmapped struct{}

func (unmapped) Reader(p incident.Person) (*incident.Identity, error) {
	if p == commandstest.Ada {
		return &incident.Identity{User: "ada"}, nil
	}
	return nil, &commands.Refusal{Reason: "You are mapped to no Kubernetes user."}
}

func (u unmapped) MaySee(_ context.Context, p incident.Person, _ string, _ *incident.State) error {
	_, err := u.Reader(p)
	return err
}

func (u unmapped) MayRead(_ context.Context, p incident.Person, _ incident.Object) error {
	_, err := u.Reader(p)
	return err
}

// Why something is silent is for those who may read what it is about; that a code is silent is for everybody.
func TestWhySomethingIsSilentIsForReaders(t *testing.T) {
	s, _ := talk(t)
	says(t, s, "", "silence -n shop --for 2h Globex moves its shop")
	says(t, s, "", "silence KubePodCrashLooping --for 2h Globex moves its crashes")
	s.Sight = unmapped{}
	stranger := incident.Person{Team: "T1", ID: "USTRANGER", Name: "Stranger"}
	for _, c := range []struct {
		who      incident.Person
		outside  bool
		reasons  int
		mentions []string
	}{
		{commandstest.Ada, false, 2, []string{"namespace shop", "KubePodCrashLooping"}},
		{commandstest.Ada, true, 1, []string{"KubePodCrashLooping"}},
		{stranger, false, 0, []string{"KubePodCrashLooping", "1 more silence about what you may not see"}},
	} {
		r := commands.Request{Command: "silence", Person: c.who, Outside: c.outside, Now: commandstest.Start.Add(57 * time.Hour)}
		reply := s.Dispatch(t.Context(), r)
		text := commands.Plain(reply)
		if n := strings.Count(text, "Globex"); n != c.reasons {
			t.Errorf("%s, outside %t, is told %d reasons:\n%s", c.who.Name, c.outside, n, text)
		}
		for _, want := range c.mentions {
			if !strings.Contains(text, want) {
				t.Errorf("%s, outside %t, is not told %q:\n%s", c.who.Name, c.outside, want, text)
			}
		}
	}
}
