package snapshot

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func slimmed(t *testing.T, text string) map[string]any {
	t.Helper()
	var spec map[string]any
	if err := yaml.Unmarshal([]byte(text), &spec); err != nil {
		t.Fatal(err)
	}
	o := unstructured.Unstructured{Object: map[string]any{"apiVersion": "x.example/v1", "kind": "X", "spec": spec}}
	SlimCustom(&o)
	kept, _ := o.Object["spec"].(map[string]any)
	return kept
}

func TestSlimCustomKeepsSwitchesModesAndReferences(t *testing.T) {
	kept := slimmed(t, `
suspend: true
mtls: {mode: STRICT}
script: "`+strings.Repeat("x", 2000)+`"
chart: {spec: {sourceRef: {kind: GitRepository, name: fleet}}}
dependsOn: [{name: infra}, {name: base}]
`)
	want := map[string]any{"suspend": true, "mtls": map[string]any{"mode": "STRICT"},
		"chart":     map[string]any{"spec": map[string]any{"sourceRef": map[string]any{"kind": "GitRepository", "name": "fleet"}}},
		"dependsOn": []any{map[string]any{"name": "infra"}, map[string]any{"name": "base"}}}
	if !reflect.DeepEqual(kept, want) {
		t.Errorf("kept %v, not %v", kept, want)
	}
}

func TestSlimCustomKeepsReferencesOfASpecWithManySettings(t *testing.T) {
	var b strings.Builder
	for i := range 400 {
		fmt.Fprintf(&b, "setting%d: a value of some length\n", i)
	}
	b.WriteString("values:\n")
	for i := range 400 {
		fmt.Fprintf(&b, "  deep%d: a value of some length\n", i)
	}
	b.WriteString("chart: {spec: {sourceRef: {kind: GitRepository, name: fleet}}}\n")
	kept := slimmed(t, b.String())
	if name, _, _ := unstructured.NestedString(kept, "chart", "spec", "sourceRef", "name"); name != "fleet" {
		t.Errorf("the reference is lost: %v", kept["chart"])
	}
	raw, err := json.Marshal(kept)
	if err != nil || len(raw) > 3*(settingsKept+refsKept) {
		t.Errorf("%d bytes are kept (%v)", len(raw), err)
	}
	again := unstructured.Unstructured{Object: map[string]any{"apiVersion": "x.example/v1", "kind": "X", "spec": kept}}
	before := fmt.Sprint(kept)
	if SlimCustom(&again); fmt.Sprint(again.Object["spec"]) != before {
		t.Errorf("what was slimmed changes when it is slimmed again: %v, not %s", again.Object["spec"], before)
	}
}
