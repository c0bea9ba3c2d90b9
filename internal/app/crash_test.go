package app

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest/served"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// crash is one approved plan, the cluster that it is for, and the process that runs it, as often as it takes.
type crash struct {
	life
	name string
	api  *served.API
	rec  *recovery.Recovery // looks from outside
	plan incident.Plan
	seen []store.Event // on the record after the last life

	mu     sync.Mutex
	proc   *os.Process // nil: none lives
	n      int         // boundaries that this life has passed
	killAt int
	dead   string // at what boundary it was killed
	trace  []string
}

// boundary is passed by the living process, unless this is where it is killed.
func (c *crash) boundary(what string) (alive bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.proc == nil || c.dead != "" {
		return c.dead == ""
	}
	c.n++
	c.trace = append(c.trace, what)
	if c.n == c.killAt {
		c.dead = what
		_ = c.proc.Kill()
		return false
	}
	return true
}

func (c *crash) begins(p *os.Process, killAt int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.proc, c.n, c.killAt, c.dead, c.trace = p, 0, killAt, "", nil
}

func (c *crash) ends() (killed bool, where string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.proc = nil
	where, c.dead = c.dead, ""
	return where != "", where
}

// around kills before a request is heard, and after it was done and before it is answered.
func (c *crash) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := map[string]string{http.MethodGet: "a look", http.MethodPost: "the write", http.MethodPatch: "the write",
			http.MethodDelete: "the write"}[r.Method]
		switch {
		case strings.HasSuffix(r.URL.Path, "accessreviews"):
			what = "the question for rights"
		case r.URL.Query().Has("dryRun"):
			what = "the dry-run"
		}
		if !c.boundary("before " + what) {
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		if !c.boundary("after " + what) {
			return
		}
		for k, v := range answer.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// begun is a plan of one step, approved and not begun.
func begun(t *testing.T, d steptest.Draft) *crash {
	t.Helper()
	dir := t.TempDir()
	c := &crash{name: d.Kind + " " + d.Of}
	c.api = served.New(t, c.around)
	c.life = life{State: filepath.Join(dir, "state.db"), API: c.api.URL, Host: filepath.Join(dir, "host")}
	if err := os.Mkdir(c.Host, 0o755); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), c.State, store.Options{Seal: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	world := c.api.World(t)
	world.Options.Blobs, world.Options.Hosts = st, steptest.Hosts(t, served.Node, c.Host)
	if c.rec, err = recovery.New(world.Options); err != nil {
		t.Fatal(err)
	}
	step, err := c.rec.Bind(t.Context(), d.SetUp(t, world))
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	c.plan = incident.Plan{Runbook: "test", Title: "Mend it", Steps: []incident.Step{step}}
	recovery.Seal(&c.plan)
	crashAccess().Asks(&c.plan)
	c.approve(t, st)
	c.api.Forget()
	return c
}

// approve records the plan and the approvals that it needs.
func (c *crash) approve(t *testing.T, st *store.Store) {
	t.Helper()
	l := &ledger{Journal: NewJournal(st.Reader), store: st, now: time.Now}
	in := &Incidents{ledger: l, access: crashAccess(), redact: func(s string) string { return s }}
	if err := in.Receive(t.Context(), []incident.Signal{signal("a", incident.Firing)}); err != nil {
		t.Fatal(err)
	}
	events := []incident.Event{incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: time.Now(), Causes: []incident.Cause{{ID: "C1", Code: "X",
		Title: "X"}}}}, incident.Recalled{}, incident.StoryTold{}, incident.PlanProposed{Plan: c.plan}}
	for _, by := range []incident.Person{ada, eve}[:max(1, c.plan.People)] {
		events = append(events, incident.PlanApproved{Approval: incident.Approval{PlanHash: c.plan.Hash, By: by, At: time.Now(),
			As: incident.Identity{User: map[string]string{ada.ID: "ada", eve.ID: "eve"}[by.ID]}, Expires: time.Now().Add(time.Hour)}})
	}
	if _, err := l.update(t.Context(), "INC-1", func(*incident.State) ([]incident.Event, error) { return events, nil }); err != nil {
		t.Fatal(err)
	}
	c.remembers(t, st)
}

