package snapshot

import (
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

const web = `
apiVersion: v1
kind: Pod
metadata: {name: web-2, namespace: shop, labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-abc, uid: u1, controller: true}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop, labels: {app: web}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-abc, namespace: shop, uid: u1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: u0, controller: true}]}
---
apiVersion: paramedic
kind: Log
namespace: shop
pod: web-2
container: main
previous: true
text: "panic: no"
`

func TestIndexes(t *testing.T) {
	s, err := FromManifests(time.Unix(0, 0), []byte(web))
	if err != nil {
		t.Fatal(err)
	}
	pods := s.PodsSelected("shop", map[string]string{"app": "web"})
	if len(pods) != 2 || pods[0].Name != "web-1" {
		t.Errorf("selected %v, want web-1 and web-2 in this order", pods)
	}
	if got := s.PodsSelected("shop", nil); got != nil {
		t.Errorf("an empty selector matched %v", got)
	}
	if got, want := s.WorkloadOf(s.Pod("shop", "web-2")), ObjectOf("Deployment", "shop", "web"); got != want {
		t.Errorf("web-2 belongs to %v, want %v", got, want)
	}
	if got, want := s.WorkloadOf(s.Pod("shop", "web-1")), (incident.Object{Kind: "Pod", Namespace: "shop", Name: "web-1"}); got != want {
		t.Errorf("web-1 belongs to %v, want %v", got, want)
	}
	if l := s.Log("shop", "web-2", "main", true); l == nil || l.Text != "panic: no" {
		t.Errorf("log %v", l)
	}
	if s.Log("shop", "web-2", "main", false) != nil {
		t.Error("a log that was not read was found")
	}
}

func TestManifestsAreStrict(t *testing.T) {
	for name, c := range map[string]struct{ doc, want string }{
		"a field misspelt": {"apiVersion: v1\nkind: Pod\nmetadata: {nam: x}", "nam"},
		"a kind unknown":   {"apiVersion: v2\nkind: Pod", "not a kind"},
		"ours unknown":     {"apiVersion: paramedic\nkind: Lock", "not one of"},
	} {
		if _, err := FromManifests(time.Time{}, []byte(c.doc)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
}
