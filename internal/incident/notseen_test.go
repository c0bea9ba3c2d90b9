package incident

import (
	"encoding/json"
	"testing"
)

// What older versions recorded is read as it was, and hides nothing; what is recorded now says its resource to programs.
func TestOldNotesAreReadAsTheyWere(t *testing.T) {
	var d Diagnosis
	if err := json.Unmarshal([]byte(`{"notSeen":[{"what":"files on the nodes","why":"no host root is configured"}]}`), &d); err != nil {
		t.Fatal(err)
	}
	n := d.NotSeen[0]
	if n.What != "files on the nodes" || n.Why != "no host root is configured" || n.Names("nodes") || n.Names(HostFiles) {
		t.Errorf("%+v", n)
	}
	if b, err := json.Marshal(n); err != nil || string(b) != `{"what":"files on the nodes","why":"no host root is configured"}` {
		t.Errorf("written again: %s, %v", b, err)
	}
	n = NotSeen{What: "logs", Why: "x", Resources: []Resource{PodLogs}, Where: Object{Kind: "Node", Name: "n1"}}
	b, err := json.Marshal(n)
	var back NotSeen
	if err != nil || json.Unmarshal(b, &back) != nil || back.Compare(n) != 0 || back.Where != n.Where {
		t.Errorf("%s, %v, %+v", b, err, back)
	}
}

func TestNotesNameResources(t *testing.T) {
	for _, c := range []struct {
		of   Resource
		is   Resource
		want bool
	}{
		{"pods", "pods", true},
		{"pods", "pods/log", false},
		{"deployments.apps", "deployments.apps", true},
		{"deployments.apps", "deployments.example.com", false},
		{"*.example.com", "widgets.example.com", true},
		{"*.example.com", "widgets.sub.example.com", false},
		{"services.example.com", "services", false},
		{HostFiles, "nodes", false},
	} {
		if got := (NotSeen{Resources: []Resource{c.of}}).Names(c.is); got != c.want {
			t.Errorf("a note about %s is about %s: %v", c.of, c.is, got)
		}
	}
}

// A note covers another that says no more than it: of the same resources, within the same place. Counts and reasons don't matter.
func TestNotesCoverOthers(t *testing.T) {
	node := func(name string, of ...Resource) NotSeen {
		return NotSeen{What: "3 of " + name, Resources: of, Where: Object{Kind: "Node", Name: name}}
	}
	everywhere := NotSeen{What: "logs", Resources: []Resource{PodLogs, "events"}}
	for name, c := range map[string]struct {
		before, now NotSeen
		want        bool
	}{
		"the same, counted otherwise": {node("n1", PodLogs), NotSeen{What: "9 of n1", Why: "late", Resources: []Resource{PodLogs},
			Where: Object{Kind: "Node", Name: "n1"}}, true},
		"of another node":           {node("n1", PodLogs), node("n2", PodLogs), false},
		"everywhere, now of a node": {everywhere, node("n1", PodLogs), true},
		"of a node, now everywhere": {node("n1", PodLogs), everywhere, false},
		"of another resource":       {everywhere, NotSeen{What: "logs", Resources: []Resource{"pods"}}, false},
		"of more resources":         {NotSeen{Resources: []Resource{"events"}}, everywhere, false},
		"of all but a namespace, now all": {NotSeen{Resources: []Resource{"pods"}, Besides: []string{"shop"}},
			NotSeen{Resources: []Resource{"pods"}}, false},
		"recorded by an older version":     {NotSeen{What: "nodes"}, NotSeen{What: "nodes", Resources: []Resource{"nodes"}}, true},
		"of something else, by an old one": {NotSeen{What: "nodes"}, NotSeen{What: "pods", Resources: []Resource{"pods"}}, false},
	} {
		if got := c.before.Covers(c.now); got != c.want {
			t.Errorf("%s: covered: %v", name, got)
		}
	}
}