// remembers fails if anything that was on the record is not there any more.
func (c *crash) remembers(t *testing.T, st *store.Store) {
	t.Helper()
	now, err := st.Load(t.Context(), "incident/INC-1", 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(now) < len(c.seen) || len(c.seen) > 0 && !reflect.DeepEqual(now[:len(c.seen)], c.seen) {
		t.Errorf("%s: the record has lost something: %d events of %d", c.name, len(now), len(c.seen))
	}
	c.seen = now
}

// kept opens the state that a dead process has left, and looks at it.
func (c *crash) kept(t *testing.T, look func(*store.Store)) {
	t.Helper()
	st, err := store.Open(t.Context(), c.State, store.Options{Seal: true})
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	defer st.Close()
	c.remembers(t, st)
	if look != nil {
		look(st)
	}
}

// judge fails unless all was done once, and all of it is on the record.
func (c *crash) judge(t *testing.T) (unclear bool) {
	t.Helper()
	c.kept(t, func(st *store.Store) {
		s, err := NewJournal(st.Reader).fold(t.Context(), "INC-1")
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		for _, e := range c.seen {
			counts[e.Type]++
		}
		state := s.StepState(c.plan.Steps[0].ID)
		unclear = counts["StepUnclear"] > 0
		if state == nil || state.Outcome != incident.StepOK || counts["StepDone"] != 1 || counts["PlanApproved"] != max(1, c.plan.People) {
			t.Errorf("%s: on the record is %v; the step: %+v", c.name, counts, state)
		}
		report, err := st.Verify(t.Context())
		if err != nil || !report.OK() {
			t.Errorf("%s: the record is broken: %v, %v", c.name, report.Problems, err)
		}
		step := c.plan.Steps[0]
		done := c.api.Writes()
		slices.Sort(done)
		if len(slices.Compact(slices.Clone(done))) != len(done) {
			t.Errorf("%s: something was done twice: %q", c.name, done)
		}
		if none := step.Kind == recovery.RestoreHostFiles; none != (len(done) == 0) { // of files no API server hears
			t.Errorf("%s: the cluster was written to %d times: %q", c.name, len(done), done)
		}
		rec, err := c.recovery(st)
		if err != nil {
			t.Fatal(err)
		}
		if o, err := rec.Observe(t.Context(), step); err != nil || o.Outcome != recovery.Done {
			t.Errorf("%s: in the end it is %+v, %v", c.name, o, err)
		}
	})
	return unclear
}

// tally is what all runs together came to.
type tally struct {
	mu                  sync.Mutex
	kills, runs, unsure int
	kinds               map[string]bool
	where               map[string]int
}

func (y *tally) add(kind string, where []string, unclear bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.runs++
	y.kills += len(where)
	y.kinds[kind] = true
	for _, w := range where {
		y.where[w]++
	}
	if unclear {
		y.unsure++
	}
}

// suffer runs one plan and kills its process at the boundaries given, one in each life; then it is left in peace.
func (y *tally) suffer(t *testing.T, d steptest.Draft, killAt ...int) (killed int) {
	t.Helper()
	c := begun(t, d)
	var where []string
	for _, at := range append(killAt, 0) {
		dead, here := c.run(t, at)
		if !dead {
			break
		}
		where = append(where, here)
		c.kept(t, nil)
	}
	y.add(d.Kind, where, c.judge(t))
	return len(where)
}

// TestCrash kills the process that runs a plan, at every event boundary of a plan of each kind of step: before a request is heard by the API
// server, after it was done and before the answer, after each record. `make crash` kills 1,000; otherwise it is a sample.
func TestCrash(t *testing.T) {
	most, _ := strconv.Atoi(cmp.Or(os.Getenv("PARAMEDIC_CRASH_KILLS"), "60"))
	seed, err := strconv.ParseUint(cmp.Or(os.Getenv("PARAMEDIC_CRASH_SEED"), strconv.FormatInt(time.Now().UnixNano(), 10)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	drafts := steptest.Drafts()
	y := &tally{kinds: map[string]bool{}, where: map[string]int{}}
	began := time.Now()
	t.Cleanup(func() { y.print(seed, time.Since(began)) })
	sample := most < 1000
	dice := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // where to kill is no secret
	dice.Shuffle(len(drafts), func(i, j int) { drafts[i], drafts[j] = drafts[j], drafts[i] })
	const workers, deep = 2, 14 // as many boundaries as a life of one step has, about
	for worker := range workers {
		dice := rand.New(rand.NewPCG(seed, uint64(worker+1))) //nolint:gosec // as above
		t.Run(fmt.Sprint(worker), func(t *testing.T) {
			t.Parallel()
			for i := worker; !sample && i < len(drafts); i += workers {
				for at := 1; y.suffer(t, drafts[i], at, 1+dice.IntN(deep)) > 0 && !t.Failed(); at++ { // until there is no further boundary
				}
			}
			for i := worker; y.missing(most) && !t.Failed(); i += workers {
				y.suffer(t, drafts[i%len(drafts)], 1+dice.IntN(deep), 1+dice.IntN(deep), 1+dice.IntN(deep))
			}
		})
	}
	t.Cleanup(func() {
		for _, k := range recovery.StepKinds() {
			if !sample && !y.kinds[k.Kind] {
				t.Errorf("%s was not among what was killed", k.Kind)
			}
		}
	})
}

func (y *tally) missing(most int) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.kills < most
}

func (y *tally) print(seed uint64, took time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	fmt.Printf("crash: seed %d, %d kills in %d plans of %d kinds of step (%s); a person was asked %d times\n", seed, y.kills, y.runs, len(y.kinds),
		took.Round(time.Second), y.unsure)
	for _, w := range slices.Sorted(maps.Keys(y.where)) {
		fmt.Printf("crash: %4d killed %s\n", y.where[w], w)
	}
}
