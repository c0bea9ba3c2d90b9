package commands_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
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
