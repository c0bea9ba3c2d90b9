package control

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// GarbageStays is the code of objects that go on though what owned them is gone.
const GarbageStays = "GarbageStays"

var garbageCodes = []finding.Code{
	{Code: GarbageStays, Severity: incident.Warning, Detail: Garbage{},
		RestsOn: []incident.Resource{"deployments.apps", "jobs.batch"},
		Meaning: "Objects go on whose owner has been deleted: the pods of a Deployment or a Job that is there no more. The garbage " +
			"collector of " +
			"kube-controller-manager removes them within seconds, unless it does not work: it waits for each kind that there is to be listed.",
		Next: "Read the log of kube-controller-manager for the kind that it cannot list, and mend that; until then delete by hand what " +
			"should be " +
			"gone.",
		Example: "ReplicaSet web-7d9f goes on though its owner, Deployment web, is gone"},
}

// Garbage is the detail of GarbageStays.
type Garbage struct {
	Collector []incident.Object // the pods whose log says that nothing is collected
}

// collectorSays are the garbage collector's words while it does not work (pkg/controller/garbagecollector, client-go's shared informers).
var collectorSays = []string{"unable to sync caches for garbage collector", "dependency graph builder sync",
	"garbage controller monitor not synced"}

// orphan is an object whose owner is gone.
type orphan struct {
	object, owner incident.Object
	pods          []*corev1.Pod
	seen          incident.Evidence
}

// checkGarbage tells of what has outlived its owner, for each namespace: a suspicion, for the owner may be gone since this moment,
// unless the collector says itself that it does not work.
func checkGarbage(s *snapshot.Snapshot, r *finding.Report) {
	by := map[string][]orphan{}
	for _, x := range orphans(s) {
		by[x.object.Namespace] = append(by[x.object.Namespace], x)
	}
	said, of := collector(s)
	for i := range s.Namespaces {
		all := by[s.Namespaces[i].Name]
		if len(all) == 0 || s.Namespaces[i].DeletionTimestamp != nil {
			continue
		}
		first := all[0]
		more := ""
		if len(all) > 1 {
			more = finding.Inflect(len(all)-1, ", and %d more {object|objects} alike in namespace %s", len(all)-1, first.object.Namespace)
		}
		f := r.Find(GarbageStays, first.object, fmt.Sprintf("%s goes on though its owner, %s, is gone%s", finding.Short(first.object),
			finding.Short(first.owner), more))
		f.Workload = first.object
		for j, x := range all {
			for _, p := range x.pods {
				f.AddPod(p)
			}
			if f.Refs = append(f.Refs, x.object); j < finding.ShownPods {
				f.Cite(x.seen)
			}
		}
		f.Detail = Garbage{of}
		if f.Cite(said...); len(of) == 0 {
			f.Suspected()
		}
	}
}

// orphans are the ReplicaSets that want pods, and the pods, whose controller is of a kind that was seen whole and does not exist.
func orphans(s *snapshot.Snapshot) []orphan {
	there := map[incident.Object]bool{}
	for i := range s.Deployments {
		there[snapshot.ObjectOf("Deployment", s.Deployments[i].Namespace, s.Deployments[i].Name)] = true
	}
	for i := range s.Jobs {
		there[snapshot.ObjectOf("Job", s.Jobs[i].Namespace, s.Jobs[i].Name)] = true
	}
	seen := func(kind, ns string) bool {
		return kind == "Deployment" && s.SeenWhole(ns, "deployments.apps") || kind == "Job" && s.SeenWhole(ns, "jobs.batch")
	}
	var out []orphan
	add := func(kind string, o metav1.Object, pods ...*corev1.Pod) {
		c := metav1.GetControllerOf(o)
		if c == nil || c.UID == "" || o.GetDeletionTimestamp() != nil || !seen(c.Kind, o.GetNamespace()) ||
			!strings.HasPrefix(c.APIVersion, "apps/") && !strings.HasPrefix(c.APIVersion, "batch/") ||
			there[snapshot.ObjectOf(c.Kind, o.GetNamespace(), c.Name)] {
			return
		}
		x := orphan{snapshot.ObjectOf(kind, o.GetNamespace(), o.GetName()), snapshot.ObjectOf(c.Kind, o.GetNamespace(), c.Name), pods,
			incident.Evidence{}}
		x.seen = finding.SeenAPI(x.object, "metadata.ownerReferences", o.GetCreationTimestamp().Time, "controller "+c.Kind+" "+c.Name+
			", which does not exist")
		out = append(out, x)
	}
	for i := range s.ReplicaSets {
		x := &s.ReplicaSets[i]
		if kube.Replicas(x.Spec.Replicas) > 0 {
			add("ReplicaSet", x, kube.PodsOf(s, snapshot.ObjectOf("ReplicaSet", x.Namespace, x.Name))...)
		}
	}
	for i := range s.Pods {
		add("Pod", &s.Pods[i], &s.Pods[i])
	}
	return out
}

// collector is what the log of the controller-manager says of a garbage collector that does not work, and its pods.
func collector(s *snapshot.Snapshot) (seen []incident.Evidence, pods []incident.Object) {
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || l.Previous || l.Namespace != metav1.NamespaceSystem {
			continue
		}
		for _, words := range collectorSays {
			line := logs.LastWith(l.Text, words)
			at := readings.Moment(logs.StampOf(line), s.At)
			if line == "" || !at.IsZero() && s.At.Sub(at) > finding.RecentError.For || slices.Contains(pods, finding.PodObject(p)) {
				continue
			}
			pods = append(pods, finding.PodObject(p))
			seen = append(seen, finding.SeenLog(p, l.Container, false, strings.TrimSpace(line)))
		}
	}
	return seen, pods
}
