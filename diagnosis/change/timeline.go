package change

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Span is how far back changes are looked for: two nights and a weekend.
const Span = 4 * 24 * time.Hour

// most bounds the changes of one timeline, the newest kept.
const most = 2000

// Change is a change, with what it touched.
type Change struct {
	incident.Change
	Touched Touched
}

// Timeline lists what changed within Span before the Snapshot, oldest first, with ids.
func Timeline(s *snapshot.Snapshot) []Change {
	t := &timeline{s: s}
	t.rollouts()
	t.revisions()
	t.digests()
	t.configuration()
	t.scaling()
	t.nodes()
	t.hosts()
	slices.SortStableFunc(t.changes, func(a, b Change) int {
		return cmp.Or(a.At.Compare(b.At), a.Object.Compare(b.Object), cmp.Compare(a.What, b.What), cmp.Compare(a.By, b.By),
			cmp.Compare(b.Touched, a.Touched))
	})
	t.changes = slices.CompactFunc(t.changes, func(a, b Change) bool { return a.Change == b.Change })
	t.changes = t.changes[max(0, len(t.changes)-most):]
	for i := range t.changes {
		t.changes[i].ID = fmt.Sprintf("T%d", i+1)
	}
	return t.changes
}

type timeline struct {
	s       *snapshot.Snapshot
	changes []Change
}

// add enters a change, unless it is too old or, by a clock that goes wrong, yet to come.
func (t *timeline) add(touched Touched, source incident.Source, o incident.Object, at time.Time, by, what string) {
	if t.recent(at) {
		t.changes = append(t.changes, Change{incident.Change{At: at.UTC().Round(0), Source: source, Object: o, What: what, By: by}, touched})
	}
}

func (t *timeline) recent(at time.Time) bool {
	return !at.IsZero() && !at.After(t.s.At) && t.s.At.Sub(at) <= Span
}

// written enters that an object was written after it was made. Objects are made by several writes within a moment.
func (t *timeline) written(kind string, o metav1.Object) {
	at, by := snapshot.Changed(o)
	if t.recent(at) && at.Sub(o.GetCreationTimestamp().Time) > making {
		t.add(Unknown, incident.SourceAPI, snapshot.ObjectOf(kind, o.GetNamespace(), o.GetName()), at, by, "was changed")
	}
}

// made enters that an object was created.
func (t *timeline) made(kind string, o metav1.Object) {
	created := o.GetCreationTimestamp().Time
	if !t.recent(created) {
		return
	}
	by := ""
	for _, f := range o.GetManagedFields() {
		if f.Time != nil && f.Time.Sub(created).Abs() <= making && f.Subresource == "" {
			by = f.Manager
			break
		}
	}
	t.add(Made, incident.SourceAPI, snapshot.ObjectOf(kind, o.GetNamespace(), o.GetName()), created, by, "was created")
}

const making = 2 * time.Second
