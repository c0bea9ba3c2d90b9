package bundle_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

var asCaptured = bundle.ServerOptions{KeepTimes: true}

func TestListsInEveryForm(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	for _, form := range []string{"application/vnd.kubernetes.protobuf", "application/json"} {
		c := config("")
		c.AcceptContentTypes, c.ContentType = form, form
		client := clientFor(t, c)
		list, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(form, err)
		}
		if len(list.Items) != 2 || list.ResourceVersion == "" || list.Items[1].Status.ContainerStatuses[0].RestartCount != 5 {
			t.Errorf("%s: %+v", form, list)
		}
		node, err := client.CoreV1().Nodes().Get(t.Context(), "leveling-pc", metav1.GetOptions{})
		if err != nil || node.Status.Conditions[0].Type != corev1.NodeReady || node.UID != "u-node" {
			t.Errorf("%s: %+v, %v", form, node, err)
		}
		deps, err := client.AppsV1().Deployments("kube-system").List(t.Context(), metav1.ListOptions{ResourceVersion: "0"})
		if err != nil || len(deps.Items) != 1 || *deps.Items[0].Spec.Replicas != 1 {
			t.Errorf("%s: %+v, %v", form, deps, err)
		}
		if _, err := client.CoreV1().Pods("kube-system").Get(t.Context(), "nosuch", metav1.GetOptions{}); !apierrors.IsNotFound(err) || err.Error() != `pods "nosuch" not found` {
			t.Errorf("%s: %v", form, err)
		}
	}
	items, err := dynamic.NewForConfigOrDie(config("")).Resource(events).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(items.Items) != 1 || items.Items[0].GetKind() != "Event" {
		t.Errorf("dynamic: %+v, %v", items, err)
	}
}

func TestProtobufIsReallySent(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	req, _ := http.NewRequest("GET", config("").Host+"/api/v1/pods", nil)
	req.Header.Set("Accept", "application/vnd.kubernetes.protobuf,application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	if resp.Header.Get("Content-Type") != "application/vnd.kubernetes.protobuf" || !strings.HasPrefix(string(data), "k8s\x00") {
		t.Errorf("%s: %q", resp.Header.Get("Content-Type"), data[:20])
	}
}

func TestSelectors(t *testing.T) {
	_, config := serve(t, healthy(t), asCaptured)
	client := clientFor(t, config(""))
	for _, c := range []struct{ label, field, want string }{
		{"", "", "convocanvas-1 coredns-1"},
		{"k8s-app=kube-dns", "", "coredns-1"},
		{"app in (convocanvas, x)", "", "convocanvas-1"},
		{"!app", "spec.nodeName=leveling-pc", "coredns-1"},
		{"", "metadata.name=coredns-1", "coredns-1"},
		{"", "metadata.namespace!=kube-system,status.phase=Running", "convocanvas-1"},
		{"", "status.phase!=Running", ""},
	} {
		list, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{LabelSelector: c.label, FieldSelector: c.field})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range list.Items {
			names = append(names, p.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%q %q: %q, want %q", c.label, c.field, got, c.want)
		}
	}
	for _, o := range []metav1.ListOptions{{FieldSelector: "spec.color=red"}, {LabelSelector: "a in ("}, {ResourceVersion: "x"}, {Continue: "!"}} {
		if _, err := client.CoreV1().Pods("").List(t.Context(), o); !apierrors.IsBadRequest(err) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{ResourceVersionMatch: "Exact"}); !apierrors.IsInvalid(err) {
		t.Errorf("match without version: %v", err)
	}
}

func TestPages(t *testing.T) {
	s, config := serve(t, healthy(t), asCaptured)
	client := clientFor(t, config(""))
	first, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{Limit: 1})
	if err != nil || len(first.Items) != 1 || first.Continue == "" || *first.RemainingItemCount != 1 {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{Limit: 1, Continue: first.Continue})
	if err != nil || len(second.Items) != 1 || second.Continue != "" || second.Items[0].Name == first.Items[0].Name || second.ResourceVersion != first.ResourceVersion {
		t.Errorf("%+v, %v", second, err)
	}
	s.Delete(pods, "convocanvas", "convocanvas-1")
	if _, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{Limit: 1, Continue: first.Continue}); !apierrors.IsResourceExpired(err) {
		t.Errorf("a page of a list that is no more: %v", err)
	}
}

