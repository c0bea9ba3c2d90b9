package cli_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/cli"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

func TestGradingInTheTerminal(t *testing.T) {
	state := kept(t, incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: "a", Title: "down"}},
		incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.Verified{OK: true})
	for _, c := range []struct {
		line string
		exit int
		says string
	}{
		{"grades", 0, "Nobody has graded a cause yet."},
		{"grade INC-1 fine", 2, "is not right, close or wrong"},
		{"grade INC-1", 2, ""},
		{"grade INC-9 right", 1, "no incident INC-9"},
		{"grade INC-1 wrong the switch", 0, "INC-1: graded wrong"},
		{"incidents INC-1", 0, "(“the switch”)"},
		{"grade INC-1 right", 0, "INC-1: graded right"},
		{"grades", 0, "once: 1 right"},
		{"grades NoSuchCode", 0, "Nobody has graded a cause yet with the code “NoSuchCode”."},
	} {
		var stdout, stderr bytes.Buffer
		exit := cli.Run(t.Context(), "test", append(strings.Fields("paramedic "+c.line), "--state", state), &stdout, &stderr)
		if exit != c.exit || !strings.Contains(stdout.String(), c.says) {
			t.Errorf("%s: exit %d, want %d; %q: %s%s", c.line, exit, c.exit, c.says, stdout.String(), stderr.String())
		}
	}
}
