package bundle_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

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
		if _, err := client.CoreV1().Pods("kube-system").Get(t.Context(), "nosuch", metav1.GetOptions{}); !apierrors.IsNotFound(err) ||
			err.Error() != `pods "nosuch" not found` {
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
	for _, o := range []metav1.ListOptions{{FieldSelector: "spec.color=red"}, {LabelSelector: "a in ("}, {ResourceVersion: "x"},
		{Continue: "!"}} {
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
	if err != nil || len(second.Items) != 1 || second.Continue != "" || second.Items[0].Name == first.Items[0].Name ||
		second.ResourceVersion != first.ResourceVersion {
		t.Errorf("%+v, %v", second, err)
	}
	s.Delete(pods, "convocanvas", "convocanvas-1")
	if _, err := client.CoreV1().Pods("").List(t.Context(),
		metav1.ListOptions{Limit: 1, Continue: first.Continue}); !apierrors.IsResourceExpired(err) {
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
	if got, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{ResourceVersion: list.ResourceVersion}); err != nil ||
		len(got.Items) != 1 {
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
		{"coredns-1", corev1.PodLogOptions{Container: "coredns", TailLines: n(1)},
			"2025-10-02T23:19:00.500Z [FATAL] plugin/loop: Loop detected\n"},
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
	if _, err := readLog(t, clientFor(t, config("")), "convocanvas", "convocanvas-1", corev1.PodLogOptions{}); err == nil ||
		!strings.Contains(err.Error(), "choose one of: [app side]") {
		t.Errorf("two containers: %v", err)
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
		for name, want := range map[string]string{"v1 pods": "Pod", "v1 nodes": "Node", "apps/v1 deployments": "Deployment",
			"apps/v1 deployments/scale": "Scale", "v1 pods/eviction": "Eviction", "v1 pods/status": "Pod",
			"authorization.k8s.io/v1 selfsubjectaccessreviews": "SelfSubjectAccessReview"} {
			if seen[name].Kind != want {
				t.Errorf("legacy %v: %s is %+v", legacy, name, seen[name])
			}
		}
		if r := seen["v1 pods"]; !r.Namespaced || seen["v1 nodes"].Namespaced || !slices.Contains(r.ShortNames, "po") ||
			!slices.Contains(r.Categories, "all") || !slices.Contains(r.Verbs, "watch") {
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
		{"GET", "/", "", 404}, {"GET", "/api/v1/pods/x", "", 404}, {"GET", "/api/v2/pods", "", 404},
		{"GET", "/apis/apps/v1/namespaces//deployments/x", "", 404},
		{"GET", "/api/v1/namespaces/a/nodes", "", 404}, {"GET", "/api/v1/namespaces/kube-system/pods/coredns-1/exec", "", 404},
		{"GET", "/readyz", "", 200}, {"GET", "/readyz/ping", "", 200}, {"GET", "/api/v1/namespaces/kube-system/status", "", 200},
		{"DELETE", "/api/v1/namespaces/kube-system/pods", "", 405}, {"POST", "/api/v1/namespaces/kube-system/pods/coredns-1", "{}", 405},
		{"POST", "/api/v1/pods", "{}", 400},
		{"PUT", "/api/v1/namespaces/kube-system/pods", "{}", 405}, {"GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "", 405},
		{"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "[", 400}, {"PUT", "/api/v1/namespaces/kube-system/configmaps/coredns",
			"nonsense", 400},
		{"PUT", "/api/v1/namespaces/kube-system/configmaps/coredns", "{}", 400}, {"DELETE", "/api/v1/namespaces/kube-system/configmaps/coredns",
			"[]", 400},
		{"GET", "/api/v1/pods?limit=-3", "", 200}, {"GET", "/api/v1/pods?limit=x", "", 400},
		{"GET", "/api/v1/pods?watch=1&resourceVersion=7&timeoutSeconds=1", "", 410},
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
