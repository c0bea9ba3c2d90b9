package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// desk is one decision about signals: what leads where, by the projection and by the signals decided about before, and what is to be
// recorded.
type desk struct {
	ledger *ledger
	now    time.Time
	hits   map[string][]store.Hit // by the key's name
	states map[string]*incident.State
	route  func(labels map[string]string) string
	last   int // the greatest incident number

	silences []incident.Silence   // in force
	ending   []incident.Silence   // whose time is over, and whose alerts are about to be taken in
	waits    []incident.AlertHeld // what opened no incident because of them

	entries map[string]*entry // by incident
	order   []string
	ids     []string // for each signal
	room    int      // how many more incidents may be open; -1: not known yet
	most    int      // open incidents that one person may have opened
	share   *share   // of alerts and the watch; a copy, until what is decided is recorded
}

func (i *Incidents) newDesk(ctx context.Context, signals []incident.Signal, last int) (*desk, error) {
	d := &desk{ledger: i.ledger, now: i.ledger.now(), hits: map[string][]store.Hit{}, states: map[string]*incident.State{},
		entries: map[string]*entry{},
		route:   i.route, share: i.share.copy(), last: last, room: -1, most: i.access.Limits().OpenPerPerson}
	wanted := map[string]bool{investigatingKey: true}
	for _, g := range signals {
		if g.By.ID != "" {
			wanted[keyOf(openerKey, g.By.Key(), "").Name] = true
		}
		for _, name := range leadsOf(g) {
			wanted[name] = true
		}
	}
	if err := d.find(ctx, wanted); err != nil {
		return nil, err
	}
	clear(wanted) // what those don't seat may be seated by what it is about
	for _, g := range signals {
		if g.Alarms() && g.Status == incident.Firing && d.openBy(append(leadsOf(g), investigatingKey)...) == "" {
			for _, name := range objectLeads(g) {
				wanted[name] = true
			}
		}
	}
	return d, d.find(ctx, wanted)
}

// find takes in where the names lead.
func (d *desk) find(ctx context.Context, names map[string]bool) error {
	hits, err := d.ledger.store.Find(ctx, slices.Collect(maps.Keys(names)), d.now)
	if err != nil {
		return err
	}
	for _, h := range hits {
		d.hits[h.Name] = append(d.hits[h.Name], h)
	}
	for _, all := range d.hits { // the newest incident first
		slices.SortFunc(all, func(a, b store.Hit) int { return cmp.Compare(number(b.Stream), number(a.Stream)) })
	}
	return nil
}

// labelKinds are the labels by which the usual alert rules (kube-prometheus' mixin, kube-state-metrics) name an object.
var labelKinds = map[string]string{"pod": "Pod", "deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet",
	"job_name": "Job", "cronjob": "CronJob", "node": "Node", "service": "Service", "persistentvolumeclaim": "PersistentVolumeClaim",
	"certificate": "Certificate", "secret_name": "Secret"}

// leadsOf are the keys by which a signal may find its incident, whatever it is about.
func leadsOf(g incident.Signal) []string {
	names := []string{keyOf(fingerprintKey, g.Fingerprint, "").Name, keyOf(causeKey, g.Fingerprint, "").Name}
	if g.Group != "" {
		names = append(names, keyOf(groupKey, g.Group, "").Name)
	}
	return names
}

// withPods are the kinds whose pods bear their name and one or two parts more, behind hyphens.
var withPods = []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"}

