package notices_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/notices"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// log is what is logged; it is safe for concurrent use.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// bench is a store, incidents, and homes at one server.
type bench struct {
	t    *testing.T
	st   *store.Store
	k    *commandstest.Keeper
	at   *server
	log  log
	ago  time.Duration // before now: when what is appended happens
	home []notices.Home
}

func newBench(t *testing.T, forms ...notices.Form) *bench {
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "p.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	b := &bench{t: t, st: st, at: newServer(t)}
	b.k = commandstest.NewKeeper(func() time.Time { return time.Now().Add(-b.ago) })
	all := map[notices.Form]notices.Home{notices.Ntfy: {URL: b.at.URL + "/topic-1", Token: "tk_secret"},
		notices.Gotify: {URL: b.at.URL, Token: "gotify-token"}, notices.Discord: {URL: b.at.URL + "/api/webhooks/1234/abcdefgh"},
		notices.JSON: {URL: b.at.URL + "/hook", Token: "hook-token"}}
	for i, f := range forms {
		h := all[f]
		h.Form, h.At = f, fmt.Sprintf("notices[%d]", i)
		if err := h.Check(); err != nil {
			t.Fatal(err)
		}
		b.home = append(b.home, h)
	}
	return b
}

// deliverer is a process of its own; deliveries nil: the store's own.
func (b *bench) deliverer(deliveries notices.Deliveries) *notices.Deliverer {
	if deliveries == nil {
		deliveries = b.st
	}
	d, err := notices.New(notices.Options{Homes: b.home, Store: deliveries, Logger: slog.New(slog.NewTextHandler(&b.log, nil)),
		Redact: func(s string) string { return strings.ReplaceAll(s, "hunter2", "[redacted]") }, Now: time.Now})
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// lives runs a process until the function it returns is called.
func (b *bench) lives(d *notices.Deliverer) (ends func()) {
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			b.t.Error(err)
		}
	}
}

func (b *bench) tell(d *notices.Deliverer, s *incident.State) {
	b.t.Helper()
	if err := d.Deliver(b.t.Context(), s); err != nil {
		b.t.Fatal(err)
	}
}

// ill is an incident with a diagnosis and a plan that waits.
func (b *bench) ill(id string) *incident.State {
	return b.k.Append(id, incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: id,
		Title: "pods crash in shop, password hunter2", Labels: map[string]string{"namespace": "shop", "severity": "critical"}}},
		incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: commandstest.Plan()})
}

// news has it told that the plan waits.
func (b *bench) news(id string) *incident.State {
	s := b.k.Append(id)
	return b.k.Append(id, incident.Notified{Of: s.News[len(s.News)-1].Version})
}

func TestEachFormIsToldEachThingOnce(t *testing.T) {
	for _, form := range []notices.Form{notices.Ntfy, notices.Gotify, notices.Discord, notices.JSON} {
		t.Run(string(form), func(t *testing.T) {
			b := newBench(t, form)
			d := b.deliverer(nil)
			ends := b.lives(d)
			defer ends()
			b.tell(d, b.ill("INC-1"))
			b.at.taken(1)
			b.tell(d, b.news("INC-1"))
			b.at.taken(2)
			s := b.k.Append("INC-1", incident.Closed{By: commandstest.Ada, Reason: "a false alarm"})
			b.tell(d, s)
			b.tell(d, s)
			b.at.taken(3)
			time.Sleep(300 * time.Millisecond)
			got := b.at.taken(3)
			if len(got) != 3 {
				t.Fatalf("%d notices, not 3: %v", len(got), got)
			}
			said := fmt.Sprint(got)
			for _, want := range []string{"a plan waits for approval", "paramedic approve INC-1 ", "paramedic plan INC-1", "false alarm"} {
				if !strings.Contains(said, want) {
					t.Errorf("nobody was told %q:\n%s", want, said)
				}
			}
			if strings.Contains(said+b.log.String(), "hunter2") {
				t.Error("a password was told")
			}
		})
	}
}

func TestABeginningWaitsForItsDiagnosisForAWhile(t *testing.T) {
	b := newBench(t, notices.JSON)
	d := b.deliverer(nil)
	defer b.lives(d)()
	alert := func(id string, ago time.Duration) *incident.State {
		b.ago = ago
		defer func() { b.ago = 0 }()
		return b.k.Append(id, incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing,
			Fingerprint: id, Title: "pods crash in shop"}})
	}
	b.tell(d, alert("INC-1", 0))
	b.tell(d, alert("INC-2", 29*time.Second))
	got := b.at.taken(1)
	if len(got) != 1 || !strings.HasPrefix(title(got[0]), "INC-2") || !strings.Contains(text(got[0]["text"]), "pods crash in shop") {
		t.Errorf("what came first: %v", got)
	}
	b.tell(d, b.k.Append("INC-1", incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}))
	if got = b.at.taken(2); !strings.HasPrefix(title(got[1]), "INC-1") {
		t.Errorf("then: %v", got)
	}
}

