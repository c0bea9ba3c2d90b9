package trial

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

var into = flag.String("diagnoses", "", "write what every case is diagnosed as, whole, into this folder")

// TestDiagnosesAreWritten writes every case's diagnosis, with its trace and what second looks it asks for, where -diagnoses says. Before
// and after code is moved, the folders must be the same: go test ./internal/trial -run TestDiagnosesAreWritten -diagnoses /tmp/before.
func TestDiagnosesAreWritten(t *testing.T) {
	if *into == "" {
		t.Skip("-diagnoses says no folder")
	}
	all, err := eval.Load("../../diagnosis/eval/cases")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if !c.InProcess() {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			s, err := Look(c)
			if err != nil {
				t.Fatal(err)
			}
			x, blind := diagnosis.Examine(s), diagnosis.Examine(s.WithoutHosts())
			keep(t, c.Name, map[string]any{"diagnosis": x.Diagnose(diagnosis.Scope{Onset: c.Onset}), "probes": x.Probes(diagnosis.Scope{})})
			keep(t, c.Name+" without hosts", map[string]any{"diagnosis": blind.Diagnose(diagnosis.Scope{Onset: c.Onset}), "probes": blind.Probes(diagnosis.Scope{})})
			for _, n := range s.Namespaces {
				why := x.Diagnose(diagnosis.Resolve(s, incident.Asked{Namespace: n.Name}))
				keep(t, c.Name+" in "+n.Name, map[string]any{"diagnosis": why})
			}
		})
	}
}

func keep(t *testing.T, name string, what any) {
	t.Helper()
	data, err := json.MarshalIndent(what, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(*into, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*into, strings.ReplaceAll(name, "/", "_")+".json"), append(data, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}
