package diagnosis

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// accept accepts findings of a diagnosis.
func accept(d *incident.Diagnosis, which func(incident.Finding) bool) []incident.Acceptance {
	var out []incident.Acceptance
	for _, f := range d.Findings {
		if which(f) {
			out = append(out, incident.Acceptance{Code: f.Code, Object: f.Object, Reason: "known", By: "ada", Worst: f.Severity})
		}
	}
	return out
}

func diagnosedWith(t *testing.T, list []incident.Acceptance, scope Scope) *incident.Diagnosis {
	t.Helper()
	scope.Accepted = Accepting{List: list, Annotations: true}
	return Diagnose(snapshotOf(t, "testdata/founding.txtar"), scope)
}

func rootsOf(d *incident.Diagnosis) (causes []string) {
	for _, c := range d.Causes {
		causes = append(causes, c.Code)
	}
	return causes
}

func foundBy(d *incident.Diagnosis, code string, o incident.Object) bool {
	for _, f := range d.Findings {
		if f.Code == code && f.Object == o {
			return true
		}
	}
	return false
}

var grafana = snapshot.ObjectOf("Deployment", "monitoring", "grafana")

// Where nothing is accepted, a diagnosis is what it was, byte for byte.
func TestNothingAcceptedChangesNothing(t *testing.T) {
	before := Diagnose(snapshotOf(t, "testdata/founding.txtar"), Scope{})
	other := incident.Acceptance{Code: "PodCrashLoop", Object: snapshot.ObjectOf("Deployment", "shop", "grafana"), By: "ada"}
	for name, list := range map[string][]incident.Acceptance{"none": nil, "another object": {other}} {
		if diff := cmp.Diff(before, diagnosedWith(t, list, Scope{})); diff != "" {
			t.Errorf("%s (-before +after)\n%s", name, diff)
		}
	}
}

// An accepted root that explains what is not accepted is told, and says that it was accepted.
func TestWhatIsAcceptedHidesNothingElse(t *testing.T) {
	before := Diagnose(snapshotOf(t, "testdata/founding.txtar"), Scope{})
	d := diagnosedWith(t, accept(before, func(f incident.Finding) bool { return f.Code == "DNSLoop" }), Scope{})
	if diff := cmp.Diff(rootsOf(before), rootsOf(d)); diff != "" {
		t.Errorf("causes (-before +after)\n%s", diff)
	}
	if d.Causes[0].Accepted.By != "ada" || len(d.Accepted) > 0 || len(d.Findings) != len(before.Findings) {
		t.Errorf("cause accepted by %q, %d silent, %d findings of %d", d.Causes[0].Accepted.By, len(d.Accepted), len(d.Findings),
			len(before.Findings))
	}
	crash := accept(before, func(f incident.Finding) bool { return f.Code == "PodCrashLoop" && f.Object == grafana })
	if d = diagnosedWith(t, crash, Scope{}); !foundBy(d, "PodCrashLoop", grafana) || len(d.Accepted) > 0 {
		t.Error("the way from the cause to what is not accepted was hidden")
	}
}