// objectLeads are the keys of what an alert is about: the objects that its labels name, the workload of a pod, which goes by names, and
// what stands for all of a kind there.
func objectLeads(g incident.Signal) []string {
	var names []string
	namespace := g.Labels["namespace"]
	add := func(kind, namespace, name string) {
		names = append(names, keyOf(objectKey, incident.Object{Kind: kind, Namespace: namespace, Name: name}.String(), "").Name)
	}
	all := func(kind string) {
		add(kind, namespace, anyName)
		add(kind, anyName, anyName)
	}
	if g.Kind == incident.WatchSignal {
		for _, o := range g.About {
			add(o.Kind, o.Namespace, o.Name)
		}
	}
	for label, kind := range labelKinds {
		name := g.Labels[label]
		if name == "" {
			continue
		}
		add(kind, namespace, name)
		add(kind, "", name)
		all(kind)
		if kind != "Pod" {
			continue
		}
		for range 2 {
			cut := strings.LastIndexByte(name, '-')
			if cut < 0 {
				break
			}
			name = name[:cut]
			for _, workload := range withPods {
				add(workload, namespace, name)
			}
		}
		for _, workload := range withPods {
			all(workload)
		}
	}
	return names
}

// belongs finds the incident that a signal belongs to: by fingerprint; one that ended just now and that an alert has not noticed yet; by
// the group that the sender put it into; one whose diagnosis named what a person asks about; one that is still being investigated, for the
// look takes in the whole cluster; one whose diagnosis found something wrong with what an alert is about. Empty: none does.
func (d *desk) belongs(ctx context.Context, g incident.Signal) (string, error) {
	fingerprint := keyOf(fingerprintKey, g.Fingerprint, "").Name
	if id := d.openBy(fingerprint); id != "" {
		return id, nil
	}
	id, err := d.endedJust(ctx, d.hits[fingerprint], g)
	if err != nil || id != "" || g.Status == incident.Resolved {
		return id, err
	}
	names := []string{keyOf(causeKey, g.Fingerprint, "").Name}
	if g.Group != "" {
		names = append([]string{keyOf(groupKey, g.Group, "").Name}, names...)
	}
	if g.Alarms() {
		names = append(append(names, investigatingKey), objectLeads(g)...)
	}
	id, err = d.openIn(ctx, d.channel(g), names...)
	if err == nil && id == "" && g.Alarms() {
		return d.outage(ctx, g)
	}
	return id, err
}

// channel is where a signal that opens an incident is told; empty: where all others are.
func (d *desk) channel(g incident.Signal) string {
	if g.Channel == "" && g.Alarms() && d.route != nil {
		return d.route(g.Labels)
	}
	return g.Channel
}

// openIn is openBy, but for incidents that are told in other channels: an alert is told to nobody but those whom its namespace's are told
// to.
func (d *desk) openIn(ctx context.Context, channel string, names ...string) (string, error) {
	for _, name := range names {
		for _, h := range d.hits[name] {
			if !h.Open {
				continue
			}
			s, err := d.state(ctx, strings.TrimPrefix(h.Stream, streamPrefix))
			if err != nil {
				return "", err
			}
			if s.Channel == channel {
				return s.ID, nil
			}
		}
	}
	return "", nil
}

// openBy is the newest open incident to which the first of the names leads that leads to any.
func (d *desk) openBy(names ...string) string {
	for _, name := range names {
		for _, h := range d.hits[name] {
			if h.Open {
				return strings.TrimPrefix(h.Stream, streamPrefix)
			}
		}
	}
	return ""
}

// endedJust is the incident, of those over, that the signal is an alert of: one that it knew to fire before its end. What began anew since
// it was over is none of these.
func (d *desk) endedJust(ctx context.Context, hits []store.Hit, g incident.Signal) (string, error) {
	for _, h := range hits {
		id := strings.TrimPrefix(h.Stream, streamPrefix)
		s, err := d.state(ctx, id)
		if err != nil {
			return "", err
		}
		unnoticed := g.Status == incident.Resolved || h.Value == knowing(g)
		if end := s.EndedAt(); !h.Open && unnoticed && !g.Since.IsZero() && g.Since.Before(end) && d.now.Sub(end) < afterglow {
			return id, nil
		}
	}
	return "", nil
}

