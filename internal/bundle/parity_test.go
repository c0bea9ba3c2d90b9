package bundle_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// fixture is a cluster of the diagnosis' own tests: as a Snapshot, and as a bundle of the same.
type fixture struct {
	name string
	at   time.Time
	text string
}

// fixtures finds the diagnosis' fixtures, wherever they lie.
func fixtures(t testing.TB) []fixture {
	t.Helper()
	var out []fixture
	err := filepath.WalkDir(filepath.Join("..", "..", "diagnosis"), func(path string, e os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".txtar" {
			return err
		}
		a, err := txtar.ParseFile(path)
		if err != nil {
			return err
		}
		f := fixture{name: strings.TrimSuffix(filepath.Base(path), ".txtar")}
		for _, section := range a.Files {
			switch section.Name {
			case "at":
				if f.at, err = time.Parse(time.RFC3339, strings.TrimSpace(string(section.Data))); err != nil {
					return err
				}
			case "manifests.yaml":
				f.text = string(section.Data)
			}
		}
		away := strings.Contains(f.text, "kind: Away") // nobody takes a bundle of what does not answer
		if !f.at.IsZero() && f.text != "" && !away {
			out = append(out, f)
		}
		return nil
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("%d fixtures, %v", len(out), err)
	}
	return out
}

// bundle makes a bundle of what the fixture says.
func (f fixture) bundle(t testing.TB) (*bundle.Bundle, *snapshot.Snapshot) {
	t.Helper()
	s, err := snapshot.FromManifests(f.at, []byte(f.text))
	if err != nil {
		t.Fatal(err)
	}
	b := worldOf(t, f.at, "")
	b.Manifest.Cluster = bundle.Cluster{ServerVersion: s.ServerVersion}
	for _, part := range splitYAML("\n" + f.text) {
		o := object(t, part)
		if o.GetAPIVersion() == "paramedic" {
			continue
		}
		for _, k := range snapshot.Kinds { // by the type, for which a YAML "y" is a word
			if k.Name == o.GetKind() && k.GroupVersion().String() == o.GetAPIVersion() {
				k.Add(new(snapshot.Snapshot), func(typed any) error {
					if err := yaml.Unmarshal([]byte(part), typed); err != nil {
						return err
					}
					o.Object, err = runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
					return err
				})
			}
		}
		gvr, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
		b.Objects[gvr] = append(b.Objects[gvr], *o)
	}
	for _, l := range s.Logs {
		b.Logs[bundle.LogKey{Namespace: l.Namespace, Pod: l.Pod, Container: l.Container, Previous: l.Previous}] = []byte(l.Text)
	}
	b.Manifest.NotSeen = append(b.Manifest.NotSeen, s.NotSeen...)
	if b.Facts, err = json.Marshal(bundle.FactsOf(s)); err != nil {
		t.Fatal(err)
	}
	return b, s
}

// reopened is the bundle after the way through a file.
func reopened(t testing.TB, b *bundle.Bundle) *snapshot.Snapshot {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.tar.zst")
	if _, err := b.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	b, err := bundle.OpenAny(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// told is all that a diagnosis says, but for what was not looked at: a bundle says that in its own words.
func told(t testing.TB, s *snapshot.Snapshot, redact func(string) string) string {
	t.Helper()
	d := *diagnosis.Diagnose(s, diagnosis.Scope{})
	d.NotSeen, d.Cluster = nil, ""
	d.Evidence = slices.Clone(d.Evidence)
	for i := range d.Evidence {
		d.Evidence[i].Excerpt = redact(d.Evidence[i].Excerpt)
	}
	for i := range d.Findings {
		d.Findings[i].Title = redact(d.Findings[i].Title)
	}
	data, err := json.MarshalIndent(struct {
		incident.Diagnosis
	}{d}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A bundle says what the Snapshot says that it was made of, with all that is no object.
func TestABundleGivesTheSameDiagnosis(t *testing.T) {
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			b, s := f.bundle(t)
			if diff := cmp.Diff(told(t, s, asIs), told(t, reopened(t, b), asIs)); diff != "" {
				t.Errorf("-manifests +bundle:\n%s", diff)
			}
		})
	}
}

// The promise of check --bundle: what was captured of a cluster gives what a look at it gives, byte for byte.
func TestACaptureGivesTheSameDiagnosis(t *testing.T) {
	redact := redact.New().String
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			b, _ := f.bundle(t)
			_, config := serve(t, b, asCaptured)
			r, err := cluster.New(config(""), "lab")
			if err != nil {
				t.Fatal(err)
			}
			now := func() time.Time { return f.at }
			live, err := r.Look(t.Context(), cluster.LookOptions{Redact: redact, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			o := bundle.Options{ClusterName: "lab", Version: "test", Redact: redact, Now: now, Customs: live.Customs}
			if o.Facts, err = json.Marshal(bundle.FactsOf(live)); err != nil {
				t.Fatal(err)
			}
			captured, err := bundle.Capture(t.Context(), config(""), o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(told(t, live, redact), told(t, reopened(t, captured), redact)); diff != "" {
				t.Errorf("-live +captured:\n%s", diff)
			}
		})
	}
}

// A dump shows less than a capture. What is found in it is found in the whole, too: nothing that it lacks is taken for a fault.
func TestADumpAlarmsOfNothingElse(t *testing.T) {
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			b, s := f.bundle(t)
			known := map[string]bool{}
			for _, found := range diagnosis.Diagnose(s, diagnosis.Scope{}).Findings {
				known[found.Code+" "+found.Object.String()] = true
			}
			spaces := slices.Clone(allNamespaces)
			for _, list := range b.Objects {
				for _, o := range list {
					if ns := o.GetNamespace(); ns != "" && !slices.Contains(spaces, ns) {
						spaces = append(spaces, ns)
					}
				}
			}
			dir := folder(t, dumpOf(t, b, "json", spaces...))
			if err := os.Chtimes(filepath.Join(dir, "nodes.json"), f.at, f.at); err != nil {
				t.Fatal(err)
			}
			dump, err := bundle.OpenAny(dir, asIs)
			if err != nil {
				t.Fatal(err)
			}
			seen, err := dump.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range diagnosis.Diagnose(seen, diagnosis.Scope{}).Findings {
				if !known[found.Code+" "+found.Object.String()] && found.Severity.Rank() >= incident.Warning.Rank() {
					t.Errorf("%s %s %s: %s", found.Severity, found.Code, found.Object, found.Title)
				}
			}
		})
	}
}
