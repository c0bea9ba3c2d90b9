package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest/served"
	"github.com/paramedic-bot/paramedic/internal/redact"
)

// onStep is an attempt to have a step do what it does not show, or to what it was not approved for. The step is bound and, where that does not
// refuse it, applied as Ada.
type onStep struct {
	name   string
	object string // kind and name, as in "Deployment web", or with a namespace of its own "ConfigMap ../kube-system x"
	body   string // what is there; empty: nothing
	kind   string
	params []string
	// meanwhile happens once the step is bound and approved; during is told of each request of the run, before and after it is answered.
	meanwhile func(*bench)
	during    func(b *bench, r *http.Request, answer *httptest.ResponseRecorder)
	try       func(*bench) (string, error) // what is done with the plan; nil: it is applied
	told      string
	may       int // writes that rightly come of it
}

// bench is a cluster, and a plan of one step for it.
type bench struct {
	t      *testing.T
	api    *served.API
	world  steptest.World
	rec    *recovery.Recovery
	object incident.Object
	plan   *incident.Plan
	body   string

	mu     sync.Mutex
	during func(*bench, *http.Request, *httptest.ResponseRecorder)
}

func (b *bench) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		b.mu.Lock()
		during := b.during
		b.mu.Unlock()
		if during != nil {
			during(b, r, answer)
		}
		for k, v := range answer.Header() {
			w.Header()[k] = v
		}
		w.Header().Del("Content-Length")
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// put is what somebody else does to the target: body, and a merge of what is changed in it.
func (b *bench) put(changes string) {
	b.t.Helper()
	v := map[string]any{}
	ok(b.t, json.Unmarshal([]byte(b.body), &v))
	var more map[string]any
	ok(b.t, json.Unmarshal([]byte(changes), &more))
	mergeInto(v, more)
	b.api.Put(b.t, b.object, v)
}

func mergeInto(v, more map[string]any) {
	for k, x := range more {
		in, also := v[k].(map[string]any)
		if m, is := x.(map[string]any); is && also {
			mergeInto(in, m)
			continue
		}
		v[k] = x
	}
}

func (b *bench) bind(kind string, params ...string) (*incident.Plan, error) {
	s := incident.Step{Kind: kind, Target: incident.Target{Object: b.object}, Params: map[string]string{}, Source: "an attempt"}
	for i := 0; i+1 < len(params); i += 2 {
		s.Params[params[i]] = params[i+1]
	}
	s, err := b.rec.Bind(context.Background(), s)
	if err != nil {
		return nil, err
	}
	p := &incident.Plan{Runbook: "attempt", Title: "attempt", Steps: []incident.Step{s}}
	recovery.Seal(p)
	return p, nil
}

func (b *bench) apply(p *incident.Plan) (string, error) {
	detail, _, err := b.rec.Apply(context.Background(), p, p.Steps[0], b.world.May)
	return detail, err
}

func (a onStep) made(t *testing.T) {
	b := &bench{t: t, body: a.body}
	b.api = served.New(t, b.around)
	b.world = b.api.World(t)
	b.world.Options.Redact = redact.New().String
	b.world.Options.Hosts = steptest.Hosts(t, served.Node, t.TempDir())
	var err error
	b.rec, err = recovery.New(b.world.Options)
	ok(t, err)
	words := strings.Fields(a.object)
	b.object = incident.Object{Kind: words[0], Name: words[len(words)-1], Namespace: served.Namespace}
	if len(words) == 3 {
		b.object.Namespace = words[1]
	}
	if slices.Contains([]string{"Node", "Namespace", "APIService", "ValidatingWebhookConfiguration"}, b.object.Kind) {
		b.object.Namespace = ""
	}
	if a.body != "" {
		b.put("{}")
	}
	b.api.Forget()
	answer := b.answer(a)
	got := slices.DeleteFunc(b.api.Writes(), func(w string) bool { return !strings.HasSuffix(w, " as ada") })
	if len(got) != a.may {
		t.Errorf("the cluster was written to, and rightly %d times: %q", a.may, got)
	}
	if answer == "" || !strings.Contains(answer, a.told) {
		t.Errorf("it was not refused with %q: %s", a.told, answer)
	}
}

// answer is what the attacker is told.
func (b *bench) answer(a onStep) string {
	var err error
	if b.plan, err = b.bind(a.kind, a.params...); err != nil {
		return "not bound: " + err.Error()
	}
	if a.meanwhile != nil {
		a.meanwhile(b)
	}
	b.mu.Lock()
	b.during = a.during
	b.mu.Unlock()
	try := a.try
	if try == nil {
		try = func(b *bench) (string, error) { return b.apply(b.plan) }
	}
	said, err := try(b)
	if err != nil {
		return err.Error()
	}
	if a.try == nil {
		b.t.Errorf("it succeeded: %s", said)
	}
	return said
}

// TestAttacksOnSteps makes every attempt on the steps themselves.
func TestAttacksOnSteps(t *testing.T) {
	made, succeeded := 0, 0
	for _, a := range slices.Concat(misleading(), tooMuch(), strangeObjects(), racing()) {
		made++
		if !t.Run(a.name, a.made) {
			succeeded++
		}
	}
	fmt.Printf("%d attempts on steps, %d succeeded\n", made, succeeded)
}
