package eval_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

var (
	web     = incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}
	nodeOne = incident.Object{Kind: "Node", Name: "n1"}
)

// lostCNI is what a whole look finds: a node without CNI configuration, seen in its status and in its files, and a pod that waits for it.
func lostCNI() *incident.Diagnosis {
	return &incident.Diagnosis{
		Causes: []incident.Cause{{ID: "C1", Code: "NodeCNIMissing", Title: "n1 has lost it", Confidence: incident.Certain,
			Objects:  []incident.Object{nodeOne},
			Explains: []string{"F1", "F2"}, Evidence: []string{"E1", "E2", "E3"}}},
		Findings: []incident.Finding{
			{ID: "F1", Code: "NodeCNIMissing", Severity: incident.Critical, Object: nodeOne},
			{ID: "F2", Code: "PodCreating", Severity: incident.Warning, Object: web, RestsOn: []incident.Resource{"leases.coordination.k8s.io"}},
		},
		Evidence: []incident.Evidence{
			{ID: "E1", Source: incident.SourceAPI, Object: nodeOne},
			{ID: "E2", Source: incident.SourceHost, Object: nodeOne},
			{ID: "E3", Source: incident.SourceEvent, Object: web},
		},
	}
}

// badImage is all seen in one namespace.
func badImage() *incident.Diagnosis {
	pod := incident.Object{Kind: "Pod", Namespace: "shop", Name: "web-1"}
	d := first("PodImage", incident.Certain, web)
	d.Causes[0].Evidence = []string{"E1", "E2"}
	d.Evidence = []incident.Evidence{{ID: "E1", Source: incident.SourceAPI, Object: pod}, {ID: "E2", Source: incident.SourceLog, Object: pod}}
	return d
}

func first(code string, confidence incident.Confidence, o incident.Object) *incident.Diagnosis {
	return &incident.Diagnosis{
		Causes:   []incident.Cause{{ID: "C1", Code: code, Confidence: confidence, Objects: []incident.Object{o}, Explains: []string{"F1"}}},
		Findings: []incident.Finding{{ID: "F1", Code: code, Severity: incident.Critical, Object: o}},
	}
}

func nothing(notSeen ...string) *incident.Diagnosis {
	d := &incident.Diagnosis{}
	for _, w := range notSeen {
		d.NotSeen = append(d.NotSeen, incident.NotSeen{What: w, Why: "forbidden"})
	}
	return d
}

// viewer may list what the ClusterRole view shows: no nodes.
var viewer = map[string]bool{"pods": true, "events": true, "deployments": true, "services": true}

