package bundle

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func TestMoveText(t *testing.T) {
	for in, want := range map[string]string{
		"2025-10-02T23:59:30Z":                          "2025-10-03T00:01:00Z",
		"2025-10-02T23:59:30.123456Z":                   "2025-10-03T00:01:00.123456Z",
		"2025-10-02T23:59:30.000000001Z":                "2025-10-03T00:01:00.000000001Z",
		"2025-10-03T01:59:30+02:00":                     "2025-10-03T02:01:00+02:00",
		`{"ts":"2025-10-02T23:59:30Z","msg":"x"} again`: `{"ts":"2025-10-03T00:01:00Z","msg":"x"} again`,
		"2025-10-02 23:59:30":                           "2025-10-02 23:59:30",
		"2025-13-45T23:59:30Z":                          "2025-13-45T23:59:30Z",
		"9999-12-31T23:59:59Z":                          "9999-12-31T23:59:59Z",
		"":                                              "",
	} {
		if got := moveText(in, later(90*time.Second)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// FuzzPatch: whatever a patch says, it is applied or refused; it never takes the server down, and never touches the object itself.
func FuzzPatch(f *testing.F) {
	const object = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x","labels":{"a":"b"}},"spec":{"replicas":1,"template":{"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":1}],"env":[{"name":"a","value":"b"}]}]}}}}`
	kind := Kind{Group: "apps", Version: "v1", Resource: "deployments", Kind: "Deployment"}
	patchTypes := []types.PatchType{types.JSONPatchType, types.MergePatchType, types.StrategicMergePatchType}
	for i, p := range []string{
		`[{"op":"copy","from":"/spec","path":"/spec/x"},{"op":"move","from":"/metadata","path":"/m"},{"op":"remove","path":"/spec/template/spec/containers/-1"}]`,
		`{"metadata":null,"spec":{"replicas":{"a":[1]}}}`,
		`{"spec":{"template":{"spec":{"containers":[{"$patch":"delete","name":"c"},{"name":"d","ports":[{"containerPort":2,"$patch":"merge"}]}],"$setElementOrder/containers":[{"name":"d"}],"$retainKeys":["a"]}}}}`,
	} {
		f.Add([]byte(p), uint8(i))
	}
	f.Fuzz(func(t *testing.T, patch []byte, which uint8) {
		o, err := parseObject([]byte(object))
		if err != nil {
			t.Fatal(err)
		}
		before, _ := o.MarshalJSON()
		next, err := applyPatch(kind, o, patch, patchTypes[int(which)%len(patchTypes)])
		if err == nil {
			_, _, err = normalize(kind, next, "Strict")
		}
		if err != nil && asStatus(err).Status().Code >= 500 {
			t.Errorf("a bad patch is the client's fault, not the server's: %v", err)
		}
		if after, _ := o.MarshalJSON(); string(after) != string(before) {
			t.Errorf("the object that was patched changed itself: %s", after)
		}
	})
}
