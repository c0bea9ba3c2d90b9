package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// What Alertmanager 0.28 sends for two alerts of a group, one of them over.
const message = `{"receiver":"paramedic","status":"firing","alerts":[
 {"status":"firing","labels":{"alertname":"PodCrashLooping","namespace":"shop","pod":"checkout-1"},
  "annotations":{"summary":"Pod shop/checkout-1 crash-loops","description":"4 restarts in 10 minutes"},
  "startsAt":"2025-10-03T02:15:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus/graph?g0","fingerprint":"c5a1f2d3e4b59687"},
 {"status":"resolved","labels":{"alertname":"TargetDown","job":"api"},"annotations":{},
  "startsAt":"2025-10-03T02:10:00Z","endsAt":"2025-10-03T02:20:00Z","generatorURL":"","fingerprint":"0011223344556677"}],
 "groupLabels":{"namespace":"shop"},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://alertmanager","version":"4",
 "groupKey":"{}:{namespace=\"shop\"}","truncatedAlerts":0}`

func TestEachAlertIsASignal(t *testing.T) {
	got, err := Parse([]byte(message), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []incident.Signal{
		{Kind: "alert", Status: incident.Firing, Fingerprint: "c5a1f2d3e4b59687", Group: `{}:{namespace="shop"}`,
			Title: "Pod shop/checkout-1 crash-loops", Since: time.Date(2025, 10, 3, 2, 15, 0, 0, time.UTC),
			Text: "4 restarts in 10 minutes", Labels: map[string]string{"alertname": "PodCrashLooping", "namespace": "shop", "pod": "checkout-1"}},
		{Kind: "alert", Status: incident.Resolved, Fingerprint: "0011223344556677", Group: `{}:{namespace="shop"}`, Title: "TargetDown",
			Since:  time.Date(2025, 10, 3, 2, 10, 0, 0, time.UTC),
			Labels: map[string]string{"alertname": "TargetDown", "job": "api"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnAlertWithoutFingerprintIsKnownByItsLabels(t *testing.T) {
	const one = `{"version":"4","alerts":[{"status":"%s","labels":{"a":"%s","b":"2"}}]}`
	print := func(status, a string) string {
		s, err := Parse(fmt.Appendf(nil, one, status, a), nil)
		if err != nil {
			t.Fatal(err)
		}
		return s[0].Fingerprint
	}
	if print("firing", "1") != print("resolved", "1") || print("firing", "1") == print("firing", "3") {
		t.Error("the fingerprint must follow from the labels alone")
	}
}

// sink keeps signals, or fails.
type sink struct {
	got []incident.Signal
	err error
}

func (s *sink) Receive(_ context.Context, signals []incident.Signal) error {
	if s.err == nil {
		s.got = append(s.got, signals...)
	}
	return s.err
}

func serve(t *testing.T, s Sink) *httptest.Server {
	h, err := New(Options{Credentials: func() Credentials { return Credentials{"s3cret-token", "alerts", "s3cret-word"} }, Sink: s,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func TestAnswers(t *testing.T) {
	many := `{"version":"4","alerts":[{}` + strings.Repeat(",{}", maxAlerts) + `]}`
	bearer := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	basic := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	good := bearer("s3cret-token")
	cases := []struct {
		name, method, body string
		auth               func(*http.Request)
		fail               error
		status             int
		says               string
	}{
		{"a message is recorded", "POST", message, good, nil, 202, "recorded 2"},
		{"basic auth does as well", "POST", message, basic("alerts", "s3cret-word"), nil, 202, "recorded 2"},
		{"credentials in the URL are basic auth", "POST", message, func(r *http.Request) {
			r.URL.User = url.UserPassword("alerts",
				"s3cret-word")
		}, nil, 202, ""},
		{"nobody", "POST", message, func(*http.Request) {}, nil, 401, "credentials"},
		{"a wrong token", "POST", message, bearer("s3cret-tokem"), nil, 401, "credentials"},
		{"an empty token", "POST", message, bearer(""), nil, 401, "credentials"},
		{"a wrong password", "POST", message, basic("alerts", "x"), nil, 401, "credentials"},
		{"a wrong user", "POST", message, basic("x", "s3cret-word"), nil, 401, "credentials"},
		{"another scheme", "POST", message, func(r *http.Request) { r.Header.Set("Authorization", "Digest s3cret-token") }, nil, 401, ""},
		{"another method", "GET", "", good, nil, 405, "posted"},
		{"not JSON", "POST", "hello", good, nil, 400, "not an Alertmanager message"},
		{"nothing", "POST", "", good, nil, 400, "not an Alertmanager message"},
		{"cut off", "POST", message[:200], good, nil, 400, "not an Alertmanager message"},
		{"two messages", "POST", message + message, good, nil, 400, "one message"},
		{"JSON of another kind", "POST", `{"text":"hi"}`, good, nil, 400, "version"},
		{"another version", "POST", `{"version":"5"}`, good, nil, 400, `version "5"`},
		{"no alerts", "POST", `{"version":"4","alerts":[]}`, good, nil, 400, "no alerts"},
		{"too many alerts", "POST", many, good, nil, 400, "max_alerts"},
		{"an unknown status", "POST", `{"version":"4","alerts":[{"status":"x","fingerprint":"1"}]}`, good, nil, 400, "status"},
		{"an alert without identity", "POST", `{"version":"4","alerts":[{"status":"firing"}]}`, good, nil, 400, "fingerprint"},
		{"too large", "POST", `{"version":"` + strings.Repeat("4", maxBody) + `"}`, good, nil, 413, "larger than"},
		{"a sink that fails", "POST", message, good, errors.New("disk full"), 500, "again"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := &sink{err: c.fail}
			req, _ := http.NewRequest(c.method, serve(t, s).URL+"/alerts", strings.NewReader(c.body))
			c.auth(req)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != c.status || !strings.Contains(string(body), c.says) {
				t.Errorf("got %d %q, want %d and %q", resp.StatusCode, body, c.status, c.says)
			}
			if recorded := len(s.got) > 0; recorded != (c.status == 202) {
				t.Errorf("recorded %d signals with status %d", len(s.got), resp.StatusCode)
			}
			if strings.Contains(string(body), "disk full") {
				t.Error("the answer tells the inside of the program")
			}
		})
	}
}

func TestItWantsCredentials(t *testing.T) {
	for _, c := range []struct {
		sink        Sink
		credentials Credentials
	}{{&sink{}, Credentials{}}, {nil, Credentials{Token: "x"}}, {&sink{}, Credentials{User: "u"}}, {&sink{}, Credentials{Token: "t", Password: "p"}}} {
		if _, err := New(Options{Sink: c.sink, Credentials: func() Credentials { return c.credentials }}); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(message))
	f.Add([]byte(`{"version":"4","alerts":[{"status":"firing","labels":{"\u0000":"\ud800"},"annotations":{"summary":" "}}]}`))
	f.Add([]byte(`{"version":"4","alerts":[{"status":"firing","fingerprint":"1","startsAt":"9999-12-31T23:59:59-12:00"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		signals, err := Parse(body, nil)
		if err != nil {
			return
		}
		if _, err := json.Marshal(signals); err != nil {
			t.Errorf("can't be recorded: %v", err)
		}
		for _, s := range signals {
			if s.Title == "" || s.Fingerprint == "" || len(s.Title) > maxTitle || len(s.Text) > maxText || len(s.Labels) > maxLabels ||
				!utf8.ValidString(s.Title+s.Text+s.Group) {
				t.Errorf("not bounded: %+v", s)
			}
		}
	})
}
