package metrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/straight"
)

func TestQuery(t *testing.T) {
	var token string
	answers := map[string]string{
		"one":    `{"resultType":"vector","result":[{"metric":{"pod":"a"},"value":[1,"42"]}]}`,
		"none":   `{"resultType":"vector","result":[]}`,
		"two":    `{"resultType":"vector","result":[{"metric":{"pod":"a"},"value":[1,"1"]},{"metric":{"pod":"b"},"value":[1,"2"]}]}`,
		"scalar": `{"resultType":"scalar","result":[1,"0.5"]}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token = r.Header.Get("Authorization")
		answer, ok := answers[r.FormValue("query")]
		if !ok {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"status":"error","errorType":"bad_data","error":"parse error"}`)
			return
		}
		fmt.Fprintf(w, `{"status":"success","data":%s}`, answer)
	}))
	defer server.Close()
	p, err := New(server.URL+"/", func() string { return "sesame" }, straight.Way{})
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]struct {
		value float64
		ok    bool
		err   string
	}{"one": {42, true, ""}, "none": {0, false, ""}, "two": {0, false, ""}, "scalar": {0.5, true, ""}, "what(": {0, false, "parse error"}} {
		value, ok, err := p.Query(t.Context(), query)
		if value != want.value || ok != want.ok || (err != nil) != (want.err != "") || err != nil && !strings.Contains(err.Error(), want.err) {
			t.Errorf("%s: %v, %v, %v; want %+v", query, value, ok, err, want)
		}
	}
	if token != "Bearer sesame" {
		t.Errorf("the token sent is %q", token)
	}
}

func TestAddressesAreChecked(t *testing.T) {
	for _, address := range []string{"", "prometheus:9090", "ftp://prometheus", "http://"} {
		if _, err := New(address, nil, straight.Way{}); err == nil {
			t.Errorf("%q is taken for an address", address)
		}
	}
}

// The token is for Prometheus, and not for whom it sends us to.
func TestNoRedirectIsFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("asked elsewhere, with %q", r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	p, err := New(server.URL, func() string { return "sesame" }, straight.Way{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Query(t.Context(), "up"); err == nil || !strings.Contains(err.Error(), "redirects to "+elsewhere.URL) {
		t.Errorf("%v", err)
	}
}
