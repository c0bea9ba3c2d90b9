package app

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// worker does every kind of work of an incident. What it learns it records by ledger.update, which decides on the newest state whether
// it still matters.
type worker struct {
	ledger   *ledger
	eyes     *Eyes
	recall   func(ctx context.Context, d *incident.Diagnosis) (similar []incident.Similar, note string)
	tell     func(ctx context.Context, d *incident.Diagnosis, similar []incident.Similar) incident.Story
	recovery *recovery.Recovery
	access   *Access
	silences *Silences // nil: nothing is silenced
	reload   *reloader // nil: there is no configuration file
	publish  func(ctx context.Context, s *incident.State) (path string, err error)
	// share puts a file into the thread of the incident with the id.
	share  func(ctx context.Context, id string, f slackapp.File) (link string, err error)
	policy incident.Policy
	// errorRate is a query for the share of a service's requests that fail; empty: nobody is asked.
	errorRate string
	// podsPerHour is how many pods plans may end or replace within an hour; zero: as many as they like.
	podsPerHour int
	proposing   sync.Mutex
	telling     sync.Mutex
	vigil       vigil
	steps       time.Duration   // between looks at whether a dependant has come back
	compared    <-chan struct{} // no step is begun before; nil: there is nothing to wait for
}

func (w *worker) table() map[incident.WorkKind]doer {
	return map[incident.WorkKind]doer{
		incident.Investigate: w.investigate,
		incident.Recall:      w.remember,
		incident.Tell:        w.story,
		incident.Propose:     w.propose,
		incident.Execute:     w.execute,
		incident.Observe:     w.observe,
		incident.Verify:      w.verify,
		incident.Draft:       w.draft,
		incident.Index:       w.index,
		incident.Share:       w.putIntoThread,
		incident.Picture:     w.showPictures,
		incident.Notify:      w.notify,
		incident.Call:        w.call,
	}
}

// remember searches the knowledge for incidents like this one.
func (w *worker) remember(ctx context.Context, s *incident.State, _ incident.Work) error {
	similar, note := w.recall(ctx, s.Diagnosis)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return w.aboutDiagnosis(ctx, s, func(s *incident.State) incident.Event {
		if s.Recalled {
			return nil
		}
		return incident.Recalled{Similar: similar, Note: note}
	})
}

// story tells the diagnosis. It always has something to say: without a model the template's words.
func (w *worker) story(ctx context.Context, s *incident.State, _ incident.Work) error {
	story := w.tell(ctx, s.Diagnosis, s.Similar)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return w.aboutDiagnosis(ctx, s, func(s *incident.State) incident.Event {
		if s.Story != nil {
			return nil
		}
		return incident.StoryTold{Story: story}
	})
}

// aboutDiagnosis records something about the diagnosis of before, unless it has been replaced meanwhile.
func (w *worker) aboutDiagnosis(ctx context.Context, before *incident.State, event func(*incident.State) incident.Event) error {
	_, err := w.ledger.update(ctx, before.ID, func(s *incident.State) ([]incident.Event, error) {
		if s.Diagnosis == nil || !s.Diagnosis.At.Equal(before.Diagnosis.At) || s.Purges != before.Purges {
			return nil, nil
		}
		if e := event(s); e != nil {
			return []incident.Event{e}, nil
		}
		return nil, nil
	})
	return err
}

// propose makes a plan, or says why there is none. After a run that failed or did not help, the plan is the way back.
func (w *worker) propose(ctx context.Context, s *incident.State, _ incident.Work) error {
	offer, rates, err := w.offer(ctx, s)
	if err != nil {
		return err
	}
	plan, reason := offer.Plan, offer.Reason
	w.proposing.Lock() // of two that propose for the same target one comes second
	defer w.proposing.Unlock()
	_, err = w.ledger.update(ctx, s.ID, func(now *incident.State) ([]incident.Event, error) {
		other, err := w.ledger.claimed(ctx, s.ID, plan, offer.Other)
		if err != nil {
			return nil, err
		}
		switch {
		case now.Diagnosis == nil || now.Purges != s.Purges || !now.Diagnosis.At.Equal(s.Diagnosis.At) ||
			planHash(now.Plan) != planHash(s.Plan) || now.NoPlan != "":
			return nil, nil
		case plan == nil:
			return []incident.Event{incident.NoPlan{Reason: reason}}, nil
		case other != "" && now.Plan == nil: // the way back is never in anybody's way
			return []incident.Event{incident.NoPlan{Reason: other + " has a plan for the same target. Approve or reject it there (/medic plan " +
				other + "), or close " + other + "; then the cluster is looked at again for this one", Waits: other}}, nil
		}
		for _, p := range []*incident.Plan{plan, offer.Other} {
			if p != nil {
				w.access.Asks(p)
			}
		}
		return []incident.Event{incident.PlanProposed{Plan: *plan, Other: offer.Other, Idle: offer.Idle, Rates: rates}}, nil
	})
	return err
}

// claimed is another open incident that has a plan for one of the targets of a plan, or of the one beside it; empty: none has.
func (l *ledger) claimed(ctx context.Context, id string, plan, beside *incident.Plan) (string, error) {
	if plan == nil {
		return "", nil
	}
	hits, err := l.store.Find(ctx, targets(*plan, beside), l.now())
	if err != nil {
		return "", err
	}
	for _, h := range hits {
		if other := strings.TrimPrefix(h.Stream, streamPrefix); h.Open && other != id {
			return other, nil
		}
	}
	return "", nil
}

