package write

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

var (
	ada = incident.Identity{User: "ada", Groups: []string{"operators", "night"}}
	web = incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}
)

// answer starts an API server that says one thing, and returns a client of it and what it was last asked.
func answer(t *testing.T, code int, body string) (*Client, *http.Request) {
	t.Helper()
	asked := new(http.Request)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		*asked = *r
		asked.Body = io.NopCloser(strings.NewReader(string(b)))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	c, err := New(&rest.Config{Host: s.URL, BearerToken: "bot"})
	if err != nil {
		t.Fatal(err)
	}
	return c, asked
}

func status(code int, reason, message string) string {
	return fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"reason":%q,"message":%q}`, code, reason, message)
}

func writer(t *testing.T, c *Client) *Writer {
	t.Helper()
	w, err := c.WriterFor(ada)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestPatchActsAsThePerson(t *testing.T) {
	c, asked := answer(t, 200, `{"kind":"Deployment"}`)
	got, err := writer(t, c).Patch(t.Context(), web, []byte(`{"spec":{"paused":true}}`), true)
	if err != nil || string(got) != `{"kind":"Deployment"}` {
		t.Fatalf("%s, %v", got, err)
	}
	for what, v := range map[string][2]string{
		"method": {asked.Method, "PATCH"}, "path": {asked.URL.Path, "/apis/apps/v1/namespaces/shop/deployments/web"},
		"dry-run": {asked.URL.Query().Get("dryRun"), "All"}, "manager": {asked.URL.Query().Get("fieldManager"), "paramedic"},
		"type": {asked.Header.Get("Content-Type"), "application/merge-patch+json"},
		"user": {asked.Header.Get("Impersonate-User"), "ada"}, "groups": {fmt.Sprint(asked.Header["Impersonate-Group"]), "[operators night]"},
		"token": {asked.Header.Get("Authorization"), "Bearer bot"},
	} {
		if v[0] != v[1] {
			t.Errorf("%s is %q, want %q", what, v[0], v[1])
		}
	}
	if _, err := writer(t, c).Patch(t.Context(), web, []byte(`{}`), false); err != nil || asked.URL.Query().Has("dryRun") {
		t.Errorf("an act is a dry-run: %v, %v", asked.URL, err)
	}
}

func TestCanAsksAsThePerson(t *testing.T) {
	right := incident.Right{Verb: "create", Resource: "pods/eviction", Namespace: "shop", Name: "web-1"}
	c, asked := answer(t, 201, `{"status":{"allowed":false,"reason":"no RBAC policy matched"}}`)
	ok, reason, err := writer(t, c).Can(t.Context(), right)
	if ok || err != nil || reason != "ada may not create pods/eviction web-1 in shop: no RBAC policy matched" {
		t.Errorf("%v %q %v", ok, reason, err)
	}
	var review struct {
		Spec struct{ ResourceAttributes map[string]string }
	}
	if err := json.NewDecoder(asked.Body).Decode(&review); err != nil {
		t.Fatal(err)
	}
	if a := review.Spec.ResourceAttributes; a["resource"] != "pods" || a["subresource"] != "eviction" || a["verb"] != "create" ||
		asked.Header.Get("Impersonate-User") != "ada" {
		t.Errorf("asked %v as %s", a, asked.Header.Get("Impersonate-User"))
	}
	yes, _ := answer(t, 201, `{"status":{"allowed":true}}`)
	if ok, reason, err := writer(t, yes).Can(t.Context(), right); !ok || reason != "" || err != nil {
		t.Errorf("%v %q %v", ok, reason, err)
	}
}

func TestErrorsSayWhoLacksWhat(t *testing.T) {
	for name, c := range map[string]struct {
		code            int
		reason, message string
		is              func(error) bool
		want            []string
	}{
		"forbidden": {403, "Forbidden", `deployments.apps "web" is forbidden: User "ada" cannot patch resource`, apierrors.IsForbidden,
			[]string{"patch Deployment/shop/web as ada", "cannot patch resource",
				`"patch deployment web in shop" to ada or one of the groups operators, night`}},
		"may not impersonate": {403, "Forbidden", `users "ada" is forbidden: User "bot" cannot impersonate resource "users"`,
			apierrors.IsForbidden,
			[]string{"Paramedic may not act as this user", "resourceNames for its account"}},
		"conflict":   {409, "Conflict", "the object has been modified", apierrors.IsConflict, []string{"somebody else changed it", "look again"}},
		"gone":       {404, "NotFound", `deployments.apps "web" not found`, apierrors.IsNotFound, []string{"it is gone"}},
		"bad token":  {401, "Unauthorized", "Unauthorized", apierrors.IsUnauthorized, []string{"credentials"}},
		"impossible": {422, "Invalid", "spec.replicas: Invalid value", apierrors.IsInvalid, []string{"spec.replicas: Invalid value"}},
	} {
		client, _ := answer(t, c.code, status(c.code, c.reason, c.message))
		_, err := writer(t, client).Patch(t.Context(), web, []byte(`{}`), false)
		if err == nil || !c.is(err) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q does not say %q", name, err, w)
			}
		}
	}
}

func TestNobodyAnswers(t *testing.T) {
	c, err := New(&rest.Config{Host: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Reader()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Get(t.Context(), web); err == nil || !strings.Contains(err.Error(), "did not answer") {
		t.Error(err)
	}
	if _, _, err := writer(t, c).Can(t.Context(), incident.Right{Verb: "get", Resource: "pods"}); err == nil {
		t.Error("a right without an answer")
	}
}

func TestReaderReadsWithQuorum(t *testing.T) {
	c, asked := answer(t, 200, `{"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}`)
	r, err := c.Reader()
	if err != nil {
		t.Fatal(err)
	}
	items, err := r.List(t.Context(), "Pod", "shop", "app=web")
	if err != nil || len(items) != 2 || string(items[1]) != `{"metadata":{"name":"b"}}` {
		t.Errorf("%s, %v", items, err)
	}
	if q := asked.URL.Query(); q.Has("resourceVersion") || q.Get("labelSelector") != "app=web" ||
		asked.URL.Path != "/api/v1/namespaces/shop/pods" || asked.Header.Get("Impersonate-User") != "" {
		t.Errorf("asked %v", asked.URL)
	}
	more, _ := answer(t, 200, `{"metadata":{"continue":"x"},"items":[]}`)
	if r, err = more.Reader(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.List(t.Context(), "Pod", "shop", ""); err == nil {
		t.Error("a part passed for the whole")
	}
}

func TestWhatIsNotConfiguredIsRefused(t *testing.T) {
	if _, err := New(&rest.Config{}); err == nil {
		t.Error("no server")
	}
	c, _ := answer(t, 200, "{}")
	if _, err := c.WriterFor(incident.Identity{Groups: []string{"operators"}}); err == nil {
		t.Error("nobody")
	}
	for _, o := range []incident.Object{{Kind: "Secret", Namespace: "shop", Name: "x"}, {Kind: "Node", Namespace: "shop", Name: "x"},
		{Kind: "Pod", Name: "x"}} {
		if _, err := writer(t, c).Patch(t.Context(), o, []byte(`{}`), false); err == nil {
			t.Errorf("patched %v", o)
		}
	}
}