// What is accepted with all that follows from it is silent, and so is what follows from a cause that is not accepted; the rest stays.
func TestWhatIsAcceptedIsSilent(t *testing.T) {
	before := Diagnose(snapshotOf(t, "testdata/founding.txtar"), Scope{})
	leaf := accept(before, func(f incident.Finding) bool { return f.Object.Namespace == "monitoring" && f.Object.Name == "grafana" })
	d := diagnosedWith(t, leaf, Scope{})
	if len(leaf) < 3 || len(d.Accepted) != len(leaf) || len(d.Findings) != len(before.Findings)-len(leaf) {
		t.Fatalf("%d accepted, %d silent, %d findings of %d", len(leaf), len(d.Accepted), len(d.Findings), len(before.Findings))
	}
	if got, want := d.Causes[0].Consequences(), before.Causes[0].Consequences()-len(leaf); got != want {
		t.Errorf("the cause explains %d, want %d", got, want)
	}
	for _, e := range d.Evidence {
		if e.Object == grafana {
			t.Errorf("evidence of what is silent: %+v", e)
		}
	}
	reached := map[string]bool{}
	for _, id := range before.Causes[0].Explains {
		reached[id] = true
	}
	d = diagnosedWith(t, accept(before, func(f incident.Finding) bool { return reached[f.ID] }), Scope{})
	if diff := cmp.Diff(rootsOf(before)[1:], rootsOf(d)); diff != "" || !d.Wrong() {
		t.Errorf("causes (-want +got)\n%s", diff)
	}
	d = diagnosedWith(t, accept(before, func(incident.Finding) bool { return true }), Scope{})
	if d.Wrong() || len(d.Causes) > 0 || len(d.Accepted) != len(before.Findings) {
		t.Errorf("all is accepted, and %d causes and %d findings are told", len(d.Causes), len(d.Findings))
	}
	d = diagnosedWith(t, accept(before, func(incident.Finding) bool { return true }), Scope{Namespace: "monitoring"})
	for _, a := range d.Accepted {
		if a.Object.Namespace != "monitoring" {
			t.Errorf("asked about monitoring, %s of %s is told as accepted", a.Code, a.Object)
		}
	}
	if len(d.Accepted) == 0 {
		t.Error("nothing of monitoring is told as accepted")
	}
}

// What has expired, or is worse than what was accepted, is told again.
func TestAnAcceptanceEnds(t *testing.T) {
	before := Diagnose(snapshotOf(t, "testdata/founding.txtar"), Scope{})
	all := accept(before, func(incident.Finding) bool { return true })
	for name, change := range map[string]func(*incident.Acceptance){
		"expired":    func(a *incident.Acceptance) { a.Until = before.At },
		"worse now":  func(a *incident.Acceptance) { a.Worst = incident.Info },
		"other code": func(a *incident.Acceptance) { a.Code = "PodPending" },
	} {
		list := append([]incident.Acceptance{}, all...)
		for i := range list {
			change(&list[i])
		}
		if d := diagnosedWith(t, list, Scope{}); len(d.Findings) < len(before.Findings)-1 || len(d.Causes) != len(before.Causes) {
			t.Errorf("%s: %d findings of %d", name, len(d.Findings), len(before.Findings))
		}
	}
	for i := range all {
		all[i].Until = before.At.Add(time.Second)
	}
	if d := diagnosedWith(t, all, Scope{}); d.Wrong() {
		t.Error("not expired yet, and told")
	}
}

// An annotation accepts what is found about its object, and about nothing else.
func TestAnAnnotationSilencesItsOwnObject(t *testing.T) {
	annotated := func(value string, only bool) *incident.Diagnosis {
		s := snapshotOf(t, "testdata/founding.txtar")
		for i := range s.Deployments {
			if o := &s.Deployments[i]; (o.Name == grafana.Name) == only {
				o.Annotations = map[string]string{snapshot.AcceptAnnotation: value}
				o.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl-edit", Time: &metav1.Time{Time: s.At.Add(-time.Hour)}}}
			}
		}
		return Diagnose(s, Scope{Accepted: Accepting{Annotations: true}})
	}
	const both = "PodCrashLoop, DeploymentUnavailable,ServicePodsUnready until 2099-01-31: the shop moves"
	d := annotated(both, true)
	if foundBy(d, "DeploymentUnavailable", grafana) || len(d.Accepted) != 1 {
		t.Fatalf("silent: %+v", d.Accepted)
	}
	a := d.Accepted[0].Acceptance
	if !a.Annotation || a.By != "kubectl-edit" || a.Reason != "the shop moves" || a.Until.Format(time.DateOnly) != "2099-01-31" {
		t.Errorf("accepted: %+v", a)
	}
	if svc := snapshot.ObjectOf("Service", "monitoring", "grafana"); !foundBy(d, "ServicePodsUnready", svc) {
		t.Error("the annotation of a Deployment silenced its Service")
	}
	if d = annotated("DNSLoop,NodeCNIMissing,"+strings.ReplaceAll(both, " ", ""), false); len(d.Causes) != 2 {
		t.Errorf("causes %v", rootsOf(d))
	}
	if d = annotated(both, false); !foundBy(d, "DeploymentUnavailable", grafana) {
		t.Error("the annotations of others silenced it")
	}
	d = annotated("everything", true)
	if len(d.Accepted) > 0 {
		t.Errorf("silent: %+v", d.Accepted)
	}
	if d = annotated("PodCrashLoop until tomorrow", true); !strings.Contains(strings.Join(d.Trace, "\n"), "“tomorrow” is not a day") {
		t.Error("nobody is told that an annotation was not understood")
	}
}

