package write

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

// stage is a Stage on an API server that serves pods and nodes, has no object, and remembers what it was asked.
func stage(t *testing.T) (*Stage, *[]string) {
	t.Helper()
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/api/v1" {
			fmt.Fprint(w, `{"kind":"APIResourceList","resources":[{"name":"pods","kind":"Pod","namespaced":true},{"name":"pods/status","kind":"Pod","namespaced":true},{"name":"nodes","kind":"Node"}]}`)
			return
		}
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type")+" "+r.URL.RawQuery+" "+string(body))
		if r.Method == http.MethodGet || r.Method == http.MethodDelete || r.URL.Path == "/apis/example.org/v1" {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, status(404, "NotFound", "not found"))
			return
		}
		fmt.Fprint(w, `{}`)
	}))
	t.Cleanup(s.Close)
	c, err := New(&rest.Config{Host: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	st, err := c.Stage()
	if err != nil {
		t.Fatal(err)
	}
	return st, &asked
}

func object(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(manifest), &o.Object); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestStageAppliesAndDeletesWholeObjects(t *testing.T) {
	s, asked := stage(t)
	pod := object(t, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop","finalizers":["x/y"]}}`)
	for _, err := range []error{s.Apply(t.Context(), pod, ""), s.Apply(t.Context(), pod, "status"), s.Delete(t.Context(), pod)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if gone, err := s.Gone(t.Context(), pod); !gone || err != nil {
		t.Errorf("%v, %v", gone, err)
	}
	body := `{"apiVersion":"v1","kind":"Pod","metadata":{"finalizers":["x/y"],"name":"a","namespace":"shop"}}`
	want := []string{
		"PATCH /api/v1/namespaces/shop/pods/a application/apply-patch+yaml fieldManager=paramedic&force=true&timeout=15s " + body,
		"PATCH /api/v1/namespaces/shop/pods/a/status application/apply-patch+yaml fieldManager=paramedic&force=true&timeout=15s " + body,
		`PATCH /api/v1/namespaces/shop/pods/a application/merge-patch+json fieldManager=paramedic&timeout=15s {"metadata":{"finalizers":null}}`,
		`DELETE /api/v1/namespaces/shop/pods/a application/json timeout=15s {"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"propagationPolicy":"Background"}`,
		"GET /api/v1/namespaces/shop/pods/a  timeout=15s ",
	}
	if !slices.Equal(*asked, want) {
		t.Errorf("asked %q", *asked)
	}
}

func TestStageKnowsWhatIsServed(t *testing.T) {
	s, _ := stage(t)
	for kind, want := range map[string]bool{"Pod": true, "Node": false} {
		if got, err := s.Namespaced(t.Context(), "v1", kind); got != want || err != nil {
			t.Errorf("%s: %v, %v", kind, got, err)
		}
	}
	widget := object(t, `{"apiVersion":"example.org/v1","kind":"Widget","metadata":{"name":"a"}}`)
	if err := s.Apply(t.Context(), widget, ""); !apierrors.IsNotFound(err) {
		t.Errorf("applied a kind that is not served: %v", err)
	}
	if err := s.Delete(t.Context(), widget); err != nil {
		t.Errorf("what can't be there can be deleted: %v", err)
	}
	if gone, err := s.Gone(t.Context(), widget); !gone || err != nil {
		t.Errorf("%v, %v", gone, err)
	}
	if err := s.Delete(t.Context(), object(t, `{"apiVersion":"v1","kind":"Gadget","metadata":{"name":"a"}}`)); err != nil {
		t.Error(err)
	}
}
