package watch

import (
	"cmp"
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Kind is that of the signals that a watch gives.
const Kind = incident.WatchSignal

// mostWatched bounds the causes that are remembered: more at once are one outage, and the rest are among what its look finds.
const mostWatched = 1000

// Watched remembers what has been seen to be wrong, from one look to the next. It is not safe for concurrent use.
type Watched struct {
	policy  Policy
	seen    map[string]*course // by fingerprint
	sighted bool               // a look has seen pods
	outage  time.Time          // when a look last did not, after one that had
}

// course is how a cause went.
type course struct {
	first, last time.Time       // seen
	blind       map[string]bool // what the look that saw it last could not see; nil: not known
	raised      bool
	away        bool // a look has found it gone since
	signal      incident.Signal
}

// New begins to watch by a policy. Firing are the watch's signals that open incidents still hold to be so, from before this program was
// started: they are over once they are not seen any more.
func New(p Policy, firing []incident.Signal) *Watched {
	w := &Watched{policy: p, seen: map[string]*course{}}
	for _, g := range firing {
		w.seen[g.Fingerprint] = &course{first: g.Since, last: g.Since, raised: true, signal: g}
	}
	return w
}

// Raised says whether anything has become an incident that is not over.
func (w *Watched) Raised() bool {
	for _, k := range w.seen {
		if k.raised {
			return true
		}
	}
	return false
}

// Unsaid takes back that signals were told, for they could not be recorded: the next look gives them again.
func (w *Watched) Unsaid(signals []incident.Signal) {
	for _, g := range signals {
		k := w.seen[g.Fingerprint]
		switch {
		case k != nil:
			k.raised = false
		case g.Status == incident.Resolved:
			g.Status = incident.Firing
			w.seen[g.Fingerprint] = &course{first: g.Since, raised: true, away: true, signal: g}
		}
	}
}

// Look takes a diagnosis of everything, and returns what is to be told of it: what becomes an incident now, and what is over. Held says
// whether an open incident holds a signal, by its fingerprint, to be so: what comes back after its incident has ended is told anew. Next is
// when to look again though nothing changes; zero: whenever something does.
func (w *Watched) Look(d *incident.Diagnosis, now time.Time, held func(string) bool) (signals []incident.Signal, next time.Time) {
	there, blind := map[string]bool{}, blindness(d)
	if dark := blind[podsEverywhere]; !dark {
		w.sighted = true
	} else if w.sighted {
		w.outage = now
	}
	sooner := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	first := func(c incident.Cause) time.Time {
		if k := w.seen[fingerprint(c)]; k != nil {
			return k.first
		}
		return time.Time{}
	}
	for _, v := range w.policy.Judge(d, first, now) {
		name := fingerprint(v.Cause)
		there[name] = true
		k := w.seen[name]
		if k == nil {
			if len(w.seen) >= mostWatched {
				continue
			}
			k = &course{first: now}
			w.seen[name] = k
		}
		k.last, k.blind = now, blind
		v = w.settled(v, now)
		sooner(v.At)
		if v.Raise && (!k.raised || k.away && !held(name)) {
			k.raised, k.signal = true, signalOf(v.Cause, now)
			signals = append(signals, k.signal)
		}
		k.away = false
	}
	return append(signals, w.over(there, blind, now, sooner)...), next
}

// podsEverywhere is how blindness says that no pods were seen.
const podsEverywhere = "pods /"

// settled is a verdict that waits for the cluster to catch up after an outage. What is seen while it lasts is not what has to catch up.
func (w *Watched) settled(v Verdict, now time.Time) Verdict {
	ready := w.outage.Add(w.policy.AfterOutage)
	if w.outage.IsZero() || w.outage.Equal(now) || !ready.After(now) || !v.Raise {
		return v
	}
	v.Raise, v.At, v.Why = false, ready, "the cluster has just come back, and may still catch up"
	return v
}

// over is what is no longer so, for long enough. Where the look that saw it last saw more than this one, nobody knows.
func (w *Watched) over(there, blind map[string]bool, now time.Time, sooner func(time.Time)) []incident.Signal {
	var out []incident.Signal
	for name, k := range w.seen {
		switch at := k.last.Add(w.policy.GoneFor); {
		case there[name]:
		case k.blind != nil && beyond(blind, k.blind):
			k.last = now
		case at.After(now):
			k.away = true
			sooner(at)
		default:
			delete(w.seen, name)
			if k.raised {
				k.signal.Status = incident.Resolved
				out = append(out, k.signal)
			}
		}
	}
	slices.SortFunc(out, func(a, b incident.Signal) int { return cmp.Compare(a.Fingerprint, b.Fingerprint) })
	return out
}

// blindness is what a look could not see, but for single pods' logs.
func blindness(d *incident.Diagnosis) map[string]bool {
	out := map[string]bool{}
	for _, n := range d.NotSeen {
		for _, r := range n.Resources {
			if n.Where.Kind != "Pod" {
				out[string(r)+" "+n.Where.String()] = true
			}
		}
	}
	return out
}

// beyond says whether there is anything in a that is not in b.
func beyond(a, b map[string]bool) bool {
	for k := range a {
		if !b[k] {
			return true
		}
	}
	return false
}

// fingerprint is the same for a cause from look to look.
func fingerprint(c incident.Cause) string {
	if len(c.Objects) == 0 {
		return "watch/" + c.Code
	}
	return "watch/" + c.Code + "/" + c.Objects[0].String()
}

// labelOf is the label by which alert rules name an object of a kind, so that what is routed or silenced by labels counts for the watch.
var labelOf = map[string]string{"Pod": "pod", "Deployment": "deployment", "StatefulSet": "statefulset", "DaemonSet": "daemonset",
	"Job": "job_name", "Node": "node", "Service": "service", "PersistentVolumeClaim": "persistentvolumeclaim"}

// mostAbout bounds the objects that a signal names.
const mostAbout = 20

// signalOf is what is told of a cause that becomes an incident.
func signalOf(c incident.Cause, now time.Time) incident.Signal {
	g := incident.Signal{Kind: Kind, Status: incident.Firing, Fingerprint: fingerprint(c), Title: c.Title,
		Labels: map[string]string{"alertname": c.Code}, Since: now, About: c.Objects[:min(len(c.Objects), mostAbout)]}
	if len(c.Objects) == 0 {
		return g
	}
	o := c.Objects[0]
	if o.Namespace != "" {
		g.Labels["namespace"] = o.Namespace
	}
	if label := labelOf[o.Kind]; label != "" {
		g.Labels[label] = o.Name
	}
	return g
}
