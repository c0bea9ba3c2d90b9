package bundle_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func asIs(s string) string { return s }

// captureOptions make a capture of a served bundle comparable with it.
func captureOptions() bundle.Options {
	return bundle.Options{ClusterName: "lab", Version: "test", Redact: asIs, Now: func() time.Time { return capturedBroken }}
}

func TestCaptureOfAServedBundleIsThatBundle(t *testing.T) {
	want := full(t)
	want.Manifest.Redactions = 0
	// what waits shows the log of what crashed
	delete(want.Logs, bundle.LogKey{Namespace: "kube-system", Pod: "coredns-1", Container: "coredns", Previous: true})
	_, config := serve(t, full(t), asCaptured)
	o := captureOptions()
	o.HostFiles, o.Facts = want.HostFiles, want.Facts
	got, err := bundle.Capture(t.Context(), config(""), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, diff := range []string{cmp.Diff(want.Objects, got.Objects), cmp.Diff(want.Logs, got.Logs), cmp.Diff(want.HostFiles, got.HostFiles),
		cmp.Diff(want.Manifest.NotSeen, got.Manifest.NotSeen)} {
		if diff != "" {
			t.Error("-served +captured:\n" + diff)
		}
	}
	if !bytes.Equal(written(t, got), written(t, want)) {
		t.Error("the bytes differ")
	}
}

func TestCaptureOfManyPages(t *testing.T) {
	b := healthy(t)
	for i := range 1200 {
		b.Objects[configMaps] = append(b.Objects[configMaps],
			*object(t, fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: c%04d, namespace: d}}", i)))
	}
	_, config := serve(t, b, asCaptured)
	got, err := bundle.Capture(t.Context(), config(""), captureOptions())
	if err != nil || len(got.Objects[configMaps]) != 1201 {
		t.Errorf("%d of 1201, %v", len(got.Objects[configMaps]), err)
	}
}

func TestCaptureOfOneNamespace(t *testing.T) {
	_, config := serve(t, broken(t), asCaptured)
	o := captureOptions()
	o.Namespace = "convocanvas"
	got, err := bundle.Capture(t.Context(), config(""), o)
	if err != nil {
		t.Fatal(err)
	}
	for gvr, want := range map[string]int{"pods": 1, "configmaps": 0, "events": 0, "namespaces": 1, "nodes": 1} {
		if n := len(got.Objects[pods.GroupVersion().WithResource(gvr)]); n != want {
			t.Errorf("%d %s, want %d", n, gvr, want)
		}
	}
	if got.Manifest.Namespace != "convocanvas" {
		t.Errorf("manifest: %+v", got.Manifest)
	}
}

func TestCaptureSaysWhatItMayNotSee(t *testing.T) {
	o := people()
	o.Authorize = bundle.Rules(bundle.Rule{Users: []string{"bot"}, Verbs: []string{"list"}, APIGroups: []string{""},
		Resources: []string{"pods", "nodes"}})
	_, config := serve(t, broken(t), o)
	got, err := bundle.Capture(t.Context(), config("bot-token"), captureOptions())
	if err != nil {
		t.Fatal(err)
	}
	if !got.Seen(pods) || !got.Seen(nodes) || got.Seen(deployments) || len(got.Logs) != 0 {
		t.Errorf("saw %v", got.Manifest.Kinds)
	}
	why := map[string]string{}
	for _, n := range got.Manifest.NotSeen {
		why[n.What] = n.Why
	}
	if !strings.Contains(why["deployments.apps"], `User "bot" cannot list resource "deployments"`) ||
		!strings.Contains(why["the log of 1 container on leveling-pc"], `cannot get resource "pods/log"`) || why["secrets"] == "" {
		t.Errorf("%v", why)
	}
	if _, err := bundle.Capture(t.Context(), config("wrong"), captureOptions()); err == nil ||
		!strings.Contains(err.Error(), "are the kubeconfig's credentials still valid?") {
		t.Errorf("with no rights at all: %v", err)
	}
}

func TestCaptureOfNoCluster(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err := bundle.Capture(t.Context(), &rest.Config{Host: gone.URL}, captureOptions())
	if err == nil || !strings.Contains(err.Error(), gone.URL) ||
		!strings.Contains(err.Error(), "is the address right and the API server up?") {
		t.Errorf("nobody there: %v", err)
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	if _, err := bundle.Capture(t.Context(), &rest.Config{Host: other.URL}, captureOptions()); err == nil ||
		!strings.Contains(err.Error(), "nothing could be listed") {
		t.Errorf("no API server: %v", err)
	}
	o := captureOptions()
	o.Redact = nil
	if _, err := bundle.Capture(t.Context(), &rest.Config{Host: other.URL}, o); err == nil || !strings.Contains(err.Error(), "no redactor") {
		t.Errorf("without a redactor: %v", err)
	}
	_, config := serve(t, broken(t), asCaptured)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bundle.Capture(ctx, config(""), captureOptions()); err == nil {
		t.Error("cancelled, and yet it has a bundle")
	}
}

// hide is a redactor in small: it knows a secret word, and names that speak of secrets.
func hide(s string) string {
	if name, _, ok := strings.Cut(s, ": \""); ok && strings.Contains(strings.ToLower(name), "password") {
		return name + `: "[redacted]"`
	}
	return strings.ReplaceAll(s, "hunter2", "[redacted]")
}

func TestCaptureRedacts(t *testing.T) {
	b := worldOf(t, capturedBroken, `
apiVersion: v1
kind: Pod
metadata:
  name: p
  namespace: d
  annotations: {note: "login hunter2", "kubectl.kubernetes.io/last-applied-configuration": "{all of it}"}
  managedFields: [{manager: m, operation: Update, apiVersion: v1, time: "2025-10-02T22:00:00Z", fieldsType: FieldsV1, fieldsV1: {"f:spec": {}}}]
spec:
  containers:
  - name: c
    image: hunter2/image
    command: [run, --key=hunter2]
    args: [hunter2]
    env: [{name: DB_PASSWORD, value: tiger}, {name: MODE, value: hunter2}, {name: FROM, valueFrom: {secretKeyRef: {name: s, key: k}}}]
    livenessProbe: {httpGet: {path: /, port: 80, httpHeaders: [{name: Password, value: lion}]}}
status: {message: "bad hunter2", containerStatuses: [{name: c, restartCount: 1, state: {terminated: {exitCode: 1}}}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cm, namespace: d}
data: {password: puma, plain: "x", "a.conf": "first\nkey hunter2\n"}
binaryData: {store: aHVudGVyMg==}
---
apiVersion: v1
kind: Event
metadata: {name: e, namespace: d}
involvedObject: {kind: Pod, name: p}
message: failed with hunter2
`)
	key := bundle.LogKey{Namespace: "d", Pod: "p", Container: "c"}
	b.Logs[key] = []byte("connecting with hunter2\n")
	_, config := serve(t, b, asCaptured)
	o := captureOptions()
	o.Redact = hide
	o.HostFiles = map[bundle.HostKey][]byte{{Node: "n", Path: "/f"}: []byte("hunter2")}
	o.Facts = json.RawMessage(`{"a":[{"password":"lynx","n":1.5}],"b":"hunter2"}`)
	got, err := bundle.Capture(t.Context(), config(""), o)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, list := range got.Objects {
		data, _ := json.Marshal(list)
		all.Write(data)
	}
	fmt.Fprint(&all, string(got.Logs[key]), string(got.HostFiles[bundle.HostKey{Node: "n", Path: "/f"}]), string(got.Facts))
	text := all.String()
	for _, secret := range []string{"hunter2", "tiger", "lion", "puma", "lynx", "aHVudGVyMg", "all of it", "fieldsV1"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is still there:\n%s", secret, text)
		}
	}
	for _, kept := range []string{`"MODE"`, `"secretKeyRef":{"key":"k","name":"s"}`, `"plain":"x"`, `"store":""`, "first\\nkey [redacted]",
		`"manager":"m"`, `"n":1.5`} {
		if !strings.Contains(text, kept) {
			t.Errorf("%s is lost:\n%s", kept, text)
		}
	}
	if got.Manifest.Redactions != 16 { // 8 in the pod, 3 in the ConfigMap, 1 each in the event, the log and the host file, 2 in the facts
		t.Errorf("%d redactions", got.Manifest.Redactions)
	}
}

func TestLogsAreBounded(t *testing.T) {
	b := broken(t)
	key := bundle.LogKey{Namespace: "kube-system", Pod: "coredns-1", Container: "coredns"}
	b.Logs[key] = []byte(strings.Repeat(strings.Repeat("x", 9999)+"\n", 100) + "the end\n")
	_, config := serve(t, b, asCaptured)
	got, err := bundle.Capture(t.Context(), config(""), captureOptions())
	if err != nil {
		t.Fatal(err)
	}
	if log := string(got.Logs[key]); len(log) > snapshot.LogBytes || !strings.HasSuffix(log, "x\nthe end\n") {
		t.Errorf("%d bytes: %.80s", len(log), log)
	}
}

func TestCaptureIsBounded(t *testing.T) {
	b := broken(t)
	value := strings.Repeat("v", 1000)
	for i := range 100 {
		b.Objects[configMaps] = append(b.Objects[configMaps],
			*object(t, fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: c%03d, namespace: d}, data: {k: %s}}", i, value)))
		b.Objects[events] = append(b.Objects[events], *object(t, fmt.Sprintf(`
{apiVersion: v1, kind: Event, metadata: {name: e%03d, namespace: d}, involvedObject: {kind: Pod, namespace: d, name: p}, message: %s, lastTimestamp: "2025-10-02T22:%02d:00Z"}`, i, value[:200], i%60)))
	}
	_, config := serve(t, b, asCaptured)
	for _, c := range []struct {
		size    int64
		without []string
		events  int
	}{
		{0, nil, 101},
		{150_000, nil, 51},
		{60_000, []string{"configmaps"}, 101},
		{5_000, []string{"configmaps", "events"}, 0},
		{100, []string{"configmaps", "events", "pods", "nodes", "namespaces"}, 0},
	} {
		o := captureOptions()
		o.MaxSize = c.size
		got, err := bundle.Capture(t.Context(), config(""), o)
		if err != nil {
			t.Fatal(err)
		}
		blind := fmt.Sprint(got.Manifest.NotSeen)
		for _, kind := range []string{"configmaps", "events", "pods", "nodes", "namespaces"} {
			gvr, gone := pods.GroupVersion().WithResource(kind), slices.Contains(c.without, kind)
			if got.Seen(gvr) == gone || strings.Contains(blind, "{"+kind+" left out") != gone {
				t.Errorf("at most %d bytes: %s seen: %v; not seen: %s", c.size, kind, got.Seen(gvr), blind)
			}
		}
		if n := len(got.Objects[events]); n < c.events-1 || n > c.events+1 {
			t.Errorf("at most %d bytes: %d events, want about %d", c.size, n, c.events)
		}
		for _, e := range got.Objects[events] {
			if at, _, _ := unstructured.NestedString(e.Object, "lastTimestamp"); c.events == 51 && at < "2025-10-02T22:25:00Z" {
				t.Errorf("at most %d bytes: an old event stayed: %s", c.size, at)
			}
		}
	}
	for _, size := range []int64{-1, bundle.MaxSize + 1} {
		o := captureOptions()
		o.MaxSize = size
		if _, err := bundle.Capture(t.Context(), config(""), o); err == nil || !strings.Contains(err.Error(), "must be between") {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
