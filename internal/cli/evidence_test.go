package cli_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/cli"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// kept is a state with one incident.
func kept(t *testing.T, events ...incident.Event) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	st, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var stored []store.NewEvent
	for _, e := range events {
		data, err := incident.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, store.NewEvent{Type: incident.EventType(e), TypeVersion: incident.EventVersion, At: time.Now(), Data: data})
	}
	if err := st.Append(t.Context(), store.Write{Stream: "incident/INC-1", Events: stored}); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// What an incident's ids stand for can be read from the state, whole, also what only an earlier look had.
func TestEvidenceInTheTerminal(t *testing.T) {
	newer := commandstest.Founding()
	newer.At, newer.Evidence = newer.At.Add(time.Hour), newer.Evidence[:3]
	state := kept(t, incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: "a", Title: "down"}},
		incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.StoryTold{Story: *commandstest.Story()},
		incident.DiagnosisMade{Diagnosis: *newer})
	for line, c := range map[string]struct {
		exit int
		says string
	}{
		"evidence INC-1":         {0, "One whole: paramedic evidence INC-1 E1."},
		"evidence inc-1 e4 c1":   {0, "/var/lib/rancher/k3s/agent/etc/cni/net.d"},
		"evidence INC-1 E4":      {0, "since then it has changed or gone"},
		"evidence INC-1 E99":     {2, "INC-1 has never had E99."},
		"evidence INC-9 E1":      {1, "no incident INC-9"},
		"evidence INC-1 nothing": {2, "is no id"},
		"evidence":               {2, ""},
		"incidents INC-1":        {0, "→ The evidence: evidence INC-1"},
	} {
		var stdout, stderr bytes.Buffer
		exit := cli.Run(t.Context(), "test", append(strings.Fields("paramedic "+line), "--state", state), &stdout, &stderr)
		if exit != c.exit || !strings.Contains(stdout.String(), c.says) {
			t.Errorf("%s: exit %d, want %d; %q: %s%s", line, exit, c.exit, c.says, stdout.String(), stderr.String())
		}
	}
	var stdout, stderr bytes.Buffer
	cli.Run(t.Context(), "test", []string{"paramedic", "evidence", "INC-1", "E4", "F2", "-o", "json", "--state", state}, &stdout, &stderr)
	var got []commands.Piece
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil || len(got) != 2 {
		t.Fatalf("%v: %s%s", err, stdout.String(), stderr.String())
	}
	if got[0].Evidence == nil || got[0].Look != 1 || got[0].Newest || got[1].Finding == nil || got[1].Look != 2 || !got[1].Newest {
		t.Errorf("%+v", got)
	}
}
