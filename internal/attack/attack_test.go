package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// attempt is one attempt to get something run, read or kept.
type attempt struct {
	name string
	in   func(t *testing.T) *world                    // where it is made; nil: in the one world that all share, which must stay as it is
	try  func(t *testing.T, w *world) (answer string) // what the attacker is told
	told string                                       // the answer says so: the attempt came as far as the door that refuses it
	not  []string                                     // what the answer must not say
	may  map[string]int                               // events that rightly come of it, such as another person's approval
	runs bool                                         // the plan was rightly approved and begun, and is stopped or undone by the attempt
}

// acts are the events that say that somebody decided or did something.
var acts = []string{"PlanApproved", "PlanRejected", "StepIntended", "StepDone", "StepDecided", "Closed", "PostmortemEdited",
	"PostmortemPublished", "Verified", "FindingAccepted", "AcceptanceWithdrawn", "SilenceSet", "SilenceEnded"}

// base is the state of a cluster that is ill, with a plan on offer. It is made once; the attempts work on copies of it.
type base struct {
	*world        // of the attempts that change nothing
	copied *world // its state, at rest
}

var the base

// shared is the world of the attempts that change nothing.
func shared(t *testing.T) *world { return the.world }

// fork is a world of its own that begins where the shared one did, with the same plan on offer.
func fork(change func(*setup)) func(*testing.T) *world {
	return func(t *testing.T) *world {
		o := setup{cluster: the.cluster, from: the.copied}
		if change != nil {
			change(&o)
		}
		w := begin(t, o)
		w.offered()
		return w
	}
}

// TestMain has more attempts made at once than there are cores: most of them wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err) // go test declares it
	}
	os.Exit(m.Run())
}

// TestAttacks makes every attempt, and has the judge look after each.
func TestAttacks(t *testing.T) {
	began := time.Now()
	w := begin(t, setup{cluster: newCluster(t, plant)})
	w.breaks()
	w.wait("the thread", func() bool { return strings.Contains(w.slack.Transcript(), "Open the plan") })
	time.Sleep(500 * time.Millisecond) // for what else there is to be told
	w.stop()
	rest := *w
	rest.config.State = filepath.Join(t.TempDir(), "paramedic.db")
	w.copyTo(t, filepath.Dir(rest.config.State))
	w.serve()
	the = base{w, &rest}

	var made, succeeded atomic.Int32
	t.Cleanup(func() {
		fmt.Printf("%d attempts, %d succeeded (%s)\n", made.Load(), succeeded.Load(), time.Since(began).Round(time.Second))
	})
	for _, a := range slices.Concat(runs(), reads(), keeps(), accepts()) {
		t.Run(a.name, func(t *testing.T) {
			made.Add(1)
			t.Cleanup(func() {
				if t.Failed() {
					succeeded.Add(1)
				}
			})
			in := shared
			if a.in != nil {
				t.Parallel()
				in = a.in
			}
			w := *in(t)
			w.t = t
			before := w.events()
			answer := a.try(t, &w)
			w.judge(a, before, answer)
		})
	}
}

// judge fails the test if the attempt got something run, read or kept.
func (w *world) judge(a attempt, before map[string]int, answer string) {
	w.t.Helper()
	patience := 150 * time.Millisecond // for what may follow; what follows later is found by the judge of a later attempt
	if a.in != nil {
		patience = 700 * time.Millisecond
	}
	time.Sleep(patience)
	if n := w.written(); len(n) > 0 && !a.runs {
		w.t.Errorf("the cluster was written to: %q", n)
	}
	after := w.events()
	for _, act := range acts {
		if n := after[act] - before[act]; n > a.may[act] {
			w.t.Errorf("%d × %s on the record, and rightly %d", n, act, a.may[act])
		}
	}
	if !strings.Contains(answer, a.told) {
		w.t.Errorf("the attempt was not refused with %q:\n%s", a.told, answer)
	}
	for _, n := range a.not {
		if strings.Contains(answer, n) {
			w.t.Errorf("%q is told:\n%s", n, answer)
		}
	}
	w.secrets(answer)
}

// secrets fails the test if a secret is anywhere in what people see, and in what is kept.
func (w *world) secrets(answer string) {
	w.t.Helper()
	for place, text := range map[string]string{"the answer": answer, "Slack": w.everything(), "the log": w.log.String(),
		"the state": w.kept()} {
		for name, secret := range planted {
			if i := strings.Index(text, secret); i >= 0 {
				w.t.Errorf("the secret of %s is in %s: …%s…", name, place, strings.ToValidUTF8(text[max(0, i-150):min(len(text), i+150)], "?"))
			}
		}
	}
}

// everything is all that Slack holds, as it was sent.
func (w *world) everything() string {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	s := w.slack.Snapshot()
	for _, c := range s.Channels() {
		all := s.Messages(c)
		for _, m := range all {
			for _, m := range s.Thread(c, m.TS) {
				ok(w.t, out.Encode(m))
			}
		}
	}
	for _, who := range people() {
		ok(w.t, out.Encode(s.Ephemerals(who.ID)))
		ok(w.t, out.Encode(s.Views(who.ID)))
	}
	return b.String()
}

// kept are the bytes of all files beside the state, and what its blobs and events hold.
func (w *world) kept() string {
	var b strings.Builder
	ok(w.t, filepath.WalkDir(filepath.Dir(w.config.State), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == w.file {
			return nil //nolint:nilerr // what is gone by now is not kept
		}
		data, err := os.ReadFile(path)
		if err == nil {
			b.Write(data)
		}
		return nil
	}))
	ctx := context.Background()
	streams, err := w.state.Streams(ctx, "")
	ok(w.t, err)
	for _, s := range streams {
		events, err := w.state.Load(ctx, s.Stream, 0)
		ok(w.t, err)
		for _, e := range events {
			b.Write(e.Data)
		}
	}
	return b.String()
}

// The judge is not blind: what an approver approves is run, and recorded, and an attempt that did so would be found.
func TestTheJudgeSees(t *testing.T) {
	t.Parallel()
	w := begin(t, setup{})
	w.breaks()
	before := w.events()
	w.approves(ada)
	w.wait("the cluster to be written to", func() bool { return len(w.written()) > 0 })
	w.wait("the step on the record", func() bool { return w.events()["StepDone"] > before["StepDone"] })
	after := w.events()
	for _, act := range []string{"PlanApproved", "StepIntended", "StepDone"} {
		if after[act] == before[act] {
			t.Errorf("%s is not on the record: %v", act, after)
		}
	}
	for place, text := range map[string]string{"Slack": w.everything(), "the state": w.kept()} {
		if !strings.Contains(text, "CoreDNS") {
			t.Errorf("what was told is not found in %s", place)
		}
	}
}
