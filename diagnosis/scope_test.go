package diagnosis

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func answer(s *snapshot.Snapshot, namespace, words string) (*incident.Diagnosis, error) {
	asked := incident.Asked{Namespace: namespace}
	if words != "" {
		asked.Words = strings.Split(words, "/")
	}
	return Examine(s).Answer(Resolve(s, asked))
}

// Of an ill cluster, what is asked about gets its own trouble and the root of it, by whatever name it goes.
func TestWhatIsAskedAboutIsAnswered(t *testing.T) {
	for words, c := range map[string]struct {
		causes  []string
		finding string // one that must be there; empty: none is
		looked  string // what was looked at, in part
	}{
		"deployment/monitoring/grafana":          {[]string{"DNSLoop"}, "PodCrashLoop", "1 pod, 1 workload"},
		"deploy/grafana":                         {[]string{"DNSLoop"}, "PodCrashLoop", "1 pod"},
		"Deployments/grafana":                    {[]string{"DNSLoop"}, "PodCrashLoop", "1 pod"},
		"deployments.apps/grafana":               {[]string{"DNSLoop"}, "PodCrashLoop", "1 pod"},
		"monitoring/grafana":                     {[]string{"DNSLoop"}, "ServicePodsUnready", "1 pod, 1 workload, 1 service"},
		"grafana":                                {[]string{"DNSLoop"}, "ServicePodsUnready", "1 pod, 1 workload, 1 service"},
		"po/monitoring/grafana-6fbc7f545c-dkq55": {[]string{"DNSLoop"}, "PodCrashLoop", "1 pod"},
		"svc/monitoring/grafana":                 {[]string{"DNSLoop"}, "ServicePodsUnready", "1 pod, 1 service"},
		"no/leveling-pc":                         {[]string{"NodeCNIMissing"}, "NodeNotReady", "1 node"},
		"cm/kube-system/coredns":                 {[]string{"DNSLoop"}, "DNSLoop", ""},
		"ns/ollama":                              {[]string{"DNSLoop"}, "PodCrashLoop", "pods"},
		"deployment/convocanvas/redis":           {nil, "", "1 workload"},
	} {
		t.Run(words, func(t *testing.T) {
			s := snapshotOf(t, "testdata/founding.txtar")
			whole := Diagnose(s, Scope{})
			d, err := answer(s, "", words)
			if err != nil {
				t.Fatal(err)
			}
			var causes []string
			for _, x := range d.Causes {
				causes = append(causes, x.Code)
			}
			if !slices.Equal(causes, c.causes) {
				t.Errorf("causes %v, want %v", causes, c.causes)
			}
			if has := slices.ContainsFunc(d.Findings, func(x incident.Finding) bool { return x.Code == c.finding }); has != (c.finding != "") {
				t.Errorf("findings %v, want %q among them", d.Findings, c.finding)
			}
			if got := strings.Join(d.Looked, ", "); !strings.Contains(got, c.looked) {
				t.Errorf("looked at %s, want %s", got, c.looked)
			}
			for _, x := range d.Findings {
				for _, id := range x.Evidence {
					if d.EvidenceByID(id) == nil {
						t.Errorf("%s cites %s, which was left out", x.ID, id)
					}
				}
			}
			if len(d.Findings) >= len(whole.Findings) || len(whole.Causes[0].Explains) < 30 {
				t.Error("nothing was left out")
			}
		})
	}
}

// shops is a well cluster: three namespaces, one of them empty, with a web in two of them.
const shops = `
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {conditions: [{type: Ready, status: "True"}]}
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: prod}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: bare}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: prod}
spec: {replicas: 0, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: web:1}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout, namespace: shop}
spec: {replicas: 0, selector: {matchLabels: {app: checkout}}, template: {metadata: {labels: {app: checkout}}, spec: {containers: [{name: c, image: web:1}]}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: shop}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: tls, namespace: shop}
`

