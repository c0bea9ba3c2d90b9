package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// afterglow is how long an alert that still fires is taken to belong to the incident that was resolved: Alertmanager and its rules are
// slower to see the end than the verification is.
const afterglow = 15 * time.Minute

// Receive takes signals in: each joins the open incident that it belongs to, or opens one. When it returns nil they are recorded.
// Deliveries that come again change nothing.
func (i *Incidents) Receive(ctx context.Context, signals []incident.Signal) error {
	for _, g := range signals {
		if _, err := i.receive(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// receive returns the id of the incident that the signal went to; empty if it needs none.
func (i *Incidents) receive(ctx context.Context, g incident.Signal) (string, error) {
	g = i.redactSignal(g)
	i.opening.Lock() // between looking for the incident and opening it nobody else may
	defer i.opening.Unlock()
	all, err := i.ledger.List(ctx)
	if err != nil {
		return "", err
	}
	s := belongsTo(g, all, i.ledger.now())
	if s == nil {
		if g.Status == incident.Resolved {
			return "", nil
		}
		return i.ledger.open(ctx, incident.SignalReceived{Signal: g})
	}
	_, err = i.ledger.update(ctx, s.ID, func(s *incident.State) ([]incident.Event, error) {
		if !s.Open() || known(s, g) {
			return nil, nil
		}
		return []incident.Event{incident.SignalReceived{Signal: g}}, nil
	})
	return s.ID, err
}

// known says whether the incident has the signal already, as it is.
func known(s *incident.State, g incident.Signal) bool {
	return slices.ContainsFunc(s.Signals, func(o incident.Signal) bool {
		return o.Fingerprint == g.Fingerprint && o.Status == g.Status && o.Since.Equal(g.Since)
	})
}

// belongsTo finds the incident that a signal belongs to: by fingerprint; by the group that the sender put it into; one that is still being
// investigated, for the look takes in the whole cluster; one whose diagnosis names what the signal is about. Nil: none does.
func belongsTo(g incident.Signal, all []*incident.State, now time.Time) *incident.State {
	rules := []func(*incident.State) bool{
		func(s *incident.State) bool { return s.Open() && s.Has(g.Fingerprint) },
		func(s *incident.State) bool { return justResolved(s, g, now) },
		func(s *incident.State) bool { return s.Open() && g.Group != "" && inGroup(s, g.Group) },
		func(s *incident.State) bool { return s.Open() && g.Kind == "alert" && s.Diagnosis == nil },
		func(s *incident.State) bool { return s.Open() && g.Kind == "alert" && names(s.Diagnosis, g.Labels) },
	}
	if g.Status == incident.Resolved {
		rules = rules[:2]
	}
	for _, belongs := range rules {
		if k := slices.IndexFunc(all, belongs); k >= 0 {
			return all[k]
		}
	}
	return nil
}

// justResolved says whether the signal is an alert of a resolved incident that has not noticed yet: it began to fire before the end.
func justResolved(s *incident.State, g incident.Signal, now time.Time) bool {
	return !s.ResolvedAt.IsZero() && s.Has(g.Fingerprint) && !g.Since.IsZero() && g.Since.Before(s.ResolvedAt) && now.Sub(s.ResolvedAt) < afterglow
}

func inGroup(s *incident.State, group string) bool {
	return slices.ContainsFunc(s.Signals, func(o incident.Signal) bool { return o.Group == group })
}

// labelKinds are the labels by which the usual alert rules (kube-prometheus' mixin, kube-state-metrics) name an object.
var labelKinds = map[string]string{"pod": "Pod", "deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet",
	"job_name": "Job", "node": "Node", "service": "Service", "persistentvolumeclaim": "PersistentVolumeClaim"}

// names says whether a diagnosis found something wrong with an object that the labels name.
func names(d *incident.Diagnosis, labels map[string]string) bool {
	if d == nil {
		return false
	}
	for label, kind := range labelKinds {
		if labels[label] == "" {
			continue
		}
		o := incident.Object{Kind: kind, Namespace: labels["namespace"], Name: labels[label]}
		if d.Concerns(o) || d.Concerns(incident.Object{Kind: kind, Name: o.Name}) {
			return true
		}
	}
	return false
}

func (i *Incidents) redactSignal(g incident.Signal) incident.Signal {
	g.Title, g.Text = i.redact(g.Title), i.redact(g.Text)
	labels := make(map[string]string, len(g.Labels))
	for k, v := range g.Labels {
		labels[k] = i.redact(v)
	}
	g.Labels = labels
	return g
}

func sortNewestFirst(all []*incident.State) {
	slices.SortFunc(all, func(a, b *incident.State) int {
		return cmp.Or(b.OpenedAt.Compare(a.OpenedAt), cmp.Compare(number(b.ID), number(a.ID)))
	})
}