func TestVersionsOfLists(t *testing.T) {
	s, config := serve(t, healthy(t), asCaptured)
	client := clientFor(t, config(""))
	list, _ := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	exact := metav1.ListOptions{ResourceVersion: list.ResourceVersion, ResourceVersionMatch: metav1.ResourceVersionMatchExact}
	if got, err := client.CoreV1().Pods("").List(t.Context(), exact); err != nil || len(got.Items) != 2 {
		t.Errorf("the newest, exactly: %v", err)
	}
	s.Delete(pods, "convocanvas", "convocanvas-1")
	if _, err := client.CoreV1().Pods("").List(t.Context(), exact); !apierrors.IsResourceExpired(err) {
		t.Errorf("an old one, exactly: %v", err)
	}
	if got, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{ResourceVersion: list.ResourceVersion}); err != nil || len(got.Items) != 1 {
		t.Errorf("not older than: %v", err)
	}
	_, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{ResourceVersion: "999999"})
	if !apierrors.IsTimeout(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge) {
		t.Errorf("from the future: %v", err)
	}
}

func readLog(t testing.TB, client kubernetes.Interface, namespace, pod string, o corev1.PodLogOptions) ([]byte, error) {
	r, err := client.CoreV1().Pods(namespace).GetLogs(pod, &o).Stream(t.Context())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func TestLogs(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	client := clientFor(t, config(""))
	n := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		pod     string
		options corev1.PodLogOptions
		want    string
	}{
		{"coredns-1", corev1.PodLogOptions{}, "one\ntwo\n2025-10-02T23:19:00.500Z [FATAL] plugin/loop: Loop detected\n"},
		{"coredns-1", corev1.PodLogOptions{Container: "coredns", TailLines: n(1)}, "2025-10-02T23:19:00.500Z [FATAL] plugin/loop: Loop detected\n"},
		{"coredns-1", corev1.PodLogOptions{TailLines: n(2), LimitBytes: n(6)}, "two\n20"},
		{"coredns-1", corev1.PodLogOptions{TailLines: n(0)}, ""},
		{"coredns-1", corev1.PodLogOptions{TailLines: n(9)}, "one\ntwo\n2025-10-02T23:19:00.500Z [FATAL] plugin/loop: Loop detected\n"},
		{"coredns-1", corev1.PodLogOptions{Previous: true}, "[FATAL] plugin/loop: Loop detected\n"},
	} {
		got, err := readLog(t, client, "kube-system", c.pod, c.options)
		if err != nil || string(got) != c.want {
			t.Errorf("%+v: %q, %v; want %q", c.options, got, err, c.want)
		}
	}
	for want, c := range map[string]struct {
		ns, pod string
		options corev1.PodLogOptions
	}{
		`pods "nosuch" not found`:                           {"kube-system", "nosuch", corev1.PodLogOptions{}},
		"container x is not valid for pod coredns-1":        {"kube-system", "coredns-1", corev1.PodLogOptions{Container: "x"}},
		`previous terminated container "app" in pod`:        {"convocanvas", "convocanvas-2", corev1.PodLogOptions{Previous: true}},
		`the bundle holds no log of container "app" in pod`: {"convocanvas", "convocanvas-2", corev1.PodLogOptions{}},
	} {
		if _, err := readLog(t, client, c.ns, c.pod, c.options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	_, config = serve(t, healthy(t), asCaptured)
	if _, err := readLog(t, clientFor(t, config("")), "convocanvas", "convocanvas-1", corev1.PodLogOptions{}); err == nil || !strings.Contains(err.Error(), "choose one of: [app side]") {
		t.Errorf("two containers: %v", err)
	}
}

const corefilePatch = `{"data":{"Corefile":".:53 { forward . 10.99.0.1 }"}}`

func TestPatches(t *testing.T) {
	var told atomic.Pointer[bundle.Write]
	o := asCaptured
	o.OnWrite = func(_ context.Context, w bundle.Write) { told.Store(&w) }
	o.Now = func() time.Time { return time.Date(2025, 10, 5, 9, 0, 0, 0, time.UTC) }
	_, config := serve(t, broken(t), o)
	client := clientFor(t, config(""))

	before, _ := client.CoreV1().ConfigMaps("kube-system").Get(t.Context(), "coredns", metav1.GetOptions{})
	cm, err := client.CoreV1().ConfigMaps("kube-system").Patch(t.Context(), "coredns", types.MergePatchType, []byte(corefilePatch), metav1.PatchOptions{FieldManager: "paramedic"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(cm.Data["Corefile"], "10.99.0.1") || cm.ResourceVersion == before.ResourceVersion || cm.UID != before.UID {
		t.Errorf("patched: %+v", cm)
	}
	if m := cm.ManagedFields; len(m) != 1 || m[0].Manager != "paramedic" || m[0].Operation != "Update" || !m[0].Time.Equal(&metav1.Time{Time: o.Now()}) {
		t.Errorf("who did it: %+v", m)
	}
	if w := told.Load(); w == nil || w.Verb != "patch" || w.User.Name != "admin" || w.Before.GetResourceVersion() != before.ResourceVersion || w.After.GetResourceVersion() != cm.ResourceVersion {
		t.Errorf("told: %+v", w)
	}
	told.Store(nil)
	again, err := client.CoreV1().ConfigMaps("kube-system").Patch(t.Context(), "coredns", types.MergePatchType, []byte(corefilePatch), metav1.PatchOptions{FieldManager: "other"})
	if err != nil || again.ResourceVersion != cm.ResourceVersion || told.Load() != nil {
		t.Errorf("a patch that changes nothing: %v, %+v", err, again)
	}

	deployments := client.AppsV1().Deployments("kube-system")
	restart := `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2025-10-05T09:00:00Z"}},"spec":{"containers":[{"name":"coredns","image":"coredns:1.16"}]}}}}`
	d, err := deployments.Patch(t.Context(), "coredns", types.StrategicMergePatchType, []byte(restart), metav1.PatchOptions{})
	if err != nil || d.Generation != 2 || len(d.Spec.Template.Spec.Containers) != 1 || d.Spec.Template.Spec.Containers[0].Image != "coredns:1.16" || d.Status.UnavailableReplicas != 1 {
		t.Errorf("strategic merge: %v, %+v", err, d)
	}
	d, err = deployments.Patch(t.Context(), "coredns", types.JSONPatchType, []byte(`[{"op":"test","path":"/spec/replicas","value":1},{"op":"replace","path":"/spec/replicas","value":3}]`), metav1.PatchOptions{})
	if err != nil || *d.Spec.Replicas != 3 || d.Generation != 3 {
		t.Errorf("JSON patch: %v, %+v", err, d)
	}
	d, err = deployments.Patch(t.Context(), "coredns", types.MergePatchType, []byte(`{"metadata":{"labels":{"a":"b"}},"status":{"replicas":9}}`), metav1.PatchOptions{})
	if err != nil || d.Generation != 3 || d.Status.Replicas != 1 || d.Labels["a"] != "b" {
		t.Errorf("labels make no generation, and a status cannot be patched through the object: %v, %+v", err, d)
	}
	d, err = deployments.Patch(t.Context(), "coredns", types.MergePatchType, []byte(`{"metadata":{"labels":{"a":"c"}},"status":{"replicas":9}}`), metav1.PatchOptions{}, "status")
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
		{"deployments", "coredns", `{"spec":{"replicas":"many"}}`, types.MergePatchType, apierrors.IsBadRequest, "cannot be handled as a Deployment"},
		{"deployments", "coredns", `{"spec":null}`, types.MergePatchType, apierrors.IsInvalid, "spec.template.spec.containers: Required value"},
		{"deployments", "coredns", `{"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}}}}}`, types.MergePatchType, apierrors.IsInvalid, "spec.selector: Invalid value"},
		{"deployments", "coredns", `{"spec":{"template":{"metadata":{"labels":{"k8s-app":"other"}}}}}`, types.MergePatchType, apierrors.IsInvalid, "`selector` does not match template `labels`"},
		{"deployments", "coredns", `{"metadata":{"name":"other"}}`, types.MergePatchType, apierrors.IsBadRequest, "does not match the name on the URL"},
		{"deployments", "coredns", `{"metadata":{"uid":"other"}}`, types.MergePatchType, apierrors.IsConflict, "UID in precondition: other, UID in object meta: u-dep"},
		{"deployments", "coredns", `{"metadata":{"resourceVersion":"1"}}`, types.MergePatchType, apierrors.IsConflict, "the object has been modified; please apply your changes"},
		{"deployments", "coredns", `{"metadata":7}`, types.MergePatchType, func(err error) bool { return apierrors.ReasonForError(err) != metav1.StatusReasonInternalError }, "it has no metadata"},
		{"deployments", "coredns", `{"kind":"Pod"}`, types.MergePatchType, apierrors.IsBadRequest, "does not match the expected kind"},
		{"deployments", "coredns", `[{"op":"test","path":"/spec/replicas","value":7}]`, types.JSONPatchType, func(err error) bool { return code(err) == 422 }, "testing value /spec/replicas failed"},
		{"deployments", "coredns", `[{"op":"copy"}]`, types.JSONPatchType, func(err error) bool { return code(err) == 422 }, ""},
		{"deployments", "coredns", `a: b`, types.ApplyYAMLPatchType, apierrors.IsUnsupportedMediaType, "unknown format"},
		{"configmaps", "coredns", `{"data":{"a/b":"x"}}`, types.MergePatchType, apierrors.IsInvalid, "a valid config key"},
		{"configmaps", "coredns", `{"data":{"a":"` + strings.Repeat("x", 1<<20) + `"}}`, types.MergePatchType, apierrors.IsInvalid, "may not be more than 1048576 bytes"},
		{"configmaps", "coredns", `{"data":{"a":"` + strings.Repeat("x", 3<<20) + `"}}`, types.MergePatchType, apierrors.IsRequestEntityTooLargeError, "larger than 3 MiB"},
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
	if d, err := deployments.Patch(t.Context(), "coredns", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil || *d.Spec.Replicas != 2 {
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

	cm, err := client.CoreV1().ConfigMaps("kube-system").Patch(t.Context(), "coredns", types.MergePatchType, []byte(corefilePatch), metav1.PatchOptions{DryRun: dry})
	if err != nil || !strings.Contains(cm.Data["Corefile"], "10.99.0.1") || cm.ResourceVersion != "90" {
		t.Errorf("patch: %v, %+v", err, cm)
	}
	d, _ := client.AppsV1().Deployments("kube-system").Get(t.Context(), "coredns", metav1.GetOptions{})
	d.Spec.Paused = true
	if d, err = client.AppsV1().Deployments("kube-system").Update(t.Context(), d, metav1.UpdateOptions{DryRun: dry}); err != nil || !d.Spec.Paused || d.Generation != 2 {
		t.Errorf("update: %v, %+v", err, d)
	}
	if err := client.CoreV1().Pods("kube-system").Delete(t.Context(), "coredns-1", metav1.DeleteOptions{DryRun: dry}); err != nil {
		t.Errorf("delete: %v", err)
	}
	e := &corev1.Event{ObjectMeta: metav1.ObjectMeta{GenerateName: "e-", Namespace: "kube-system"}, InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: "x"}}
	if e, err = client.CoreV1().Events("kube-system").Create(t.Context(), e, metav1.CreateOptions{DryRun: dry}); err != nil || len(e.Name) < 4 {
		t.Errorf("create: %v, %+v", err, e)
	}
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "coredns", Namespace: "kube-system"}, Spec: autoscalingv1.ScaleSpec{Replicas: 0}}
	if scale, err = client.AppsV1().Deployments("kube-system").UpdateScale(t.Context(), "coredns", scale, metav1.UpdateOptions{DryRun: dry}); err != nil || scale.Spec.Replicas != 0 {
		t.Errorf("scale: %v, %+v", err, scale)
	}
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "coredns-1", Namespace: "kube-system"}, DeleteOptions: &metav1.DeleteOptions{DryRun: dry}}
	if err := client.PolicyV1().Evictions("kube-system").Evict(t.Context(), eviction); err != nil {
		t.Errorf("evict: %v", err)
	}
	if after := all(); after != before {
		t.Errorf("a dry run changed something:\n%s\n%s", before, after)
	}
	if _, err := client.CoreV1().ConfigMaps("kube-system").Patch(t.Context(), "coredns", types.MergePatchType, []byte(corefilePatch), metav1.PatchOptions{DryRun: []string{"Some"}}); !apierrors.IsInvalid(err) {
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
		if err := client.CoreV1().Pods("kube-system").Delete(t.Context(), "coredns-1", metav1.DeleteOptions{Preconditions: &p}); !apierrors.IsConflict(err) || !strings.Contains(err.Error(), "Precondition failed") {
			t.Errorf("precondition: %v", err)
		}
	}
	uid = "u-pod1"
	if err := client.CoreV1().Pods("kube-system").Delete(t.Context(), "coredns-1", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}); err != nil {
		t.Error(err)
	}
	if err := client.CoreV1().Pods("kube-system").Delete(t.Context(), "coredns-1", metav1.DeleteOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("twice: %v", err)
	}
	maps := client.CoreV1().ConfigMaps("kube-system")
	if _, err := maps.Patch(t.Context(), "coredns", types.MergePatchType, []byte(`{"metadata":{"finalizers":["example.com/wait"]}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := maps.Delete(t.Context(), "coredns", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if cm, err := maps.Get(t.Context(), "coredns", metav1.GetOptions{}); err != nil || cm.DeletionTimestamp == nil {
		t.Errorf("with a finalizer it only begins to go: %v", err)
	}
	if _, err := maps.Patch(t.Context(), "coredns", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
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
	err := client.PolicyV1().Evictions("kube-system").Evict(t.Context(), &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "coredns-1", Namespace: "kube-system"}})
	if !apierrors.IsTooManyRequests(err) || !apierrors.HasStatusCause(err, policyv1.DisruptionBudgetCause) {
		t.Errorf("against the budget: %v", err)
	}
	if err := client.PolicyV1().Evictions("convocanvas").Evict(t.Context(), &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "convocanvas-2", Namespace: "convocanvas"}}); err != nil {
		t.Errorf("without a budget: %v", err)
	}
}

func TestCreate(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	client := clientFor(t, config(""))
	event := &corev1.Event{ObjectMeta: metav1.ObjectMeta{Name: "e", Namespace: "convocanvas"}, Reason: "Restored", InvolvedObject: corev1.ObjectReference{Kind: "ConfigMap", Name: "coredns"}}
	got, err := client.CoreV1().Events("convocanvas").Create(t.Context(), event, metav1.CreateOptions{})
	if err != nil || got.UID == "" || got.ResourceVersion == "" || got.CreationTimestamp.IsZero() || got.Reason != "Restored" {
		t.Errorf("%v, %+v", err, got)
	}
	if _, err := client.CoreV1().Events("convocanvas").Create(t.Context(), event, metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		t.Errorf("twice: %v", err)
	}
	event.Namespace = "nosuch"
	if _, err := client.CoreV1().Events("nosuch").Create(t.Context(), event, metav1.CreateOptions{}); !apierrors.IsNotFound(err) || !strings.Contains(err.Error(), `namespaces "nosuch" not found`) {
		t.Errorf("in no namespace: %v", err)
	}
	if _, err := client.CoreV1().Secrets("convocanvas").Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s"}}, metav1.CreateOptions{}); !apierrors.IsMethodNotSupported(err) {
		t.Errorf("a Secret: %v", err)
	}
	found, err := client.CoreV1().Events("").List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.name=coredns,reason=Restored"})
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

// people are the demo's: a bot that may read and act for others, an operator who may repair, a viewer who may look.
func people() bundle.ServerOptions {
	rules := slices.Concat(
		bundle.ReadRules([]string{"bot"}, []string{"operators", "viewers"}),
		bundle.ImpersonateRules([]string{"bot"}, []string{"asha", "ben"}, []string{"operators", "viewers"}),
		bundle.OperatorRules(nil, []string{"operators"}))
	return bundle.ServerOptions{
		KeepTimes: true,
		Users:     map[string]bundle.User{"bot-token": {Name: "bot"}, "asha-token": {Name: "asha", Groups: []string{"operators"}}},
		Authorize: bundle.Rules(rules...),
	}
}

func TestWhoMayWhat(t *testing.T) {
	_, config := serve(t, broken(t), people())
	asha, ben := []string{"asha", "operators"}, []string{"ben", "viewers"}
	read := func(c *rest.Config) error {
		_, err := clientFor(t, c).CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
		return err
	}
	patch := func(c *rest.Config) error {
		_, err := clientFor(t, c).AppsV1().Deployments("kube-system").Patch(t.Context(), "coredns", types.MergePatchType, []byte(`{"spec":{"replicas":2}}`), metav1.PatchOptions{DryRun: []string{"All"}})
		return err
	}
	secrets := func(c *rest.Config) error {
		_, err := clientFor(t, c).CoreV1().Secrets("").List(t.Context(), metav1.ListOptions{})
		return err
	}
	for _, c := range []struct {
		name   string
		config *rest.Config
		do     func(*rest.Config) error
		want   string
	}{
		{"the bot reads", config("bot-token"), read, ""},
		{"the bot writes", config("bot-token"), patch, `deployments.apps "coredns" is forbidden: User "bot" cannot patch resource "deployments" in API group "apps" in the namespace "kube-system"`},
		{"the bot and Secrets", config("bot-token"), secrets, `secrets is forbidden: User "bot" cannot list resource "secrets" in API group "" at the cluster scope`},
		{"the bot as an operator", config("bot-token", asha...), patch, ""},
		{"an operator", config("asha-token"), patch, ""},
		{"the bot as a viewer", config("bot-token", ben...), patch, `deployments.apps "coredns" is forbidden: User "ben" cannot patch resource "deployments" in API group "apps" in the namespace "kube-system"`},
		{"the bot as a viewer reads", config("bot-token", ben...), read, ""},
		{"the bot as somebody else", config("bot-token", "mallory"), read, `users "mallory" is forbidden: User "bot" cannot impersonate resource "users" in API group "" at the cluster scope`},
		{"the bot as a master", config("bot-token", "asha", "system:masters"), read, `groups "system:masters" is forbidden: User "bot" cannot impersonate resource "groups"`},
		{"an operator as somebody else", config("asha-token", ben...), read, `users "ben" is forbidden: User "asha" cannot impersonate`},
		{"nobody", config(""), read, "Unauthorized"},
		{"a stranger", config("guess"), read, "Unauthorized"},
	} {
		err := c.do(c.config)
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%s: %v\nwant: %s", c.name, err, c.want)
		case strings.HasSuffix(c.want, "Unauthorized") && !apierrors.IsUnauthorized(err), strings.Contains(c.want, "forbidden") && !apierrors.IsForbidden(err):
			t.Errorf("%s: not the kind of error: %v", c.name, err)
		}
	}
}

func TestReviews(t *testing.T) {
	_, config := serve(t, broken(t), people())
	may := func(c *rest.Config, a authorizationv1.ResourceAttributes) bool {
		t.Helper()
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &a}}
		got, err := clientFor(t, c).AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), review, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return got.Status.Allowed
	}
	patch := authorizationv1.ResourceAttributes{Verb: "patch", Group: "apps", Resource: "deployments", Namespace: "kube-system", Name: "coredns"}
	log := authorizationv1.ResourceAttributes{Verb: "get", Resource: "pods", Subresource: "log", Namespace: "kube-system"}
	asha, ben, bot := config("bot-token", "asha", "operators"), config("bot-token", "ben", "viewers"), config("bot-token")
	asha.ContentType = "application/vnd.kubernetes.protobuf"
	if !may(asha, patch) || may(ben, patch) || may(bot, patch) || !may(ben, log) || !may(bot, log) {
		t.Error("access reviews do not follow the rules")
	}
	me, err := clientFor(t, ben).AuthenticationV1().SelfSubjectReviews().Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil || me.Status.UserInfo.Username != "ben" || !slices.Equal(me.Status.UserInfo.Groups, []string{"viewers", "system:authenticated"}) {
		t.Errorf("%+v, %v", me, err)
	}
	if _, err := clientFor(t, bot).AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), &authorizationv1.SelfSubjectAccessReview{}, metav1.CreateOptions{}); !apierrors.IsBadRequest(err) {
		t.Errorf("a question about nothing: %v", err)
	}
}

func TestDiscovery(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	for _, legacy := range []bool{false, true} {
		d := discovery.NewDiscoveryClientForConfigOrDie(config(""))
		d.UseLegacyDiscovery = legacy
		groups, lists, err := d.ServerGroupsAndResources()
		if err != nil {
			t.Fatal(err)
		}
		if len(groups) < 10 {
			t.Errorf("legacy %v: %d groups", legacy, len(groups))
		}
		seen := map[string]metav1.APIResource{}
		for _, l := range lists {
			for _, r := range l.APIResources {
				seen[l.GroupVersion+" "+r.Name] = r
			}
		}
		for name, want := range map[string]string{"v1 pods": "Pod", "v1 nodes": "Node", "apps/v1 deployments": "Deployment", "apps/v1 deployments/scale": "Scale", "v1 pods/eviction": "Eviction", "v1 pods/status": "Pod", "authorization.k8s.io/v1 selfsubjectaccessreviews": "SelfSubjectAccessReview"} {
			if seen[name].Kind != want {
				t.Errorf("legacy %v: %s is %+v", legacy, name, seen[name])
			}
		}
		if r := seen["v1 pods"]; !r.Namespaced || seen["v1 nodes"].Namespaced || !slices.Contains(r.ShortNames, "po") || !slices.Contains(r.Categories, "all") || !slices.Contains(r.Verbs, "watch") {
			t.Errorf("legacy %v: %+v", legacy, r)
		}
	}
	v, err := discovery.NewDiscoveryClientForConfigOrDie(config("")).ServerVersion()
	if err != nil || v.GitVersion != "v1.36.3" || v.Minor != "36" {
		t.Errorf("version %+v, %v", v, err)
	}
}

func TestOddRequests(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	for _, c := range []struct {
		method, path, body string
		code               int
	}{
		{"GET", "/", "", 404}, {"GET", "/api/v1/pods/x", "", 404}, {"GET", "/api/v2/pods", "", 404}, {"GET", "/apis/apps/v1/namespaces//deployments/x", "", 404},
		{"GET", "/api/v1/namespaces/a/nodes", "", 404}, {"GET", "/api/v1/namespaces/kube-system/pods/coredns-1/exec", "", 404},
		{"GET", "/readyz", "", 200}, {"GET", "/readyz/ping", "", 200}, {"GET", "/api/v1/namespaces/kube-system/status", "", 200},
		{"DELETE", "/api/v1/namespaces/kube-system/pods", "", 405}, {"POST", "/api/v1/namespaces/kube-system/pods/coredns-1", "{}", 405}, {"POST", "/api/v1/pods", "{}", 400},
		{"PUT", "/api/v1/namespaces/kube-system/pods", "{}", 405}, {"GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "", 405},
		{"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "[", 400}, {"PUT", "/api/v1/namespaces/kube-system/configmaps/coredns", "nonsense", 400},
		{"PUT", "/api/v1/namespaces/kube-system/configmaps/coredns", "{}", 400}, {"DELETE", "/api/v1/namespaces/kube-system/configmaps/coredns", "[]", 400},
		{"GET", "/api/v1/pods?limit=-3", "", 200}, {"GET", "/api/v1/pods?limit=x", "", 400}, {"GET", "/api/v1/pods?watch=1&resourceVersion=7&timeoutSeconds=1", "", 410},
		{"GET", "/api/v1/pods?watch=1&sendInitialEvents=true", "", 422}, {"OPTIONS", "/api/v1/pods", "", 200},
	} {
		req, _ := http.NewRequest(c.method, config("").Host+c.path, strings.NewReader(c.body))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.code {
			t.Errorf("%s %s: %d %s, want %d", c.method, c.path, resp.StatusCode, data, c.code)
		}
		var status metav1.Status
		if err := json.Unmarshal(data, &status); c.code >= 400 && (err != nil || status.Kind != "Status" || int(status.Code) != c.code) {
			t.Errorf("%s %s answers no Status: %s", c.method, c.path, data)
		}
	}
}