// What does not exist, is not looked at, or could not be seen, is never called well.
func TestNothingIsSaidOfWhatIsNotThere(t *testing.T) {
	blind := func(what ...incident.Resource) []incident.NotSeen {
		var out []incident.NotSeen
		for _, r := range what {
			out = append(out, incident.NotSeen{What: "what people call " + string(r), Why: "forbidden", Resources: []incident.Resource{r}})
		}
		return out
	}
	together := []incident.NotSeen{{What: "much", Why: "forbidden", Resources: []incident.Resource{"leases.coordination.k8s.io", "nodes",
		"roles.rbac.authorization.k8s.io"}}}
	for name, c := range map[string]struct {
		namespace, words string
		hide             func(*snapshot.Snapshot)
		want             string // the error; empty: an answer
		unseen           string // of an answer: what it could not look at
	}{
		"a cluster":                      {},
		"a namespace":                    {namespace: "shop"},
		"an empty namespace":             {namespace: "bare"},
		"a namespace by its kind":        {words: "ns/prod"},
		"a mistyped namespace":           {namespace: "shp", want: "There is no namespace shp. Did you mean shop?"},
		"a namespace in the wrong case":  {namespace: "Shop", want: "There is no namespace Shop. Did you mean shop?"},
		"a namespace like no other":      {namespace: "xyzzy", want: "There is no namespace xyzzy."},
		"an object":                      {words: "deployment/prod/web"},
		"an object anywhere":             {words: "deploy/web"},
		"a name":                         {words: "web"},
		"a name in a namespace":          {words: "prod/web"},
		"the name of a namespace":        {words: "bare"},
		"a node, whatever the namespace": {words: "node/n1", namespace: "shop"},
		"a custom kind":                  {words: "certificates/tls", namespace: "shop"},
		"a custom kind with its group":   {words: "certificate.cert-manager.io/tls"},
		"a name of a lesser kind":        {words: "settings"},
		"a mistyped name": {words: "deployment/chekout", namespace: "shop",
			want: "There is no Deployment chekout in namespace shop. Did you mean deployment/checkout?"},
		"a mistyped name anywhere": {words: "deployment/chekout",
			want: "There is no Deployment chekout. Did you mean deployment/shop/checkout?"},
		"a name in the wrong case": {words: "deployment/Web", namespace: "prod",
			want: "There is no Deployment Web in namespace prod. Did you mean deployment/web?"},
		"an object of elsewhere": {words: "deployment/web", namespace: "shop",
			want: "There is no Deployment web in namespace shop; there is one in prod."},
		"another kind of the name": {words: "sts/prod/web",
			want: "There is no StatefulSet web in namespace prod. Did you mean deployment/web?"},
		"a pod that is gone": {words: "pod/prod/web-5d4f8-x2x4z",
			want: "There is no Pod web-5d4f8-x2x4z in namespace prod. Did you mean deployment/web?"},
		"an object of no namespace":  {words: "deployment/web", namespace: "pord", want: "There is no namespace pord. Did you mean prod?"},
		"a mistyped node":            {words: "node/n2", want: "There is no Node n2. Did you mean node/n1?"},
		"neither kind nor namespace": {words: "foo/bar", want: "“foo” is not a kind that Paramedic knows, nor a namespace that it sees."},
		"a mistyped kind": {words: "deploymnt/web",
			want: "“deploymnt” is not a kind that Paramedic knows, nor a namespace that it sees. Did you mean deployment/web?"},
		"a mistyped kind of three": {words: "deploymnt/prod/web",
			want: "“deploymnt” is not a kind that Paramedic knows. Did you mean deployment/prod/web?"},
		"a mistyped bare name": {words: "chekout", want: "There is nothing named chekout. Did you mean deployment/shop/checkout?"},
		"a kind that is not looked at": {words: "priorityclass/high",
			want: "Nothing is known of PriorityClass high: Paramedic does not look at priorityclasses."},
		"a Secret, unread": {words: "secret/shop/db",
			want: "Nothing is known of Secret db in namespace shop: Paramedic does not look at secrets."},
		"a Secret, read": {words: "secret/shop/db", hide: func(s *snapshot.Snapshot) { s.SecretsSeen = true },
			want: "There is no Secret db in namespace shop."},
		"a cluster whose pods are not seen":  {hide: func(s *snapshot.Snapshot) { s.NotSeen = blind("pods") }, unseen: "pods"},
		"a cluster whose nodes are not seen": {hide: func(s *snapshot.Snapshot) { s.Nodes, s.NotSeen = nil, blind("nodes") }, unseen: "nodes"},
		"a namespace needs no nodes":         {namespace: "shop", hide: func(s *snapshot.Snapshot) { s.Nodes, s.NotSeen = nil, blind("nodes") }},
		"what matters less is not missed": {hide: func(s *snapshot.Snapshot) {
			s.NotSeen = append(blind("leases.coordination.k8s.io", incident.HostFiles, incident.PodLogs),
				incident.NotSeen{What: "pods, nodes", Why: "words alone say nothing"})
		}},
		"a workload whose pods are not seen": {words: "deployment/prod/web", hide: func(s *snapshot.Snapshot) { s.NotSeen = blind("pods") },
			unseen: "pods"},
		"kinds listed together": {words: "node/n1", hide: func(s *snapshot.Snapshot) { s.NotSeen = together }, unseen: "nodes"},
		"a kind that may not be seen": {words: "deployment/shop/web", hide: func(s *snapshot.Snapshot) {
			s.Deployments, s.NotSeen = nil,
				blind("*.apps")
		},
			want: "Nothing was seen of Deployment web in namespace shop: deployments could not be looked at (forbidden)."},
		"a kind by its full name": {words: "deployment/shop/web", hide: func(s *snapshot.Snapshot) {
			s.Deployments, s.NotSeen = nil,
				blind("deployments.apps")
		},
			want: "Nothing was seen of Deployment web in namespace shop: deployments could not be looked at (forbidden)."},
		"pods of another group": {hide: func(s *snapshot.Snapshot) { s.NotSeen = blind("pods.metrics.k8s.io") }},
		"a custom kind, partly seen": {words: "certificate/shop/nope",
			hide: func(s *snapshot.Snapshot) { s.NotSeen = blind("*.cert-manager.io") },
			want: "Nothing was seen of Certificate nope in namespace shop: certificates could not be looked at (forbidden)."},
		"a custom kind, none seen": {words: "kafka/k", hide: func(s *snapshot.Snapshot) { s.NotSeen = blind(incident.CustomResources) },
			want: "“kafka” is not a kind that Paramedic knows, nor a namespace that it sees; what people call customresources could not be looked " +
				"at (forbidden)."},
		"a namespace, namespaces unseen": {namespace: "shop", hide: func(s *snapshot.Snapshot) {
			s.Namespaces, s.NotSeen = nil,
				blind("namespaces")
		}},
		"an unknown namespace, namespaces unseen": {namespace: "shp", hide: func(s *snapshot.Snapshot) {
			s.Namespaces, s.NotSeen = nil,
				blind("namespaces")
		},
			want: "Nothing was seen in namespace shp, and whether there is one is not known: namespaces could not be looked at (forbidden)."},
		"another namespace than the one looked at": {namespace: "prod", hide: func(s *snapshot.Snapshot) {
			s.Namespace, s.Namespaces = "shop",
				nil
			s.Deployments = nil
		},
			want: "Nothing was seen of namespace prod: only namespace shop was looked at."},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), []byte(shops))
			if err != nil {
				t.Fatal(err)
			}
			if c.hide != nil {
				c.hide(s)
				s.Index()
			}
			d, err := answer(s, c.namespace, c.words)
			if c.want != "" {
				var none *incident.NoAnswer
				if !errors.As(err, &none) || none.Error() != c.want {
					t.Errorf("got %v, want %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var unseen []string
			for _, n := range d.Scope.Unseen {
				unseen = append(unseen, n.What)
			}
			if d.Wrong() || strings.Join(unseen, " ") != c.unseen {
				t.Errorf("wrong %v, unseen %v; want %q", d.Wrong(), unseen, c.unseen)
			}
		})
	}
}

