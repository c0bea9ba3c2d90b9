package demo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

const lokiPath = "/apis/apps/v1/namespaces/monitoring/deployments/loki"

// rolls lets time pass, second by second, and collects what came of it.
func (r *rig) rolls(seconds int) (t turn) {
	r.t.Helper()
	for range seconds {
		t.Well = r.look() || t.Well
		var now turn
		if err := r.roll(r.now, &now); err != nil {
			r.t.Fatal(err)
		}
		t.Failing, t.Released = append(t.Failing, now.Failing...), t.Released || now.Released
	}
	return t
}

func (r *rig) ships() {
	r.t.Helper()
	if err := r.Ship(); err != nil {
		r.t.Fatal(err)
	}
	if err := r.Ship(); err == nil {
		r.t.Error("a release was shipped while another is rolled out")
	}
	if t := r.rolls(15); len(t.Failing) != 1 || t.Released {
		r.t.Fatalf("after a bad release: %+v", t)
	}
	if !r.Broken() {
		r.t.Error("a bad release breaks nothing")
	}
}

// limit lets somebody set the memory limit.
func (r *rig) limit(to string) {
	r.t.Helper()
	d := r.deployment()
	c := d.Spec.Template.Spec.Containers[0]
	delete(c.Resources.Limits, corev1.ResourceMemory)
	raw, err := json.Marshal(c)
	if err != nil {
		r.t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		r.t.Fatal(err)
	}
	if to != "" {
		_ = unstructured.SetNestedField(m, to, "resources", "limits", "memory")
	}
	raw, _ = json.Marshal([]any{m})
	r.request("PATCH", lokiPath, fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":%s}}}}`, raw))
}

// rollBack gives the Deployment the template of the ReplicaSet with the revision.
func (r *rig) rollBack(revision string) {
	r.t.Helper()
	for _, s := range r.sets() {
		if s.Annotations[revisionAnnotation] != revision {
			continue
		}
		raw, err := json.Marshal(s.Spec.Template.Spec.Containers)
		if err != nil {
			r.t.Fatal(err)
		}
		r.request("PATCH", lokiPath, fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":%s}}}}`, raw))
		return
	}
	r.t.Fatalf("no revision %s", revision)
}

func (r *rig) deployment() *appsv1.Deployment {
	r.t.Helper()
	d, err := decode[appsv1.Deployment](r.API.Get(deploymentsGVR, releaseNamespace, releaseName))
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

func (r *rig) sets() []*appsv1.ReplicaSet {
	r.t.Helper()
	sets, err := all[appsv1.ReplicaSet](r.staff.cluster, replicaSetsGVR, releaseNamespace, ownedBy(r.deployment()))
	if err != nil {
		r.t.Fatal(err)
	}
	slices.SortFunc(sets, func(a, b *appsv1.ReplicaSet) int { return int(revisionOf(a) - revisionOf(b)) })
	return sets
}

// pods are those of the Deployment, what is ready first.
func (r *rig) pods() []*corev1.Pod {
	r.t.Helper()
	pods, err := all[corev1.Pod](r.staff.cluster, podsGVR, releaseNamespace, func(o *unstructured.Unstructured) bool { return ofRelease(podsGVR, o) })
	if err != nil {
		r.t.Fatal(err)
	}
	slices.SortStableFunc(pods, func(a, b *corev1.Pod) int { return ready01(b) - ready01(a) })
	return pods
}

func TestABadReleaseCrashLoopsWhileTheOldOneServes(t *testing.T) {
	r := newRig(t, Pace{})
	r.rolls(2)
	if r.Broken() || len(r.sets()) != 1 || len(r.pods()) != 1 {
		t.Fatal("nobody has shipped anything, and something is rolled out")
	}
	r.ships()
	r.rolls(25)
	d, sets, pods := r.deployment(), r.sets(), r.pods()
	if d.Annotations[revisionAnnotation] != "2" || d.Status.Replicas != 2 || d.Status.UpdatedReplicas != 1 || d.Status.AvailableReplicas != 1 ||
		d.Status.UnavailableReplicas != 1 || d.Status.ObservedGeneration != d.Generation {
		t.Errorf("the Deployment: %v, %+v", d.Annotations, d.Status)
	}
	for _, c := range d.Status.Conditions {
		if c.Status != corev1.ConditionTrue || c.Type == appsv1.DeploymentProgressing && c.Reason != "ReplicaSetUpdated" {
			t.Errorf("condition %+v", c)
		}
	}
	if len(sets) != 2 || *sets[0].Spec.Replicas != 1 || *sets[1].Spec.Replicas != 1 || sets[1].Status.ReadyReplicas != 0 {
		t.Fatalf("the ReplicaSets: %+v", sets)
	}
	if len(pods) != 2 || !podReady(pods[0]) || podReady(pods[1]) {
		t.Fatalf("the pods: %+v", pods)
	}
	bad := pods[1]
	st := bad.Status.ContainerStatuses[0]
	if end := st.LastTerminationState.Terminated; st.RestartCount != 3 || end == nil || end.Reason != "OOMKilled" || end.ExitCode != 137 ||
		st.State.Waiting.Reason != "CrashLoopBackOff" || !strings.HasPrefix(st.State.Waiting.Message, "back-off 40s restarting failed container=loki pod=loki-") {
		t.Errorf("after 40 seconds: %+v", st)
	}
	if bad.Status.PodIP == "" || bad.Status.PodIP == pods[0].Status.PodIP || bad.Spec.NodeName != pods[0].Spec.NodeName {
		t.Errorf("it has %s on %s", bad.Status.PodIP, bad.Spec.NodeName)
	}
	r.tells(bad.Name, "Scheduled", "Pulled", "Created", "Started", "BackOff")
	r.tells(sets[1].Name, "SuccessfulCreate")
	r.tells(releaseName, "ScalingReplicaSet")
	if _, ok := r.API.Log(bundle.LogKey{Namespace: bad.Namespace, Pod: bad.Name, Container: "loki", Previous: true}); !ok {
		t.Error("the log of the killed container cannot be read")
	}
	slice, err := all[discoveryv1.EndpointSlice](r.staff.cluster, endpointSlicesGVR, releaseNamespace, func(o *unstructured.Unstructured) bool {
		return ofRelease(endpointSlicesGVR, o)
	})
	if err != nil || len(slice) != 1 || len(slice[0].Endpoints) != 2 {
		t.Fatalf("the endpoints: %+v, %v", slice, err)
	}
	for _, e := range slice[0].Endpoints {
		if *e.Conditions.Ready != (e.TargetRef.Name == pods[0].Name) {
			t.Errorf("endpoint %s is ready: %v", e.TargetRef.Name, *e.Conditions.Ready)
		}
	}
	r.rolls(600)
	if c := (&rollout{d: r.deployment()}).conditionOf(appsv1.DeploymentProgressing); c.Reason != "ProgressDeadlineExceeded" {
		t.Errorf("after its deadline: %+v", c)
	}
}

// tells demands Events of an object.
func (r *rig) tells(name string, reasons ...string) {
	r.t.Helper()
	said := map[string]bool{}
	for _, o := range r.API.List(eventsGVR, releaseNamespace) {
		if about, _, _ := unstructured.NestedString(o.Object, "involvedObject", "name"); about == name {
			reason, _, _ := unstructured.NestedString(o.Object, "reason")
			said[reason] = true
		}
	}
	for _, reason := range reasons {
		if !said[reason] {
			r.t.Errorf("%s: no Event %s among %v", name, reason, said)
		}
	}
}

// Whoever mends the template, in whichever way, is followed; what does not suffice does not help.
func TestAReleaseGetsWellWhenItsTemplateIsGood(t *testing.T) {
	for what, c := range map[string]struct {
		mend     func(*rig)
		revision string // of the Deployment, and of the ReplicaSet that serves
		history  string
		env      int // the release is kept, or taken back
	}{
		"the limit is raised":  {func(r *rig) { r.limit("64Mi") }, "3", "", 1},
		"or raised by more":    {func(r *rig) { r.limit("96Mi") }, "3", "", 1},
		"or taken away":        {func(r *rig) { r.limit("") }, "3", "", 1},
		"it is rolled back":    {func(r *rig) { r.rollBack("1") }, "3", "1", 0},
		"after a vain attempt": {func(r *rig) { r.limit("32Mi"); r.rolls(30); r.limit("64Mi") }, "4", "", 1},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t, Pace{})
			r.ships()
			c.mend(r)
			if got := r.rolls(30); !got.Released || len(got.Failing) > 0 {
				t.Errorf("it was told %+v", got)
			}
			d, pods := r.deployment(), r.pods()
			if r.Broken() || !rolledOut(d) || d.Annotations[revisionAnnotation] != c.revision || len(d.Spec.Template.Spec.Containers[0].Env) != c.env {
				t.Errorf("broken %v, %v, %+v", r.Broken(), d.Annotations, d.Status)
			}
			if len(pods) != 1 || !podReady(pods[0]) || pods[0].Status.ContainerStatuses[0].RestartCount != 0 {
				t.Errorf("the pods: %+v", pods)
			}
			sets := r.sets()
			newest := sets[len(sets)-1]
			if *newest.Spec.Replicas != 1 || newest.Annotations[revisionAnnotation] != c.revision || newest.Annotations[historyAnnotation] != c.history {
				t.Errorf("the newest ReplicaSet: %+v", newest.ObjectMeta)
			}
			for _, s := range sets[:len(sets)-1] {
				if *s.Spec.Replicas != 0 || s.Status.Replicas != 0 {
					t.Errorf("%s still has pods", s.Name)
				}
			}
			r.ships() // as often as one likes
		})
	}
}

