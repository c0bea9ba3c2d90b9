package demo

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// rig is a World, and the hands of whoever mends it.
type rig struct {
	*World
	t   *testing.T
	url string
	now time.Time
	cni []byte // as it was while all was well
}

const conflist = "10-lab.conflist"

func newRig(t *testing.T, pace Pace) *rig {
	t.Helper()
	healthy, err := Healthy()
	if err != nil {
		t.Fatal(err)
	}
	broken, err := Broken()
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWorld(healthy, broken, bundle.ServerOptions{}, t.TempDir(), pace)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.API.Close)
	server := httptest.NewServer(w.API)
	t.Cleanup(server.Close)
	r := &rig{World: w, t: t, url: server.URL, now: time.Now()}
	if r.cni, err = os.ReadFile(filepath.Join(w.node.cniDir, conflist)); err != nil {
		t.Fatal(err)
	}
	return r
}

// look lets the World look once, a second later than before.
func (r *rig) look() (well bool) {
	r.t.Helper()
	r.now = r.now.Add(time.Second)
	well, err := r.step(r.now)
	if err != nil {
		r.t.Fatal(err)
	}
	return well
}

// shows looks a few times, and demands that the World comes to rest at the scene.
func (r *rig) shows(want scene, after string) {
	r.t.Helper()
	for range 3 {
		r.look()
	}
	if r.scene != want {
		r.t.Errorf("after %s: %+v, want %+v", after, r.scene, want)
	}
}

func (r *rig) breaks() {
	r.t.Helper()
	if err := r.Break(); err != nil {
		r.t.Fatal(err)
	}
	r.shows(scene{}, "the break")
}

func (r *rig) request(method, path, body string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/merge-patch+json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		r.t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
}

func (r *rig) forwardTo(upstream string) {
	r.t.Helper()
	text, _, _ := unstructured.NestedString(r.API.Get(configMapsGVR, dnsNamespace, dnsName).Object, "data", "Corefile")
	text = strings.Replace(text, "forward . "+strings.Join(upstreams(text), " "), "forward . "+upstream, 1)
	r.request("PATCH", "/api/v1/namespaces/kube-system/configmaps/coredns", fmt.Sprintf(`{"data":{"Corefile":%q}}`, text))
}

func (r *rig) restart(at string) {
	r.t.Helper()
	r.request("PATCH", "/apis/apps/v1/namespaces/kube-system/deployments/coredns",
		fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":%q}}}}}`, at))
}

func (r *rig) restoreCNI(content []byte) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.node.cniDir, conflist), content, 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) loseCNI() {
	r.t.Helper()
	if err := os.Remove(filepath.Join(r.node.cniDir, conflist)); err != nil {
		r.t.Fatal(err)
	}
}

// until looks until all is well, and returns the scenes on the way.
func (r *rig) until() (scenes []scene) {
	r.t.Helper()
	for range 30 {
		well := r.look()
		if len(scenes) == 0 || scenes[len(scenes)-1] != r.scene {
			scenes = append(scenes, r.scene)
		}
		if well {
			return scenes
		}
	}
	r.t.Fatalf("not well; it went %+v", scenes)
	return nil
}

func TestOneRemedyOrTwoAreNotEnough(t *testing.T) {
	mend := map[string]func(*rig){
		"cni":     func(r *rig) { r.restoreCNI(r.cni) },
		"dns":     func(r *rig) { r.forwardTo("10.99.0.1") },
		"restart": func(r *rig) { r.restart("2026-01-01T00:00:00Z") },
	}
	for _, c := range []struct {
		done []string
		want scene
	}{
		{[]string{"cni"}, scene{Node: true}},
		{[]string{"dns"}, scene{}},
		{[]string{"restart"}, scene{}},
		{[]string{"dns", "restart"}, scene{}},
		{[]string{"cni", "dns"}, scene{Node: true}},
		{[]string{"restart", "cni"}, scene{Node: true}},
	} {
		t.Run(strings.Join(c.done, "+"), func(t *testing.T) {
			r := newRig(t, Pace{})
			r.breaks()
			for _, what := range c.done {
				mend[what](r)
			}
			r.shows(c.want, "these remedies")
			if !r.Broken() {
				t.Error("it is not broken any more")
			}
		})
	}
}