func TestAfterAnOutageOneNoticeSaysWhereAnIncidentStands(t *testing.T) {
	for name, outage := range map[string]func(w http.ResponseWriter) (bool, bool){
		"busy": func(w http.ResponseWriter) (bool, bool) {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "slow down", http.StatusTooManyRequests)
			return false, true
		},
		"ill": func(w http.ResponseWriter) (bool, bool) {
			http.Error(w, "bad gateway at /topic-1 for tk_secret", http.StatusBadGateway)
			return false, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, notices.Ntfy)
			b.at.answers(outage)
			d := b.deliverer(nil)
			defer b.lives(d)()
			for n := range 10 {
				b.tell(d, b.ill(fmt.Sprintf("INC-%d", n+1)))
			}
			time.Sleep(200 * time.Millisecond)
			for n := range 10 {
				b.tell(d, b.news(fmt.Sprintf("INC-%d", n+1)))
			}
			b.at.answers(nil)
			b.at.taken(10)
			time.Sleep(300 * time.Millisecond)
			got := b.at.taken(10)
			if len(got) != 10 {
				t.Errorf("%d notices for 10 incidents", len(got))
			}
			for _, m := range got {
				if !strings.Contains(title(m), "waits for approval") && !strings.Contains(text(m["message"]), "Missed:") {
					t.Errorf("it does not say where it stands: %v", m)
				}
			}
			if strings.Contains(b.log.String(), "topic-1") || strings.Contains(b.log.String(), "tk_secret") {
				t.Errorf("a secret was logged:\n%s", b.log.String())
			}
			b.at.mu.Lock()
			defer b.at.mu.Unlock()
			if b.at.asked > 30 {
				t.Errorf("%d requests for 10 notices", b.at.asked)
			}
		})
	}
}

// dying is a store whose process dies before, or after, a notice is sent: nothing is written down any more.
type dying struct {
	*store.Store
	at   string
	dead chan struct{}
	once sync.Once
}

func (d *dying) Sending(ctx context.Context, row store.Delivery, at time.Time) error {
	err := d.Store.Sending(ctx, row, at)
	if d.at == "before" {
		d.once.Do(func() { close(d.dead) })
		return errors.New("dead")
	}
	return err
}

func (d *dying) Sent(context.Context, store.Delivery, time.Time) error {
	d.once.Do(func() { close(d.dead) })
	return errors.New("dead")
}

func TestWhoDiesLosesNothing(t *testing.T) {
	for _, form := range []notices.Form{notices.Ntfy, notices.Gotify, notices.JSON} {
		for _, at := range []string{"before", "after"} {
			t.Run(string(form)+" "+at, func(t *testing.T) {
				b := newBench(t, form)
				dies := &dying{Store: b.st, at: at, dead: make(chan struct{})}
				first := b.deliverer(dies)
				b.tell(first, b.ill("INC-1"))
				ends := b.lives(first)
				<-dies.dead
				ends()
				second := b.deliverer(nil)
				b.tell(second, b.news("INC-1"))
				defer b.lives(second)()
				want := map[string]int{"before": 1, "after": 2}[at] // where the server can't say that the first came, it is told with the second
				b.at.taken(want)
				time.Sleep(300 * time.Millisecond)
				got := b.at.taken(want)
				if len(got) != want {
					t.Fatalf("%d notices, not %d: %v", len(got), want, got)
				}
				if last := fmt.Sprint(got[want-1]); !strings.Contains(last, "waits for approval") ||
					form == notices.Ntfy && at == "after" && strings.Contains(last, "Missed") {
					t.Errorf("the last notice: %s", last)
				}
			})
		}
	}
}

func TestHomesAreToldWhatIsTheirs(t *testing.T) {
	b := newBench(t, notices.JSON, notices.Gotify)
	b.home[0].Namespaces, b.home[1].Labels = []string{"bank"}, map[string]string{"severity": "critical"}
	d := b.deliverer(nil)
	defer b.lives(d)()
	b.tell(d, b.ill("INC-1"))
	b.at.taken(1)
	time.Sleep(200 * time.Millisecond)
	got := b.at.taken(1)
	if len(got) != 1 || number(got[0]["priority"]) == 0 {
		t.Errorf("told: %v", got)
	}
}

func TestProbesTellNobody(t *testing.T) {
	b := newBench(t, notices.Ntfy, notices.Gotify, notices.Discord, notices.JSON)
	for _, h := range b.home {
		if c := notices.Probe(t.Context(), h); !c.OK {
			t.Errorf("%s: %s", c.Name, c.Detail)
		}
	}
	b.home[2].URL += "x"
	if c := notices.Probe(t.Context(), b.home[2]); c.OK || strings.Contains(c.Name+c.Detail, "abcdefgh") {
		t.Errorf("a webhook that is gone: %+v", c)
	}
	if len(b.at.got) != 0 {
		t.Errorf("told: %v", b.at.got)
	}
}

func TestWhatNoHomeCanBe(t *testing.T) {
	for _, h := range []notices.Home{{}, {Form: "sms", URL: "https://x.example"}, {Form: notices.Ntfy, URL: "https://ntfy.sh"},
		{Form: notices.Ntfy, URL: "ftp://ntfy.sh/a"}, {Form: notices.Gotify, URL: "https://g.example"},
		{Form: notices.Discord, URL: "https://discord.com/channels/1"}, {Form: notices.JSON, URL: "https://user:secret@x.example/"}} {
		if err := h.Check(); err == nil || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%+v: %v", h, err)
		}
	}
}
