package app

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

const leaked = "tangerine-parade-7"

func (d *office) purge(t *testing.T, do bool) PurgeReport {
	t.Helper()
	r, err := Purge(t.Context(), PurgeOptions{State: d.path, Text: leaked, By: "ada", Do: do})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (d *office) write(t *testing.T, events ...incident.Event) {
	t.Helper()
	if _, err := d.ledger.update(t.Context(), "INC-1", func(*incident.State) ([]incident.Event, error) { return events, nil }); err != nil {
		t.Fatal(err)
	}
}

// leak puts the secret into a plan, the diagnosis kept aside and a last-good copy.
func (d *office) leak(t *testing.T) {
	t.Helper()
	ctx, st := t.Context(), d.ledger.store
	whole, err := incident.Pack(&incident.Diagnosis{At: d.clock, Findings: []incident.Finding{{ID: "F1", Code: "X", Title: "password " +
		leaked}}})
	if err != nil {
		t.Fatal(err)
	}
	name, err := st.PutBlob(ctx, whole)
	if err != nil {
		t.Fatal(err)
	}
	copied, err := st.PutBlob(ctx, []byte("pass="+base64.StdEncoding.EncodeToString([]byte("user:"+leaked))))
	if err == nil {
		err = st.SetLastGood(ctx, "k", copied, d.clock)
	}
	if err != nil {
		t.Fatal(err)
	}
	d.plan.Steps[0].Params = map[string]string{"value": leaked}
	d.plan.Hash = d.plan.ComputeHash()
	d.write(t, incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: d.clock, Whole: name, Totals: &incident.Totals{},
		Causes: []incident.Cause{{ID: "C1", Code: "X", Title: "X"}}}}, incident.PlanProposed{Plan: d.plan})
}

func TestAPurgeWithdrawsAPlanThatHeldIt(t *testing.T) {
	d, ctx := open(t), t.Context()
	d.leak(t)
	d.get(t, "INC-1") // is remembered
	if r := d.purge(t, false); r.Events != 2 || r.Blobs != 2 || d.get(t, "INC-1").Plan == nil {
		t.Errorf("looking changed something, or counts wrong: %+v", r)
	}
	r := d.purge(t, true)
	if !r.Done || r.Events != 2 || r.Blobs != 2 { // the event that names the blob, too
		t.Errorf("%+v", r)
	}
	s := d.get(t, "INC-1")
	if s.Plan != nil || s.Superseded == nil || s.Purges != 1 || strings.Contains(payload(t, s), leaked) {
		t.Errorf("the plan is still on offer, or memory holds the secret: %s", payload(t, s))
	}
	w := worker{ledger: d.ledger}
	whole, err := w.whole(ctx, s.Diagnosis)
	if err != nil || len(whole.Findings) != 1 || whole.Findings[0].Title != "password "+purgedText {
		t.Errorf("the whole diagnosis: %+v, %v", whole, err)
	}
	if _, ok, err := d.ledger.store.LastGood(ctx, "k"); ok || err != nil {
		t.Errorf("the copy is still offered: %v", err)
	}
	if r = d.purge(t, true); !r.Empty() {
		t.Errorf("a second time: %+v", r)
	}
	report, err := d.ledger.store.Verify(ctx)
	if err != nil || !report.OK() || report.Purged != 2 {
		t.Errorf("%+v, %v", report, err)
	}
	if problems, err := NewJournal(d.ledger.store.Reader).Compare(ctx); err != nil || len(problems) > 0 {
		t.Errorf("what is kept beside it: %v, %v", problems, err)
	}
	found := false
	for _, m := range incident.Timeline(s) {
		found = found || strings.Contains(m.Text, "ada (at the terminal) removed a secret")
	}
	if !found {
		t.Error("the timeline does not say who did it")
	}
}

// What was done is not forgotten for it.
func TestAPurgeForgetsNoAct(t *testing.T) {
	d := open(t)
	d.leak(t)
	if _, err := d.Approve(t.Context(), "INC-1", d.plan.Hash, ada); err != nil {
		t.Fatal(err)
	}
	d.write(t, incident.StepIntended{PlanHash: d.plan.Hash, Step: "1", Attempt: 1, As: incident.Identity{User: "ada"}},
		incident.StepDone{PlanHash: d.plan.Hash, Step: "1", Outcome: incident.StepOK, Detail: "set to " + leaked})
	if r := d.purge(t, true); !r.Done || len(r.Notes) == 0 {
		t.Errorf("%+v", r)
	}
	s := d.get(t, "INC-1")
	if s.Plan == nil || s.Approval() == nil || len(s.Steps) != 1 || s.Steps[0].Outcome != incident.StepOK || s.Steps[0].Detail != "set to "+
		purgedText {
		t.Errorf("what was done is gone: %+v", s.Steps)
	}
}

// What was made of an incident before a purge is not recorded after it.
func TestWhatWasMadeBeforeAPurgeIsDropped(t *testing.T) {
	d, ctx := open(t), t.Context()
	d.leak(t)
	before := d.get(t, "INC-1")
	d.purge(t, true)
	w := worker{ledger: d.ledger}
	err := w.aboutDiagnosis(ctx, before, func(*incident.State) incident.Event {
		return incident.Recalled{Note: leaked}
	})
	if err != nil || d.get(t, "INC-1").Recalled {
		t.Errorf("it was recorded, %v", err)
	}
}

func TestFormsOfASecret(t *testing.T) {
	secret := `pa"ss<wörd>&9`
	h, err := hide(secret + "\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{secret, payload(t, secret), payload(t, map[string]string{"x": payload(t, "a "+secret)}),
		`pa"ss&lt;wörd&gt;&amp;9`,
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte("x" + secret + "y")),
		base64.URLEncoding.EncodeToString([]byte("xy" + secret))} {
		if !h.in([]byte(text)) {
			t.Errorf("not found in %s", text)
		}
		if left := clean([]byte(text), h.replacer); h.in(left) {
			t.Errorf("%s became %s", text, left)
		}
	}
	if got := string(clean([]byte(`{"n":123456789,"t":[true,"x"]}`),
		strings.NewReplacer("345678", purgedText))); got != `{"n":0,"t":[true,"x"]}` {
		t.Error(got)
	}
	if _, err := hide("short"); err == nil {
		t.Error("five characters are looked for")
	}
	long, err := hide("-----BEGIN KEY-----\nMIIEowIBAAKCAQEAwJhdKfa\nMIIEowIBAAKCAQEAwJhdKfb\n-----END KEY-----")
	if err != nil || !long.in([]byte("… MIIEowIBAAKCAQEAwJhdKfb …")) || long.in([]byte("-----BEGIN KEY-----")) {
		t.Error("the lines of a key are not looked for alone", err)
	}
}
