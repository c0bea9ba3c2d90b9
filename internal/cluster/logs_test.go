package cluster

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Of logs that somebody asks about it is told once for each reason that they can't be read, and nothing is switched off by it; what nobody
// asks about is not missed, nor is the log of an instance before that was thrown away.
func TestLogsAskedForThatCantBeReadAreTold(t *testing.T) {
	answers := map[string]http.HandlerFunc{"/api/v1/namespaces/shop/pods/ok/log": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("started\n"))
	}}
	gone := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","message":"no","code":404}`))
	}
	answers["/api/v1/namespaces/shop/pods/gone/log"] = gone
	wants := func(asked bool, names ...string) (out []snapshot.LogWanted) {
		for _, n := range names {
			out = append(out, snapshot.LogWanted{Pod: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: n}}, Container: "main",
				Bytes: 1000, Well: true, Asked: asked})
		}
		return out
	}
	r, s := stub(t, answers), &snapshot.Snapshot{}
	before := wants(true, "gone")
	before[0].Previous = true
	r.LookCloser(t.Context(), s, slices.Concat(wants(true, "ok", "gone", "secret-1", "secret-2"), before), nil)
	slices.SortFunc(s.NotSeen, func(a, b incident.NotSeen) int { return strings.Compare(a.What, b.What) })
	want := []incident.NotSeen{
		{What: "logs of 2 containers that look well", Why: "forbidden: grant the bot get on pods/log (deploy/kubernetes/rbac.yaml)"},
		{What: "the log of 1 container that looks well", Why: "there is no log any more"}}
	if diff := cmp.Diff(want, s.NotSeen); diff != "" || len(s.Logs) != 1 {
		t.Errorf("%d logs; -want +got:\n%s", len(s.Logs), diff)
	}
	s = &snapshot.Snapshot{}
	if r.LookCloser(t.Context(), s, wants(false, "gone", "secret-1"), nil); len(s.NotSeen) > 0 {
		t.Errorf("missed, and nobody asked: %v", s.NotSeen)
	}
}