func TestFourWaysOfLooking(t *testing.T) {
	cni := eval.Case{Name: "live/network/cni-lost", Root: []eval.Root{{Object: "Node/n1"}}}
	image := eval.Case{Name: "live/pods/image", Root: []eval.Root{{Object: "Deployment/shop/web"}}, Also: []string{"Deployment/shop/old"}}
	class := image
	class.Needs = []string{"ingressclasses"}
	quiet := eval.Case{Name: "live/quiet/healthy"}
	without, asViewer := eval.Sight{Way: eval.WithoutHost}, eval.Sight{Way: eval.AsViewer, May: viewer}
	alone := func(ns string) eval.Sight { return eval.Sight{Way: eval.ByNamespace, Namespace: ns} }
	old := incident.Object{Kind: "Deployment", Namespace: "shop", Name: "old"}
	told := func(title string) *incident.Diagnosis {
		d := badImage()
		d.Causes[0].Title = title
		return d
	}
	custom := first("AppDegraded", incident.Certain, incident.Object{Kind: "Application", Namespace: "shop", Name: "a"})
	for name, c := range map[string]struct {
		c        eval.Case
		whole, d *incident.Diagnosis
		sight    eval.Sight
		same     bool
		hidden   string
		wrong    string // part of; empty: the answer can stand
	}{
		"the same":                      {image, badImage(), badImage(), asViewer, true, "", ""},
		"the same with less confidence": {image, badImage(), first("PodImage", incident.Possible, web), asViewer, true, "", ""},
		"all is in sight, and nothing found": {image, badImage(), nothing("nodes"), asViewer, false, "",
			"all the evidence is in sight, and the first cause is not PodImage of Deployment/shop/web, certain"},
		"all is in sight, and another code": {image, badImage(), first("PodPending", incident.Possible, web), without, false, "",
			"all the evidence is in sight"},
		"all is in sight, and another object": {image, badImage(), first("PodImage", incident.Possible, old), without, false, "",
			"all the evidence is in sight"},
		"all is in sight, and other words": {image, told("no node has the label gpu"), told("0/3 nodes are available: 3 node(s) di"),
			without, true, "", "instead of"},
		"all is in sight, and another count": {image, told("restarted 7 times in 5m"), told("restarted 8 times in 310s"), without, true,
			"", ""},
		"what is absent may not be listed": {class, badImage(), nothing("ingressclasses"), asViewer, false, "ingressclasses", ""},
		"its own namespace":                {image, badImage(), badImage(), alone("shop"), true, "", ""},
		"a namespace that it does not touch": {image, badImage(), nothing(), alone("other"), false,
			"nothing that it explains lies in other", ""},
		"a namespace that suffers from a node": {cni, lostCNI(), lostCNI(), alone("shop"), true, "the node's files", ""},
		"files hidden, and seen all the same": {cni, lostCNI(), first("NodeCNIMissing", incident.Certain, nodeOne), without, true,
			"the node's files", ""},
		"nodes hidden, the symptom possible": {cni, lostCNI(), first("PodCreating", incident.Possible, web), asViewer, false,
			"nodes, the node's files", ""},
		"nodes hidden, the symptom certain": {cni, lostCNI(), first("PodCreating", incident.Certain, web), asViewer, false,
			"nodes, the node's files", "certain, and wrong"},
		"nodes hidden, nothing wrong, which is said": {cni, lostCNI(), nothing("nodes"), asViewer, false, "nodes, the node's files", ""},
		"nodes hidden, nothing wrong, and not why": {cni, lostCNI(), nothing(), asViewer, false, "nodes, the node's files",
			"it says that nothing is wrong"},
		"hidden, and certain of what may be named": {image, lostCNI(), first("PodImage", incident.Certain, old), asViewer, false,
			"nodes, the node's files", ""},
		"a custom resource is not for every viewer":  {image, custom, nothing("custom resources"), asViewer, false, "Application", ""},
		"a custom resource is for the administrator": {image, custom, nothing(), without, false, "", "all the evidence is in sight"},
		"the whole look knows nothing":               {image, nothing(), nothing(), without, false, "", "the whole look names no cause"},
		"quiet":                                      {quiet, nothing(), nothing(), without, true, "", ""},
		"quiet for the whole, and loud for the viewer": {quiet, nothing(), first("PodPending", incident.Possible, web), asViewer, false, "",
			"PodPending Deployment/shop/web"},
	} {
		t.Run(name, func(t *testing.T) {
			got := eval.Compare(c.c, c.whole, c.d, c.sight)
			if got.Same != c.same || strings.Join(got.Hidden, ", ") != c.hidden {
				t.Errorf("same %v, hidden %v", got.Same, got.Hidden)
			}
			if c.wrong == "" != (got.Wrong == "") || !strings.Contains(got.Wrong, c.wrong) {
				t.Errorf("wrong: %q, want %q", got.Wrong, c.wrong)
			}
		})
	}
}

// One way that disagrees fails the case, and the table shows which, and what the others said.
func TestViewsAreToldInATable(t *testing.T) {
	c := eval.Case{Name: "live/network/cni-lost", Root: []eval.Root{{Object: "Node/n1"}}}
	r := eval.Result{Verdict: eval.Judge(c, lostCNI()), Fault: "network/cni", Live: true, Views: []eval.View{
		eval.Compare(c, lostCNI(), lostCNI(), eval.Sight{Way: eval.WithHost, Host: true}),
		eval.Compare(c, lostCNI(), first("NodeCNIMissing", incident.Likely, nodeOne), eval.Sight{Way: eval.WithoutHost}),
		eval.Compare(c, lostCNI(), nothing("nodes"), eval.Sight{Way: eval.AsViewer, May: viewer}),
		eval.Compare(c, lostCNI(), first("PodCreating", incident.Certain, web), eval.Sight{Way: eval.ByNamespace, Namespace: "shop"}),
	}}
	want := `| case | with the host root | without the host root | with a viewer's rights | by its namespace alone |
|---|---|---|---|---|
| live/network/cni-lost | NodeCNIMissing of Node/n1, certain | the same, likely | no cause (not seen: nodes, the node's files) | PodCreating of Deployment/shop/web, certain (**differs**: certain, and wrong) |
`
	if diff := cmp.Diff(want, eval.Views([]eval.Result{r})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if r.Passed() || !strings.Contains(strings.Join(r.Amiss(), "\n"),
		"by its namespace alone: PodCreating of Deployment/shop/web, certain: certain, and wrong") {
		t.Errorf("passed %v: %v", r.Passed(), r.Amiss())
	}
	if board := eval.Score([]eval.Result{r}); board.Agree != (eval.Count{Yes: 2, Of: 3}) {
		t.Errorf("agree %+v", board.Agree)
	}
	if r.Views = r.Views[:3]; !r.Passed() {
		t.Errorf("three that agree: %v", r.Amiss())
	}
}
