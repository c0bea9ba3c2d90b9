package app

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// What leads to an incident: the prefixes of its keys in the projection. They follow from its events alone, so that they can be made
// again from the log.
const (
	fingerprintKey   = "fingerprint/" // of a signal; its value is what is known of the signal
	groupKey         = "group/"       // into which the sender put an alert
	investigatingKey = "investigating"
	objectKey        = "object/" // with which the diagnosis found something wrong
	causeKey         = "cause/"  // that the diagnosis named
	openerKey        = "opener/" // the person who opened it
	targetKey        = "target/" // of a plan that is on offer, approved or running
	waitsKey         = "waits/"  // the incident whose plan keeps this one from having its own
	toldKey          = "told/"   // the channel that was told news of it
	calledKey        = "called/" // the channel in which somebody was called for it
)

// whileOpen are the keys that lead to an incident only while it is open; a fingerprint leads to it for a while longer.
var whileOpen = []string{investigatingKey, groupKey, objectKey, causeKey, openerKey, targetKey, waitsKey}

// mostObjects bounds the objects that lead to an incident.
const mostObjects = 5000

// keysOf is what an event changes about what leads to its incident; first says that it opens it.
func keysOf(e incident.Event, first bool) (drop []string, keys []store.Key) {
	switch e := e.(type) {
	case incident.SignalReceived:
		keys = append(keys, keyOf(fingerprintKey, e.Signal.Fingerprint, knowing(e.Signal)))
		if e.Signal.Group != "" {
			keys = append(keys, keyOf(groupKey, e.Signal.Group, ""))
		}
		if first {
			if !narrow(e.Signal) { // what is looked at for that one takes in no more than what it is about
				keys = append(keys, keyOf(investigatingKey, "", ""))
			}
			if e.Signal.By.ID != "" {
				keys = append(keys, keyOf(openerKey, e.Signal.By.Key(), ""))
			}
		}
	case incident.DiagnosisMade:
		drop = []string{investigatingKey, objectKey, causeKey}
		for _, c := range e.Diagnosis.Causes {
			keys = append(keys, keyOf(causeKey, incident.FoundFingerprint(e.Diagnosis.Cluster, c), ""))
		}
		for _, o := range wrong(&e.Diagnosis) {
			keys = append(keys, keyOf(objectKey, o.String(), ""))
		}
	case incident.LookAgainRequested:
		drop = []string{waitsKey}
	case incident.PlanProposed:
		drop = []string{targetKey, waitsKey}
		for _, name := range targets(e.Plan, e.Other) {
			keys = append(keys, store.Key{Name: name})
		}
	case incident.NoPlan:
		drop = []string{targetKey, waitsKey}
		if e.Waits != "" {
			keys = append(keys, keyOf(waitsKey, e.Waits, ""))
		}
	case incident.PlanRejected:
		if e.Leaves == "" {
			drop = []string{targetKey}
		}
	case incident.PlanSuperseded:
		drop = []string{targetKey}
	case incident.Notified:
		keys = append(keys, keyOf(toldKey, e.Channel, ""))
	case incident.Called:
		keys = append(keys, keyOf(calledKey, e.Channel, ""))
	}
	return drop, keys
}