func TestWithEveryRemedyItGetsWellDNSFirst(t *testing.T) {
	r := newRig(t, Pace{Heal: 3 * time.Second})
	for round := range 3 { // as often as one likes
		r.breaks()
		r.restoreCNI(r.cni)
		r.forwardTo("10.99.0.1")
		r.restart(fmt.Sprintf("2026-01-01T00:00:0%dZ", round))
		went := r.until()
		want := []scene{{Node: true}}
		for n := range r.scenes.order {
			want = append(want, scene{Node: true, Healed: n + 1})
		}
		if fmt.Sprint(went) != fmt.Sprint(want) {
			t.Errorf("round %d went %v, want %v", round, went, want)
		}
		if r.scenes.order[0] != dnsNamespace {
			t.Errorf("%s gets well before DNS", r.scenes.order[0])
		}
		if at := restartedAt(r.API.Get(deploymentsGVR, dnsNamespace, dnsName)); at != fmt.Sprintf("2026-01-01T00:00:0%dZ", round) {
			t.Errorf("what a person wrote was lost: restarted at %q", at)
		}
		if r.Broken() {
			t.Error("still broken")
		}
	}
}

func TestWhatIsTakenBackIsMissingAgain(t *testing.T) {
	r := newRig(t, Pace{})
	r.breaks()
	r.restoreCNI(r.cni)
	r.shows(scene{Node: true}, "the CNI configuration")
	r.loseCNI()
	r.shows(scene{}, "its loss")
	r.forwardTo("10.99.0.1")
	r.forwardTo("127.0.0.53:53")
	r.restoreCNI([]byte("{half"))
	r.restart("2026-01-01T00:00:00Z")
	r.shows(scene{}, "half a file")
	r.restoreCNI([]byte(`{"cniVersion":"1.0.0","name":"other","plugins":[{"type":"ptp"}]}`))
	r.shows(scene{Node: true}, "another configuration that a runtime can use")
	r.forwardTo("9.9.9.9 149.112.112.112")
	r.until()
}

func TestDeletingThePodsOfDNSRestartsIt(t *testing.T) {
	r := newRig(t, Pace{})
	r.breaks()
	for _, p := range failing(r.scenes.broken) {
		if isDNS(p) {
			r.request("DELETE", "/api/v1/namespaces/kube-system/pods/"+p.GetName(), "")
		}
	}
	r.look()
	r.forwardTo("10.99.0.1")
	r.restoreCNI(r.cni)
	r.until()
}

func TestANodeThatLosesItsCNIConfigurationWhileAllIsWellIsNotReady(t *testing.T) {
	r := newRig(t, Pace{})
	r.loseCNI()
	r.shows(scene{Healed: len(r.scenes.order)}, "the loss")
	if err := r.Break(); err == nil {
		t.Error("what is broken was broken again")
	}
	r.restoreCNI(r.cni)
	r.until()
	r.breaks()
}

func TestTheServiceSaysOfTheNightWhenItWas(t *testing.T) {
	r := newRig(t, Pace{})
	before, err := os.ReadFile(r.node.log)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	r.breaks()
	log, err := os.ReadFile(r.node.log)
	if err != nil {
		t.Fatal(err)
	}
	night := strings.TrimPrefix(string(log), string(before))
	if !strings.Contains(night, "Starting k3s auto-update") || !strings.Contains(night, "Failed to apply CNI configuration") {
		t.Errorf("the log says %q", night)
	}
	m := logTime.FindStringSubmatch(night)
	if m == nil {
		t.Fatalf("no time in %q", night)
	}
	at, err := time.Parse(time.RFC3339, m[1])
	if ago := start.Sub(at); err != nil || ago < 0 || ago > 10*time.Minute {
		t.Errorf("the night was %s ago (%v); the replay begins minutes after it", ago, err)
	}
	lost := ready(t, r.API.Get(nodesGVR, "", "leveling-pc"))
	if lost.Before(at.Add(-time.Second)) { // Kubernetes' times are whole seconds
		t.Errorf("the node was lost at %s, before the update at %s", lost, at)
	}
}

// ready is when a node's readiness last changed.
func ready(t *testing.T, n *unstructured.Unstructured) time.Time {
	t.Helper()
	conditions, _, _ := unstructured.NestedSlice(n.Object, "status", "conditions")
	for _, c := range conditions {
		c := c.(map[string]any)
		if c["type"] != "Ready" {
			continue
		}
		at, err := time.Parse(time.RFC3339, c["lastTransitionTime"].(string))
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	t.Fatal("the node does not say whether it is ready")
	return time.Time{}
}

func TestLoops(t *testing.T) {
	for corefile, want := range map[string]bool{
		"forward . 127.0.0.1":                             true,
		"    forward . 127.0.0.1:53 {\n  max_fails 1\n }": true,
		"forward . [::1]:53":                              true,
		"forward . dns://127.0.0.53":                      true,
		"forward . 10.99.0.1 127.0.0.1":                   true,
		"forward . 10.99.0.1":                             false,
		"forward . /etc/resolv.conf {\n}":                 false,
		"# forward . 127.0.0.1":                           false,
		"":                                                false,
	} {
		if got := loops(corefile); got != want {
			t.Errorf("%q loops: %v, want %v", corefile, got, want)
		}
	}
}
