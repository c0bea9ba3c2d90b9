package app

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
	"github.com/paramedic-bot/paramedic/internal/store/storetest"
)

func payload(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (d *office) approval() incident.Approval {
	return incident.Approval{PlanHash: d.plan.Hash, By: ada, As: incident.Identity{User: "ada"}, At: d.clock,
		Expires: d.clock.Add(24 * time.Hour)}
}

// Somebody writes into the database, hashes and all, that Ada has approved: nothing runs, the incident says why, and the audit names it.
func TestAForgedApprovalDoesNotRun(t *testing.T) {
	intended := func(d *office) any {
		return incident.StepIntended{PlanHash: d.plan.Hash, Step: "1", Attempt: 1, As: d.approval().As}
	}
	cases := map[string]struct {
		before bool // somebody approved
		typ    string
		data   func(d *office) any
		kind   incident.WorkKind
	}{
		"an approval": {typ: "PlanApproved", data: func(d *office) any { return incident.PlanApproved{Approval: d.approval()} },
			kind: incident.Execute},
		"a step said to be begun": {before: true, typ: "StepIntended", data: intended, kind: incident.Observe},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d, ctx := open(t), t.Context()
			if c.before {
				d.yes(t, ada)
			}
			storetest.Forge(t, d.path, "incident/INC-1", c.typ, payload(t, c.data(d)))
			s, err := d.Get(ctx, "INC-1")
			if err != nil {
				t.Fatal(err)
			}
			work := incident.Next(s, incident.DefaultPolicy, d.clock)
			if len(work) == 0 || work[0].Kind != c.kind {
				t.Fatalf("the forgery is not believed at first: %v", work)
			}
			w := worker{ledger: d.ledger, access: d.access} // who acts would need more of it
			why, err := w.guard(ctx, s)
			if held := c.kind == incident.Observe; held != (err != nil) || !strings.Contains(fmt.Sprint(why, err), "the record is broken") {
				t.Fatalf("a step may begin: %q, %v", why, err) // what is said to be begun is held, whatever became of it
			}
			if c.kind == incident.Execute {
				if err := w.execute(ctx, s, work[0]); err != nil {
					t.Fatal(err)
				}
				if s, err = d.Get(ctx, "INC-1"); err != nil || s.Plan != nil || s.Superseded == nil ||
					!strings.Contains(s.Superseded.Reason, "broken") {
					t.Errorf("the plan is not withdrawn: %+v, %v", s.Superseded, err)
				}
			}
			report, err := d.ledger.store.Verify(ctx)
			if err != nil || len(report.Of("incident/INC-1")) == 0 {
				t.Errorf("the audit says nothing: %v, %v", report.Problems, err)
			}
		})
	}
}

// A plan that somebody wrote into the database is not even decided upon, nor is anything else without the key.
func TestNothingIsApprovedOnAWordThatNobodyVouchesFor(t *testing.T) {
	spoil := map[string]func(t *testing.T, d *office){
		"a plan made up": func(t *testing.T, d *office) {
			storetest.Forge(t, d.path, "incident/INC-1", "PlanProposed", payload(t, incident.PlanProposed{Plan: d.plan}))
		},
		"a doubt lifted": func(t *testing.T, d *office) { storetest.Forge(t, d.path, trustStream, typeAccepted, "{}") },
		"the key gone": func(t *testing.T, d *office) {
			if err := os.Remove(store.KeyFile(d.path)); err != nil {
				t.Fatal(err)
			}
			d.restart(t)
		},
		"another key": func(t *testing.T, d *office) {
			if err := os.WriteFile(store.KeyFile(d.path), []byte(strings.Repeat("5a", 32)), 0o600); err != nil {
				t.Fatal(err)
			}
			d.restart(t)
		},
	}
	for name, f := range spoil {
		t.Run(name, func(t *testing.T) {
			d, ctx := open(t), t.Context()
			f(t, d)
			d.take(t, signal("b", incident.Firing)) // what comes in is recorded all the same
			_, err := d.Approve(ctx, "INC-1", d.plan.Hash, ada)
			refused(t, err, "Nothing may run now: the record ")
			s, err := d.Get(ctx, "INC-1")
			if err != nil || s.Approval() != nil {
				t.Errorf("approved: %+v, %v", s.Approval(), err)
			}
		})
	}
}

// A last-good copy is swapped in the database: none is offered, and why is said.
func TestASwappedCopyIsNotOffered(t *testing.T) {
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), store.Options{Seal: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	ctx := t.Context()
	var hashes []string
	for _, content := range []string{"good", "evil"} {
		hash, err := st.PutBlob(ctx, []byte(content))
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, hash)
	}
	if err := st.SetLastGood(ctx, "k", hashes[0], time.Now()); err != nil {
		t.Fatal(err)
	}
	if hash, _, ok, err := (lastGood{st}).LastGood(ctx, "k"); err != nil || !ok || hash != hashes[0] {
		t.Fatal(hash, ok, err)
	}
	if _, err := storetest.Raw(t, st.Path()).ExecContext(ctx, `UPDATE last_good SET hash = ?`, hashes[1]); err != nil {
		t.Fatal(err)
	}
	if hash, _, ok, err := (lastGood{st}).LastGood(ctx, "k"); ok || hash != "" || err == nil ||
		!strings.Contains(err.Error(), "was not kept by this Paramedic") {
		t.Errorf("offered: %s, %v", hash, err)
	}
}