// open gives a signal that belongs nowhere an incident of its own, or the newest one when too many are open; none to a person who has as
// many open as one may have.
func (d *desk) open(ctx context.Context, g incident.Signal) (string, error) {
	if g.By.ID != "" && len(d.hits[keyOf(openerKey, g.By.Key(), "").Name]) >= d.most {
		return "", nil
	}
	if err := d.takeStock(ctx); err != nil {
		return "", err
	}
	channel := d.channel(g)
	if g.Alarms() && (d.room == 0 || d.share.spent(channel, d.now)) { // beyond the bounds there is one for each channel
		if id, err := d.openIn(ctx, channel, ""); err != nil || id != "" {
			return id, err
		}
	}
	if g.Alarms() {
		d.share.take(channel, d.now)
	}
	if d.last == 0 {
		last, err := d.ledger.lastNumber(ctx)
		if err != nil {
			return "", err
		}
		d.last = last
	}
	d.last++
	d.room = max(0, d.room-1)
	id := idPrefix + strconv.Itoa(d.last)
	d.states[id] = &incident.State{ID: id, Channel: channel}
	d.lead("", id, "") // where others go once there is no more room
	return id, nil
}

// record notes what is to be written about a signal, and that it leads to its incident from now on. What is known already is not.
func (d *desk) record(ctx context.Context, id string, g incident.Signal) error {
	s, err := d.state(ctx, id)
	if err != nil {
		return err
	}
	fingerprint := keyOf(fingerprintKey, g.Fingerprint, "").Name
	known := d.value(fingerprint, id)
	if known == knowing(g) || s.Version > 0 && !s.Open() {
		return nil // it is over: an alert that has not noticed changes nothing
	}
	e := d.entries[id]
	if e == nil {
		e = &entry{state: s}
		d.entries[id] = e
		d.order = append(d.order, id)
	}
	if s.Version == 0 && len(e.events) == 0 {
		g.Channel = s.Channel
	}
	event := incident.SignalReceived{Signal: g, Before: knownStatus(known), Silent: d.silent(g, s)}
	_, keys := keysOf(event, s.Version == 0 && len(e.events) == 0)
	for _, k := range keys {
		d.lead(k.Name, id, k.Value)
	}
	e.events = append(e.events, event)
	return nil
}

// state is the incident's, as it is decided upon. One that the projection took to be open and that has ended since is a conflict: decide
// again.
func (d *desk) state(ctx context.Context, id string) (*incident.State, error) {
	if s := d.states[id]; s != nil {
		return s, nil
	}
	s, err := d.ledger.fold(ctx, id)
	if aside, failed := d.ledger.setAside(ctx, err); aside {
		return nil, errors.Join(store.ErrConflict, failed) // decide without it
	}
	if err != nil {
		return nil, err
	}
	for _, all := range d.hits {
		for _, h := range all {
			if h.Stream == streamPrefix+id && h.Open != s.Open() {
				return nil, fmt.Errorf("%s has changed meanwhile: %w", id, store.ErrConflict)
			}
		}
	}
	d.states[id] = s
	return s, nil
}

// value is what is known of an incident under a key; empty if the key does not lead to it.
func (d *desk) value(name, id string) string {
	for _, h := range d.hits[name] {
		if h.Stream == streamPrefix+id {
			return h.Value
		}
	}
	return ""
}

// lead makes a key lead to an incident for the signals that follow in this decision.
func (d *desk) lead(name, id, value string) {
	stream := streamPrefix + id
	all := slices.DeleteFunc(d.hits[name], func(h store.Hit) bool { return h.Stream == stream })
	d.hits[name] = append([]store.Hit{{Key: store.Key{Name: name, Value: value}, Stream: stream, Open: true}}, all...)
}

// all is what is to be recorded, in the order in which it came up.
func (d *desk) all() []entry {
	out := make([]entry, 0, len(d.order))
	for _, id := range d.order {
		out = append(out, *d.entries[id])
	}
	return out
}