// offer is what people may choose between, and how the services that it acts on fare.
func (w *worker) offer(ctx context.Context, s *incident.State) (o recovery.Offer, rates []incident.Rate, err error) {
	if s.Plan != nil { // it ran, and Next asks for another: the way back
		return recovery.Offer{Plan: recovery.Inverse(s.Plan, s.Undo)}, nil, nil
	}
	if !s.Diagnosis.Wrong() {
		return recovery.Offer{Reason: "nothing was found that a plan could mend"}, nil, nil
	}
	snap, err := w.eyes.snapshot(ctx, "", true)
	if err != nil {
		return o, nil, err
	}
	whole, err := w.whole(ctx, s.Diagnosis)
	if err != nil {
		return o, nil, err
	}
	runs, err := runsOf(ctx, w.ledger.Journal)
	if err != nil {
		return o, nil, err
	}
	if o, err = w.recovery.Offer(ctx, whole.Here(), snap, runs); err != nil || o.Plan == nil {
		return o, nil, err
	}
	if o.Other != nil && useless(s, o.Other) {
		o.Other = nil
	}
	if useless(s, o.Plan) {
		if o.Plan, o.Other = o.Other, nil; o.Plan == nil {
			return recovery.Offer{Reason: "the plan that fits was run before in this incident and did not help"}, nil, nil
		}
	}
	for _, p := range []*incident.Plan{o.Plan, o.Other} {
		if p == nil {
			continue
		}
		if p.Took, err = w.ledger.took(ctx, p); err != nil {
			return o, nil, err
		}
		p.Hash = p.ComputeHash()
	}
	rates = w.rates(ctx, o.Plan, snap)
	for _, r := range w.rates(ctx, o.Other, snap) {
		if !slices.ContainsFunc(rates, func(x incident.Rate) bool { return x.Service == r.Service }) {
			rates = append(rates, r)
		}
	}
	return o, rates, nil
}

// verify takes one sample: a fresh look, compared with the diagnosis. Only a change of the verdict is recorded.
func (w *worker) verify(ctx context.Context, s *incident.State, _ incident.Work) error {
	checks, err := w.sample(ctx, s)
	if err != nil {
		checks = []incident.Check{{Name: "the cluster can be looked at", Detail: w.eyes.redact(err.Error())}}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	went := w.vigil.look(s.ID, s.Verification.Began, s.Verification.GoodSince)
	return decideAgain(func() error {
		now, err := w.ledger.fold(ctx, s.ID)
		if err != nil || !now.Open() || !now.Verification.Ended.IsZero() {
			return err
		}
		events := verdict(now.Verification, went, checks, watching(w.policy, now.Plan), w.ledger.now())
		if len(events) == 0 {
			return nil
		}
		v, ended := events[0].(incident.Verified)
		if ended {
			defer w.vigil.forget(s.ID)
		}
		if ended && v.OK {
			return w.healed(ctx, now, events)
		}
		return w.ledger.append(ctx, entry{now, events})
	})
}

func (w *worker) sample(ctx context.Context, s *incident.State) ([]incident.Check, error) {
	snap, err := w.eyes.snapshot(ctx, "", true)
	if err != nil {
		return nil, err
	}
	if !w.resolved(ctx, snap) {
		snap.Lookups = nil // names never resolved from here, so that they don't proves nothing
	}
	before, err := w.whole(ctx, s.Diagnosis)
	if err != nil {
		return nil, err
	}
	now := w.eyes.diagnose(snap, diagnosis.Scope{})
	p := recovery.Proof{Plan: s.Plan, Before: before, Now: now, Snapshot: snap, Since: s.Verification.GoodSince}
	if !s.Running() {
		p.Plan = nil // it ended by itself
	}
	for _, r := range w.rates(ctx, p.Plan, snap) {
		if i := slices.IndexFunc(s.Rates, func(b incident.Rate) bool { return b.Service == r.Service }); i >= 0 {
			p.Errors = append(p.Errors, recovery.ErrorRate{Service: r.Service, Before: s.Rates[i].Value, Now: r.Value})
		}
	}
	return recovery.Sample(p), nil
}

// resolved says whether names of the cluster have ever resolved from here, which the keeper of last-good copies records.
func (w *worker) resolved(ctx context.Context, snap *snapshot.Snapshot) bool {
	for _, l := range snap.Lookups {
		if _, ok, err := w.ledger.store.LastGood(ctx, lookupKey(l.Server)); err == nil && ok {
			return true
		}
	}
	return false
}

// draft writes the incident up.
func (w *worker) draft(ctx context.Context, s *incident.State, _ incident.Work) error {
	_, err := w.ledger.update(ctx, s.ID, func(s *incident.State) ([]incident.Event, error) {
		if s.Postmortem != nil {
			return nil, nil
		}
		return []incident.Event{incident.PostmortemDrafted{Postmortem: incident.DraftPostmortem(s)}}, nil
	})
	return err
}

// index writes the published postmortem to the knowledge folder. Written and not recorded, it is found again under the same incident. Why
// it could not be written people see, for it is theirs to mend.
func (w *worker) index(ctx context.Context, before *incident.State, _ incident.Work) error {
	path, err := w.publish(ctx, before)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return mendable{err}
	}
	edited := false
	_, err = w.ledger.update(ctx, before.ID, func(s *incident.State) ([]incident.Event, error) {
		edited = !reflect.DeepEqual(s.Postmortem, before.Postmortem)
		if s.Path != "" || edited {
			return nil, nil
		}
		return []incident.Event{incident.PostmortemIndexed{Path: path}}, nil
	})
	if err == nil && edited {
		return mendable{fmt.Errorf("it was edited while it was being written; remove %s, and it is written anew", path)}
	}
	return err
}