// What is missing exists only in the trouble that it makes: who asks about it hears of that.
func TestWhatIsMissedIsToldOf(t *testing.T) {
	s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), []byte(shops+`---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: shop, creationTimestamp: "2026-01-02T09:00:00Z"}
spec: {nodeName: n1, containers: [{name: c, image: web:1, envFrom: [{configMapRef: {name: lost}}]}]}
status:
  phase: Pending
  containerStatuses: [{name: c, image: web:1, imageID: "", restartCount: 0, ready: false, state: {waiting: {reason: CreateContainerConfigError, message: 'configmap "lost" not found'}}}]
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"configmap/shop/lost", "cm/lost", "lost"} {
		d, err := answer(s, "", words)
		if err != nil || !d.Wrong() {
			t.Errorf("%s: %v", words, err)
			continue
		}
		if want := []incident.Object{snapshot.ObjectOf("ConfigMap", "shop", "lost")}; !slices.Equal(d.Scope.Objects, want) {
			t.Errorf("%s: the answer is about %v, want %v", words, d.Scope.Objects, want)
		}
	}
	if d, err := answer(s, "", "configmap/prod/lost"); err == nil {
		t.Errorf("nothing misses it there, yet: %v", d.Scope)
	}
}

// What was looked at is what lay in the scope.
func TestOnlyWhatLiesInTheScopeIsCounted(t *testing.T) {
	s := snapshotOf(t, "testdata/founding.txtar")
	pods := 0
	for i := range s.Pods {
		if s.Pods[i].Namespace == "ollama" {
			pods++
		}
	}
	d, err := answer(s, "ollama", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(d.Looked, ", "); pods == len(s.Pods) || strings.Contains(got, "node") || strings.Contains(got, "host") {
		t.Errorf("looked at %s", got)
	}
	if d.Scope.String() != "namespace ollama" {
		t.Errorf("the scope is %q", d.Scope)
	}
}