func TestALimitThatIsStillTooLowHelpsNothing(t *testing.T) {
	r := newRig(t, Pace{})
	r.ships()
	r.limit("47Mi")
	if got := r.rolls(60); got.Released || !r.Broken() || len(r.pods()) != 2 {
		t.Errorf("%+v, %d pods", got, len(r.pods()))
	}
}

// Each fault has its own objects: neither mends nor hides the other.
func TestBothFaultsAtOnce(t *testing.T) {
	r := newRig(t, Pace{})
	r.ships()
	bad := r.pods()[1].Name
	r.breaks()
	r.rolls(5)
	if pods := r.pods(); len(pods) != 2 || pods[1].Name != bad {
		t.Errorf("the bad release is hidden by the other fault: %v", pods)
	}
	r.limit("64Mi")
	r.rolls(20)
	if pods := r.pods(); len(pods) != 2 || pods[1].Spec.NodeName != "" || pods[1].Status.Phase != corev1.PodPending {
		t.Errorf("a node that is not ready got a pod: %+v", pods)
	}
	r.restoreCNI(r.cni)
	if got := r.rolls(20); !got.Released || got.Well {
		t.Errorf("with the node: %+v", got)
	}
	if !r.Broken() {
		t.Error("the release has mended the other fault")
	}
	r.forwardTo("10.99.0.1")
	r.restart("2026-01-01T00:00:00Z")
	if got := r.rolls(30); !got.Well || r.Broken() {
		t.Errorf("in the end: %+v, broken %v", got, r.Broken())
	}
	if d := r.deployment(); d.Annotations[revisionAnnotation] != "3" || !rolledOut(d) {
		t.Errorf("the release after all: %v", d.Annotations)
	}
}

