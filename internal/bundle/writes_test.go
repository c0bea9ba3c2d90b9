package bundle_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

const corefilePatch = `{"data":{"Corefile":".:53 { forward . 10.99.0.1 }"}}`

func TestPatches(t *testing.T) {
	var told atomic.Pointer[bundle.Write]
	o := asCaptured
	o.OnWrite = func(_ context.Context, w bundle.Write) { told.Store(&w) }
	o.Now = func() time.Time { return time.Date(2025, 10, 5, 9, 0, 0, 0, time.UTC) }
	_, config := serve(t, broken(t), o)
	client := clientFor(t, config(""))

	before, _ := client.CoreV1().ConfigMaps("kube-system").Get(t.Context(), "coredns", metav1.GetOptions{})
	cm, err := client.CoreV1().ConfigMaps("kube-system").Patch(t.Context(), "coredns", types.MergePatchType, []byte(corefilePatch),
		metav1.PatchOptions{FieldManager: "paramedic"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(cm.Data["Corefile"], "10.99.0.1") || cm.ResourceVersion == before.ResourceVersion || cm.UID != before.UID {
		t.Errorf("patched: %+v", cm)
	}
	if m := cm.ManagedFields; len(m) != 1 || m[0].Manager != "paramedic" || m[0].Operation != "Update" ||
		!m[0].Time.Equal(&metav1.Time{Time: o.Now()}) {
		t.Errorf("who did it: %+v", m)
	}
	if w := told.Load(); w == nil || w.Verb != "patch" || w.User.Name != "admin" || w.Before.GetResourceVersion() != before.ResourceVersion ||
		w.After.GetResourceVersion() != cm.ResourceVersion {
		t.Errorf("told: %+v", w)
	}
	told.Store(nil)
	again, err := client.CoreV1().ConfigMaps("kube-system").Patch(t.Context(), "coredns", types.MergePatchType, []byte(corefilePatch),
		metav1.PatchOptions{FieldManager: "other"})
	if err != nil || again.ResourceVersion != cm.ResourceVersion || told.Load() != nil {
		t.Errorf("a patch that changes nothing: %v, %+v", err, again)
	}

	deployments := client.AppsV1().Deployments("kube-system")
	restart := `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2025-10-05T09:00:00Z"}},"spec":{"containers":[{"name":"coredns","image":"coredns:1.16"}]}}}}`
	d, err := deployments.Patch(t.Context(), "coredns", types.StrategicMergePatchType, []byte(restart), metav1.PatchOptions{})
	if err != nil || d.Generation != 2 || len(d.Spec.Template.Spec.Containers) != 1 ||
		d.Spec.Template.Spec.Containers[0].Image != "coredns:1.16" || d.Status.UnavailableReplicas != 1 {
		t.Errorf("strategic merge: %v, %+v", err, d)
	}
	d, err = deployments.Patch(t.Context(), "coredns", types.JSONPatchType,
		[]byte(`[{"op":"test","path":"/spec/replicas","value":1},{"op":"replace","path":"/spec/replicas","value":3}]`), metav1.PatchOptions{})
	if err != nil || *d.Spec.Replicas != 3 || d.Generation != 3 {
		t.Errorf("JSON patch: %v, %+v", err, d)
	}
	d, err = deployments.Patch(t.Context(), "coredns", types.MergePatchType,
		[]byte(`{"metadata":{"labels":{"a":"b"}},"status":{"replicas":9}}`), metav1.PatchOptions{})
	if err != nil || d.Generation != 3 || d.Status.Replicas != 1 || d.Labels["a"] != "b" {
		t.Errorf("labels make no generation, and a status cannot be patched through the object: %v, %+v", err, d)
	}
	d, err = deployments.Patch(t.Context(), "coredns", types.MergePatchType,
		[]byte(`{"metadata":{"labels":{"a":"c"}},"status":{"replicas":9}}`), metav1.PatchOptions{}, "status")
	if err != nil || d.Status.Replicas != 9 || d.Labels["a"] != "b" {
		t.Errorf("status patched: %v, %+v", err, d)
	}
}

func TestBadWrites(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	client := clientFor(t, config(""))
	for _, c := range []struct {
		resource, name string
		patch          string
		t              types.PatchType
		is             func(error) bool
		want           string
	}{
		{"deployments", "nosuch", `{}`, types.MergePatchType, apierrors.IsNotFound, `deployments.apps "nosuch" not found`},
		{"deployments", "coredns", `{"spec":`, types.MergePatchType, apierrors.IsBadRequest, "not a merge patch"},
		{"deployments", "coredns", `{"spec":{"replicas":-1}}`, types.MergePatchType, apierrors.IsInvalid, "greater than or equal to 0"},
		{"deployments", "coredns", `{"spec":{"replicas":"many"}}`, types.MergePatchType, apierrors.IsBadRequest,
			"cannot be handled as a Deployment"},
		{"deployments", "coredns", `{"spec":null}`, types.MergePatchType, apierrors.IsInvalid, "spec.template.spec.containers: Required value"},
		{"deployments", "coredns", `{"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}}}}}`,
			types.MergePatchType, apierrors.IsInvalid, "spec.selector: Invalid value"},
		{"deployments", "coredns", `{"spec":{"template":{"metadata":{"labels":{"k8s-app":"other"}}}}}`, types.MergePatchType, apierrors.IsInvalid,
			"`selector` does not match template `labels`"},
		{"deployments", "coredns", `{"metadata":{"name":"other"}}`, types.MergePatchType, apierrors.IsBadRequest,
			"does not match the name on the URL"},
		{"deployments", "coredns", `{"metadata":{"uid":"other"}}`, types.MergePatchType, apierrors.IsConflict,
			"UID in precondition: other, UID in object meta: u-dep"},
		{"deployments", "coredns", `{"metadata":{"resourceVersion":"1"}}`, types.MergePatchType, apierrors.IsConflict,
			"the object has been modified; please apply your changes"},
		{"deployments", "coredns", `{"metadata":7}`, types.MergePatchType,
			func(err error) bool { return apierrors.ReasonForError(err) != metav1.StatusReasonInternalError }, "it has no metadata"},
		{"deployments", "coredns", `{"kind":"Pod"}`, types.MergePatchType, apierrors.IsBadRequest, "does not match the expected kind"},
		{"deployments", "coredns", `[{"op":"test","path":"/spec/replicas","value":7}]`, types.JSONPatchType,
			func(err error) bool { return code(err) == 422 }, "testing value /spec/replicas failed"},
		{"deployments", "coredns", `[{"op":"copy"}]`, types.JSONPatchType, func(err error) bool { return code(err) == 422 }, ""},
		{"deployments", "coredns", `a: b`, types.ApplyYAMLPatchType, apierrors.IsUnsupportedMediaType, "unknown format"},
		{"configmaps", "coredns", `{"data":{"a/b":"x"}}`, types.MergePatchType, apierrors.IsInvalid, "a valid config key"},
		{"configmaps", "coredns", `{"data":{"a":"` + strings.Repeat("x", 1<<20) + `"}}`, types.MergePatchType, apierrors.IsInvalid,
			"may not be more than 1048576 bytes"},
		{"configmaps", "coredns", `{"data":{"a":"` + strings.Repeat("x", 3<<20) + `"}}`, types.MergePatchType,
			apierrors.IsRequestEntityTooLargeError, "larger than 3 MiB"},
		{"pods", "coredns-1", `{"spec":{"nodeName":"other"}}`, types.MergePatchType, apierrors.IsInvalid, "pod updates may not change fields"},
		{"gadgets", "x", `{}`, types.MergePatchType, apierrors.IsNotFound, "could not find the requested resource"},
	} {
		rc := client.CoreV1().RESTClient()
		if c.resource == "deployments" {
			rc = client.AppsV1().RESTClient()
		}
		err := rc.Patch(c.t).Namespace("kube-system").Resource(c.resource).Name(c.name).Body([]byte(c.patch)).Do(t.Context()).Error()
		if err == nil || !c.is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s %.80s: %v", c.resource, c.name, c.patch, err)
		}
	}
	d, err := client.AppsV1().Deployments("kube-system").Get(t.Context(), "coredns", metav1.GetOptions{})
	if err != nil || d.ResourceVersion != "91" {
		t.Errorf("a refused write changed something: %v, %+v", err, d)
	}
}

func code(err error) int32 {
	var s apierrors.APIStatus
	if errors.As(err, &s) {
		return s.Status().Code
	}
	return 0
}

func TestUnknownFields(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	deployments := clientFor(t, config("")).AppsV1().Deployments("kube-system")
	patch := []byte(`{"spec":{"replicaz":3,"replicas":2}}`)
	_, err := deployments.Patch(t.Context(), "coredns", types.MergePatchType, patch, metav1.PatchOptions{FieldValidation: "Strict"})
	if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), `unknown field "spec.replicaz"`) {
		t.Errorf("strict: %v", err)
	}
	if d, err := deployments.Patch(t.Context(), "coredns", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil ||
		*d.Spec.Replicas != 2 {
		t.Errorf("lenient: %v", err)
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	o := asCaptured
	o.OnWrite = func(_ context.Context, w bundle.Write) { t.Errorf("told of %+v", w) }
	_, config := serve(t, broken(t), o)
	client := clientFor(t, config(""))
	dry := []string{metav1.DryRunAll}
	all := func() string {
		var out []string
		for _, gvr := range []string{"/api/v1/pods", "/api/v1/configmaps", "/apis/apps/v1/deployments", "/api/v1/events"} {
			data, err := client.CoreV1().RESTClient().Get().AbsPath(gvr).SetHeader("Accept", "application/json").DoRaw(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, string(data))
		}
		return strings.Join(out, "\n")
	}
	before := all()

	cm, err := client.CoreV1().ConfigMaps("kube-system").Patch(t.Context(), "coredns", types.MergePatchType, []byte(corefilePatch),
		metav1.PatchOptions{DryRun: dry})
	if err != nil || !strings.Contains(cm.Data["Corefile"], "10.99.0.1") || cm.ResourceVersion != "90" {
		t.Errorf("patch: %v, %+v", err, cm)
	}
	d, _ := client.AppsV1().Deployments("kube-system").Get(t.Context(), "coredns", metav1.GetOptions{})
	d.Spec.Paused = true
	if d, err = client.AppsV1().Deployments("kube-system").Update(t.Context(), d, metav1.UpdateOptions{DryRun: dry}); err != nil ||
		!d.Spec.Paused || d.Generation != 2 {
		t.Errorf("update: %v, %+v", err, d)
	}
	if err := client.CoreV1().Pods("kube-system").Delete(t.Context(), "coredns-1", metav1.DeleteOptions{DryRun: dry}); err != nil {
		t.Errorf("delete: %v", err)
	}
	e := &corev1.Event{ObjectMeta: metav1.ObjectMeta{GenerateName: "e-", Namespace: "kube-system"},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: "x"}}
	if e, err = client.CoreV1().Events("kube-system").Create(t.Context(), e, metav1.CreateOptions{DryRun: dry}); err != nil ||
		len(e.Name) < 4 {
		t.Errorf("create: %v, %+v", err, e)
	}
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "coredns", Namespace: "kube-system"},
		Spec: autoscalingv1.ScaleSpec{Replicas: 0}}
	if scale, err = client.AppsV1().Deployments("kube-system").UpdateScale(t.Context(), "coredns", scale,
		metav1.UpdateOptions{DryRun: dry}); err != nil || scale.Spec.Replicas != 0 {
		t.Errorf("scale: %v, %+v", err, scale)
	}
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "coredns-1", Namespace: "kube-system"},
		DeleteOptions: &metav1.DeleteOptions{DryRun: dry}}
	if err := client.PolicyV1().Evictions("kube-system").Evict(t.Context(), eviction); err != nil {
		t.Errorf("evict: %v", err)
	}
	if after := all(); after != before {
		t.Errorf("a dry run changed something:\n%s\n%s", before, after)
	}
	if _, err := client.CoreV1().ConfigMaps("kube-system").Patch(t.Context(), "coredns", types.MergePatchType, []byte(corefilePatch),
		metav1.PatchOptions{DryRun: []string{"Some"}}); !apierrors.IsInvalid(err) {
		t.Errorf("half a dry run: %v", err)
	}
}