// What a workload's pods suffer is accepted with the workload; what a pod says of itself counts for the pod alone.
func TestAWorkloadIsItsPods(t *testing.T) {
	yes := true
	s := &snapshot.Snapshot{At: time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)}
	owners := []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "web-1", UID: "1", Controller: &yes}}
	s.Pods = []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1-a", OwnerReferences: owners}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "other"}}}
	s.ReplicaSets = []appsv1.ReplicaSet{{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1", UID: "1",
		OwnerReferences: []metav1.OwnerReference{{Kind: "Deployment", Name: "web", UID: "2", Controller: &yes}}}}}
	s.Index()
	pod, other := snapshot.ObjectOf("Pod", "shop", "web-1-a"), snapshot.ObjectOf("Pod", "shop", "other")
	of := func(about incident.Object, accepted incident.Acceptance) bool {
		f := &finding.Finding{Finding: incident.Finding{Code: "X", Severity: incident.Critical, Object: about}}
		return Accepting{List: []incident.Acceptance{accepted}}.acceptedIn(s).has(f)
	}
	for _, o := range []incident.Object{snapshot.ObjectOf("replicaset", "shop", "web-1"), snapshot.ObjectOf("Deployment", "shop", "web")} {
		if a := (incident.Acceptance{Code: "X", Object: o}); !of(pod, a) || of(other, a) {
			t.Errorf("%s is not its pods", o)
		}
	}
	if of(snapshot.ObjectOf("ReplicaSet", "shop", "web-1"), incident.Acceptance{Code: "X", Object: pod}) {
		t.Error("a pod silences its workload")
	}
}

func FuzzReadAcceptance(f *testing.F) {
	f.Add("PodCrashLoop, X until 2027-01-31: reason")
	f.Add("A until : x")
	f.Fuzz(func(t *testing.T, value string) {
		all, err := ReadAcceptance(value)
		for _, a := range all {
			if err != nil || a.Code == "" || len(a.Reason) > finding.MaxLine+4 {
				t.Errorf("%q: %+v, %v", value, a, err)
			}
		}
	})
}

// Where everything was looked at for something that hurts, what is accepted of other things is not told.
func TestWhatIsAcceptedElsewhereIsNotToldOfWhatHurts(t *testing.T) {
	list := accept(Diagnose(snapshotOf(t, "testdata/founding.txtar"), Scope{}), func(f incident.Finding) bool { return f.Object.Namespace != "" })
	elsewhere := func(d *incident.Diagnosis) (n int) {
		for _, a := range d.Accepted {
			if a.Object.Namespace != "monitoring" {
				n++
			}
		}
		return n
	}
	d := diagnosedWith(t, list, Scope{})
	if elsewhere(d) == 0 || elsewhere(d) == len(d.Accepted) {
		t.Fatalf("nothing to tell apart: %+v", d.Accepted)
	}
	d = diagnosedWith(t, list, Scope{Ill: Presumption{Namespaces: []string{"monitoring"}}})
	told := map[incident.Object]bool{}
	for _, c := range d.Causes {
		for _, o := range c.Objects {
			told[o] = true
		}
	}
	kept := 0
	for _, a := range d.Accepted {
		if a.Object.Namespace == "monitoring" {
			kept++
		} else if !told[a.Object] {
			t.Errorf("told of %s", a.Object)
		}
	}
	if kept == 0 {
		t.Error("what is accepted of what hurts is not told")
	}
}