func TestWhatPeopleDoToItsPodsIsMadeGood(t *testing.T) {
	r := newRig(t, Pace{})
	r.rolls(2)
	was := r.pods()[0].Name
	r.request("DELETE", "/api/v1/namespaces/monitoring/pods/"+was, "")
	r.rolls(10)
	if pods := r.pods(); len(pods) != 1 || pods[0].Name == was || !podReady(pods[0]) {
		t.Errorf("after the pod was deleted: %+v", pods)
	}
	r.request("PATCH", lokiPath, `{"spec":{"replicas":3}}`)
	r.rolls(10)
	if pods := r.pods(); len(pods) != 3 || r.Broken() {
		t.Errorf("scaled to three there are %d", len(pods))
	}
	r.ships()
	if d := r.deployment(); d.Status.AvailableReplicas < 3 {
		t.Errorf("a bad release takes pods away: %+v", d.Status)
	}
}

func TestTheKubeletWaitsLongerEachTime(t *testing.T) {
	for restarts, want := range map[int32]time.Duration{1: 10 * time.Second, 2: 20 * time.Second, 5: 160 * time.Second, 6: mostPause, 60: mostPause} {
		if got := pause(restarts); got != want {
			t.Errorf("after %d restarts %s, want %s", restarts, got, want)
		}
	}
}