func TestUpdateConflicts(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	for _, form := range []string{"application/json", "application/vnd.kubernetes.protobuf"} {
		c := config("")
		c.ContentType = form
		maps := clientFor(t, c).CoreV1().ConfigMaps("kube-system")
		a, _ := maps.Get(t.Context(), "coredns", metav1.GetOptions{})
		b := a.DeepCopy()
		a.Data["x"], b.Data["x"] = form+"1", form+"2"
		if _, err := maps.Update(t.Context(), a, metav1.UpdateOptions{}); err != nil {
			t.Fatal(form, err)
		}
		_, err := maps.Update(t.Context(), b, metav1.UpdateOptions{})
		if !apierrors.IsConflict(err) || err.Error() != `Operation cannot be fulfilled on configmaps "coredns": the object has been modified; please apply your changes to the latest version and try again` {
			t.Errorf("%s: stale: %v", form, err)
		}
		b.ResourceVersion = ""
		if b, err = maps.Update(t.Context(), b, metav1.UpdateOptions{}); err != nil || b.Data["x"] != form+"2" {
			t.Errorf("%s: unconditional: %v", form, err)
		}
	}
}

func TestDeletes(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	client := clientFor(t, config(""))
	uid, version := types.UID("other"), "7"
	for _, p := range []metav1.Preconditions{{UID: &uid}, {ResourceVersion: &version}} {
		if err := client.CoreV1().Pods("kube-system").Delete(t.Context(), "coredns-1",
			metav1.DeleteOptions{Preconditions: &p}); !apierrors.IsConflict(err) || !strings.Contains(err.Error(), "Precondition failed") {
			t.Errorf("precondition: %v", err)
		}
	}
	uid = "u-pod1"
	if err := client.CoreV1().Pods("kube-system").Delete(t.Context(), "coredns-1",
		metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}); err != nil {
		t.Error(err)
	}
	if err := client.CoreV1().Pods("kube-system").Delete(t.Context(), "coredns-1", metav1.DeleteOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("twice: %v", err)
	}
	maps := client.CoreV1().ConfigMaps("kube-system")
	if _, err := maps.Patch(t.Context(), "coredns", types.MergePatchType, []byte(`{"metadata":{"finalizers":["example.com/wait"]}}`),
		metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := maps.Delete(t.Context(), "coredns", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if cm, err := maps.Get(t.Context(), "coredns", metav1.GetOptions{}); err != nil || cm.DeletionTimestamp == nil {
		t.Errorf("with a finalizer it only begins to go: %v", err)
	}
	if _, err := maps.Patch(t.Context(), "coredns", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`),
		metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := maps.Get(t.Context(), "coredns", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("without it is gone: %v", err)
	}
}

func TestEvictionKeepsToTheBudget(t *testing.T) {
	b := broken(t)
	gvr := policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets")
	b.Objects[gvr] = append(b.Objects[gvr], *object(t, `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: dns, namespace: kube-system}
spec: {minAvailable: 1, selector: {matchLabels: {k8s-app: kube-dns}}}
status: {disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1, expectedPods: 1}`))
	_, config := serve(t, b, asCaptured)
	client := clientFor(t, config(""))
	err := client.PolicyV1().Evictions("kube-system").Evict(t.Context(), &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "coredns-1",
		Namespace: "kube-system"}})
	if !apierrors.IsTooManyRequests(err) || !apierrors.HasStatusCause(err, policyv1.DisruptionBudgetCause) {
		t.Errorf("against the budget: %v", err)
	}
	if err := client.PolicyV1().Evictions("convocanvas").Evict(t.Context(),
		&policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "convocanvas-2", Namespace: "convocanvas"}}); err != nil {
		t.Errorf("without a budget: %v", err)
	}
}

func TestCreate(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	client := clientFor(t, config(""))
	event := &corev1.Event{ObjectMeta: metav1.ObjectMeta{Name: "e", Namespace: "convocanvas"}, Reason: "Restored",
		InvolvedObject: corev1.ObjectReference{Kind: "ConfigMap", Name: "coredns"}}
	got, err := client.CoreV1().Events("convocanvas").Create(t.Context(), event, metav1.CreateOptions{})
	if err != nil || got.UID == "" || got.ResourceVersion == "" || got.CreationTimestamp.IsZero() || got.Reason != "Restored" {
		t.Errorf("%v, %+v", err, got)
	}
	if _, err := client.CoreV1().Events("convocanvas").Create(t.Context(), event, metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		t.Errorf("twice: %v", err)
	}
	event.Namespace = "nosuch"
	if _, err := client.CoreV1().Events("nosuch").Create(t.Context(), event, metav1.CreateOptions{}); !apierrors.IsNotFound(err) ||
		!strings.Contains(err.Error(), `namespaces "nosuch" not found`) {
		t.Errorf("in no namespace: %v", err)
	}
	if _, err := client.CoreV1().Secrets("convocanvas").Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s"}},
		metav1.CreateOptions{}); !apierrors.IsMethodNotSupported(err) {
		t.Errorf("a Secret: %v", err)
	}
	found, err := client.CoreV1().Events("").List(t.Context(),
		metav1.ListOptions{FieldSelector: "involvedObject.name=coredns,reason=Restored"})
	if err != nil || len(found.Items) != 1 {
		t.Errorf("found %d, %v", len(found.Items), err)
	}
}

func TestScale(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	deployments := clientFor(t, config("")).AppsV1().Deployments("kube-system")
	scale, err := deployments.GetScale(t.Context(), "coredns", metav1.GetOptions{})
	if err != nil || scale.Spec.Replicas != 1 || scale.Status.Selector != "k8s-app=kube-dns" {
		t.Fatalf("%+v, %v", scale, err)
	}
	scale.Spec.Replicas = 0
	if got, err := deployments.UpdateScale(t.Context(), "coredns", scale, metav1.UpdateOptions{}); err != nil || got.Spec.Replicas != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := deployments.UpdateScale(t.Context(), "coredns", scale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("stale: %v", err)
	}
	d, err := deployments.Get(t.Context(), "coredns", metav1.GetOptions{})
	if err != nil || *d.Spec.Replicas != 0 || d.Generation != 2 {
		t.Errorf("%+v, %v", d, err)
	}
}

// Writers that do not know of one another lose nothing.
func TestConcurrentWrites(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	maps := clientFor(t, config("")).CoreV1().ConfigMaps("kube-system")
	var g errgroup.Group
	for i := range 20 {
		g.Go(func() error {
			return retry.OnError(retry.DefaultBackoff, apierrors.IsConflict, func() error {
				_, err := maps.Patch(t.Context(), "coredns", types.MergePatchType, fmt.Appendf(nil, `{"data":{"k%d":"v"}}`, i), metav1.PatchOptions{})
				return err
			})
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if m, err := maps.Get(t.Context(), "coredns", metav1.GetOptions{}); err != nil || len(m.Data) != 21 {
		t.Errorf("%d of 21 keys, %v", len(m.Data), err)
	}
}
