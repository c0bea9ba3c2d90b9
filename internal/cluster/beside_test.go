package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// stub is an API server that knows the answers given, by path, and refuses the rest.
func stub(t *testing.T, answers map[string]http.HandlerFunc) *Reader {
	t.Helper()
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer, ok := answers[r.URL.Path]; ok {
			answer(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"no","code":403}`)
	}))
	t.Cleanup(h.Close)
	r, err := New(&rest.Config{Host: h.URL}, "stub")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}
}

const discovered = `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},"items":[
 {"metadata":{"name":"apps"},"versions":[{"version":"v1","resources":[{"resource":"deployments","responseKind":{"group":"","version":"","kind":"Deployment"},"scope":"Namespaced","verbs":["list"]}]}]},
 {"metadata":{"name":"events.k8s.io"},"versions":[{"version":"v1","resources":[{"resource":"events","responseKind":{"group":"","version":"","kind":"Event"},"scope":"Namespaced","verbs":["list"]}]}]},
 {"metadata":{"name":"apiregistration.k8s.io"},"versions":[{"version":"v1","resources":[{"resource":"apiservices","responseKind":{"group":"","version":"","kind":"APIService"},"scope":"Cluster","verbs":["get","list"]}]}]},
 {"metadata":{"name":"custom.metrics.k8s.io"},"versions":[{"version":"v1","resources":[{"resource":"pods","responseKind":{"group":"","version":"","kind":"MetricValueList"},"scope":"Namespaced","verbs":["list"]}]}]},
 {"metadata":{"name":"example.com"},"versions":[
  {"version":"v2","resources":[{"resource":"widgets","responseKind":{"group":"","version":"","kind":"Widget"},"scope":"Namespaced","verbs":["get","list"]},{"resource":"reviews","responseKind":{"group":"","version":"","kind":"Review"},"scope":"Cluster","verbs":["create"]}]},
  {"version":"v1","resources":[{"resource":"widgets","responseKind":{"group":"","version":"","kind":"Widget"},"scope":"Namespaced","verbs":["get","list"]}]}]},
 {"metadata":{"name":"hidden.example.com"},"versions":[{"version":"v1","resources":[{"resource":"locks","responseKind":{"group":"","version":"","kind":"Lock"},"scope":"Namespaced","verbs":["list"]},{"resource":"keys","responseKind":{"group":"","version":"","kind":"Key"},"scope":"Namespaced","verbs":["list"]}]}]},
 {"metadata":{"name":"stale.example.com"},"versions":[{"version":"v1","freshness":"Stale"}]}]}`

// Each kind that Kubernetes does not know by itself is listed in its group's preferred version, and each group that is not to be seen is
// said once.
func TestCustomResourcesAreListed(t *testing.T) {
	var limit string
	r := stub(t, map[string]http.HandlerFunc{
		"/apis": says(discovered),
		"/apis/apiregistration.k8s.io/v1/apiservices": says(`{"items":[{"metadata":{"name":"v1.example.com"},"spec":{"group":"example.com","service":{"name":"w","namespace":"ops"}},"status":{"conditions":[{"type":"Available","status":"True"}]}}]}`),
		"/apis/example.com/v2/widgets": func(w http.ResponseWriter, r *http.Request) {
			limit = r.URL.Query().Get("limit")
			says(`{"metadata":{"continue":"more"},"items":[{"apiVersion":"example.com/v2","kind":"Widget","metadata":{"name":"w1","namespace":"shop","annotations":{"a":"b"}},"spec":{"suspend":true,"size":3,"template":{"x":"`+strings.Repeat("x", 4000)+`"}},"status":{"ready":1}},null]}`)(w, r)
		},
	})
	list, blind := r.customs(t.Context(), "", new(failures))
	var names []string
	for i := range list {
		names = append(names, list[i].GetAPIVersion()+" "+snapshot.CustomObject(&list[i]).String())
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"apiregistration.k8s.io/v1 APIService/v1.example.com", "example.com/v2 Widget/shop/w1"}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, o := range list {
		spec := o.Object["spec"].(map[string]any)
		if _, has := spec["template"]; o.GetKind() == "Widget" && (has || spec["size"] != int64(3) || len(o.GetAnnotations()) > 0) {
			t.Errorf("not slimmed: %v", o.Object)
		}
	}
	if limit != "500" {
		t.Errorf("asked for %q objects", limit)
	}
	want := []incident.NotSeen{
		{What: "custom resources of example.com", Why: "widgets: there are more than 500 widgets",
			Resources: []incident.Resource{"widgets.example.com"}},
		{What: "custom resources of hidden.example.com", Why: "keys: forbidden: grant the bot list on it (deploy/kubernetes/rbac.yaml)",
			Forbidden: true,
			Resources: []incident.Resource{"keys.hidden.example.com", "locks.hidden.example.com"}},
		{What: "custom resources of stale.example.com", Why: "its API does not answer", Resources: []incident.Resource{"*.stale.example.com"}},
	}
	if diff := cmp.Diff(want, blind); diff != "" {
		t.Errorf("not seen: -want +got:\n%s", diff)
	}
}

func TestCustomResourcesOfOneNamespace(t *testing.T) {
	r := stub(t, map[string]http.HandlerFunc{
		"/apis":                        says(discovered),
		"/apis/example.com/v2/widgets": func(http.ResponseWriter, *http.Request) { t.Error("all namespaces were asked for") },
		"/apis/example.com/v2/namespaces/shop/widgets": says(`{"items":[{"metadata":{"name":"w1","namespace":"shop"}}]}`),
	})
	if list, _ := r.customs(t.Context(), "shop", new(failures)); len(list) != 1 || list[0].GetKind() != "Widget" {
		t.Errorf("%v", list)
	}
}

func TestHealthIsReadFromAFailingAnswer(t *testing.T) {
	r := stub(t, map[string]http.HandlerFunc{"/readyz": func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("verbose") {
			t.Error("not asked for each check")
		}
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "[+]ping ok\n[-]etcd failed: reason withheld\n[+]poststarthook/start-apiextensions-informers ok\nreadyz check failed\n")
	}})
	got, blind := r.health(t.Context())
	want := []snapshot.Health{{Name: "ping", OK: true}, {Name: "etcd", Words: "reason withheld"},
		{Name: "poststarthook/start-apiextensions-informers", OK: true}}
	if diff := cmp.Diff(want, got); diff != "" || len(blind) > 0 {
		t.Errorf("-want +got:\n%s%v", diff, blind)
	}
	if _, blind := stub(t, nil).health(t.Context()); len(blind) != 1 {
		t.Errorf("a refusal is not said: %v", blind)
	}
}

// pair makes a certificate and its key, as a TLS Secret holds them.
func pair(t *testing.T) (certificate, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "web"}, DNSNames: []string{"web.example.com"},
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY",
		Bytes: private})
}

// Of Secrets the names, keys, labels and public facts are known; no value reaches the Snapshot, in whatever form.
func TestNoValueOfASecretIsKept(t *testing.T) {
	const hunter = "hunter2-correct-horse"
	cert, key := pair(t)
	_, other := pair(t)
	list := corev1.SecretList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "SecretList"}, Items: []corev1.Secret{
		{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "db", Labels: map[string]string{"app": "db"},
			Annotations: map[string]string{"kubectl.kubernetes.io/last-applied-configuration": hunter}}, Type: "Opaque",
			Data: map[string][]byte{"password": []byte(hunter), "user": []byte(hunter)}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-tls"}, Type: corev1.SecretTypeTLS,
			Data: map[string][]byte{"tls.crt": cert, "tls.key": key}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "api-tls"}, Type: corev1.SecretTypeTLS,
			Data: map[string][]byte{"tls.crt": cert, "tls.key": other}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "bad-tls"}, Type: corev1.SecretTypeTLS,
			Data: map[string][]byte{"tls.crt": []byte(hunter), "tls.key": []byte(hunter)}},
	}}
	body, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	r := stub(t, map[string]http.HandlerFunc{"/api/v1/secrets": func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("fieldSelector") == "type=helm.sh/release.v1" {
			says(`{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","items":[{"metadata":{"name":"sh.helm.release.v1.web.v3","namespace":"shop","labels":{"status":"failed"}}}]}`)(w, r)
			return
		}
		says(string(body))(w, r)
	}})
	got, complete, blind := r.secrets(t.Context(), "")
	if !complete || len(blind) > 0 || len(got) != 5 {
		t.Fatalf("%d secrets, complete %v, %v", len(got), complete, blind)
	}
	yes, no := true, false
	facts := snapshot.Certificate{Subject: "CN=web", Issuer: "CN=web", Names: []string{"web.example.com"},
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}
	well, wrong := facts, facts
	well.KeyMatches, wrong.KeyMatches = &yes, &no
	want := []snapshot.Secret{
		{Namespace: "shop", Name: "db", Type: "Opaque", Keys: []string{"password", "user"}, Labels: map[string]string{"app": "db"}},
		{Namespace: "shop", Name: "web-tls", Type: "kubernetes.io/tls", Keys: []string{"tls.crt", "tls.key"}, Certificate: &well},
		{Namespace: "shop", Name: "api-tls", Type: "kubernetes.io/tls", Keys: []string{"tls.crt", "tls.key"}, Certificate: &wrong},
		{Namespace: "shop", Name: "bad-tls", Type: "kubernetes.io/tls", Keys: []string{"tls.crt", "tls.key"},
			Certificate: &snapshot.Certificate{Error: "no certificate in PEM form"}},
		{Namespace: "shop", Name: "sh.helm.release.v1.web.v3", Type: "helm.sh/release.v1", Keys: []string{"release"},
			Labels: map[string]string{"status": "failed"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	out, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{hunter, "PRIVATE KEY", "BEGIN", strings.Split(string(key), "\n")[1]} {
		if strings.Contains(string(out), value) {
			t.Errorf("the Snapshot holds %q", value)
		}
	}
}

func TestSecretsThatMayNotBeReadAreSaid(t *testing.T) {
	list, complete, blind := stub(t, nil).secrets(t.Context(), "")
	if len(list) > 0 || complete || len(blind) != 1 || !strings.Contains(blind[0].Why, "rbac-secrets.yaml.example") {
		t.Errorf("%v, complete %v, %v", list, complete, blind)
	}
}