// targets are the keys of what a plan changes, or the other one that is offered beside it, each once.
func targets(p incident.Plan, other *incident.Plan) []string {
	seen := map[string]bool{}
	steps := p.Steps
	if other != nil {
		steps = slices.Concat(steps, other.Steps)
	}
	for _, step := range steps {
		if o := step.Target.Object; !o.IsZero() {
			seen[keyOf(targetKey, o.String(), "").Name] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// frees says whether one of the events takes a plan out of the way of other incidents, or ends the incident.
func frees(events []incident.Event) bool {
	return slices.ContainsFunc(events, func(e incident.Event) bool {
		switch e.(type) {
		case incident.PlanProposed, incident.NoPlan, incident.PlanRejected, incident.PlanSuperseded, incident.Verified, incident.Closed:
			return true
		}
		return false
	})
}

func keyOf(prefix, name, value string) store.Key {
	name = prefix + name
	if len(name) > store.MaxKey {
		name = name[:store.MaxKey]
	}
	return store.Key{Name: strings.ToValidUTF8(name, ""), Value: value}
}

// anyName stands for every name in a key, or for every namespace.
const anyName = "*"

// wrong lists the objects with which a diagnosis found something wrong: those of its findings, those of their evidence, for findings are
// about workloads and their evidence names the pods, and those of a large outage that were not told.
func wrong(d *incident.Diagnosis) []incident.Object {
	seen := map[incident.Object]bool{}
	for _, f := range d.Findings {
		if f.Severity.Rank() >= incident.Warning.Rank() {
			seen[f.Object] = true
			for _, o := range f.Objects {
				seen[o] = true
			}
		}
	}
	for _, e := range d.Evidence {
		seen[e.Object] = true
	}
	for _, g := range d.Also {
		namespace, names := g.Namespace, g.Names
		if len(names) == 0 {
			names = []string{anyName}
			if namespace == "" {
				namespace = anyName
			}
		}
		for _, name := range names {
			seen[incident.Object{Kind: g.Kind, Namespace: namespace, Name: name}] = true
		}
	}
	objects := slices.SortedFunc(maps.Keys(seen), incident.Object.Compare)
	return objects[:min(len(objects), mostObjects)]
}

// knowing is what the projection remembers of a signal: enough to know it again, as it is.
func knowing(g incident.Signal) string {
	since := int64(0)
	if !g.Since.IsZero() {
		since = g.Since.UnixNano()
	}
	return string(g.Status) + "@" + strconv.FormatInt(since, 10)
}

// knownStatus is the status in which a signal is remembered.
func knownStatus(value string) incident.SignalStatus {
	status, _, _ := strings.Cut(value, "@")
	return incident.SignalStatus(status)
}

// project is how events, appended at a time to an incident in that state, change its projection. It is due at once.
func project(s *incident.State, at time.Time, events []incident.Event) *store.Change {
	var drop []string
	leads, log := leading{}, make([]incident.Recorded, 0, len(events))
	for n, e := range events {
		version := s.Version + 1 + n
		drop = append(drop, leads.apply(e, version == 1)...)
		log = append(log, incident.Recorded{Version: version, At: at, Event: e})
	}
	c := leads.to(s.With(log))
	c.Due, c.Drop = at, append(drop, c.Drop...)
	return &c
}

// leading is the keys that lead to an incident, by name, with their values.
type leading map[string]string

// apply takes an event in, and returns the prefixes of what it dropped.
func (l leading) apply(e incident.Event, first bool) []string {
	drop, keys := keysOf(e, first)
	l.drop(drop)
	for _, k := range keys {
		l[k.Name] = k.Value
	}
	return drop
}

func (l leading) drop(prefixes []string) {
	if len(prefixes) > 0 {
		maps.DeleteFunc(l, func(name, _ string) bool { return hasPrefix(name, prefixes) })
	}
}

func (l leading) keys() []store.Key {
	out := make([]store.Key, 0, len(l))
	for _, name := range slices.Sorted(maps.Keys(l)) {
		out = append(out, store.Key{Name: name, Value: l[name]})
	}
	return out
}

// to is what leads to an incident in that state.
func (l leading) to(s *incident.State) store.Change {
	if s.Open() {
		return store.Change{Open: true, Keys: l.keys()}
	}
	l.drop(whileOpen)
	return store.Change{Until: s.EndedAt().Add(afterglow), Drop: whileOpen, Keys: l.keys()}
}

func hasPrefix(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// rebuilt is the projection that follows from an incident's whole log. It is due if something is to be done for it.
func rebuilt(s *incident.State, log []incident.Recorded, now time.Time) store.Change {
	leads := leading{}
	for _, r := range log {
		leads.apply(r.Event, r.Version == 1)
	}
	c := leads.to(s)
	if c.Open || len(incident.Next(s, incident.DefaultPolicy, now)) > 0 {
		c.Due = now
	}
	return c
}

// differs says in words how a projection is not what follows from its incident; empty if it is. Of one that is over the keys don't count,
// which are removed in time, nor where an event was purged that may have said them.
func differs(p store.Projection, s *incident.State, c store.Change, purged bool) string {
	switch {
	case p.Version != s.Version:
		return fmt.Sprintf("it follows from event %d; there are %d", p.Version, s.Version)
	case p.Open != c.Open:
		return fmt.Sprintf("it says open: %t; the events say %t", p.Open, c.Open)
	case p.Open && !purged && !slices.Equal(p.Keys, c.Keys):
		return fmt.Sprintf("its %d keys are not the %d that follow from the events", len(p.Keys), len(c.Keys))
	}
	return ""
}
