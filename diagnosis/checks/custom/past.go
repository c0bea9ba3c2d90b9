package custom

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// owners are the custom objects that say that they are ready, and since when, and the newest that is ready of those that each owns of a
// kind.
type owners struct {
	ready map[types.UID]time.Time
	parts map[part]time.Time
}

type part struct {
	owner types.UID
	kind  string
}

func ownersIn(s *snapshot.Snapshot) owners {
	x := owners{map[types.UID]time.Time{}, map[part]time.Time{}}
	for i := range s.Customs {
		o := &s.Customs[i]
		since, ok := readySince(o)
		if !ok {
			continue
		}
		x.ready[o.GetUID()] = since
		for _, owner := range o.GetOwnerReferences() {
			k := part{owner.UID, o.GetKind()}
			if made := o.GetCreationTimestamp().Time; made.After(x.parts[k]) {
				x.parts[k] = made
			}
		}
	}
	return x
}

func readySince(o *unstructured.Unstructured) (time.Time, bool) {
	for _, c := range conditionsOf(o) {
		if c.kind == "Ready" && c.status == "True" {
			return c.since, true
		}
	}
	return time.Time{}, false
}

// past says whether an object belongs to another that has become ready since, or to one of which a later part is: the request of a
// certificate that has been issued. One that was made while its owner was ready may be what its owner will lack soon: a renewal.
func (x owners) past(o *unstructured.Unstructured) bool {
	made := o.GetCreationTimestamp().Time
	for _, owner := range o.GetOwnerReferences() {
		since, ready := x.ready[owner.UID]
		if ready && (since.IsZero() || !made.After(since) || x.parts[part{owner.UID, o.GetKind()}].After(made)) {
			return true
		}
	}
	return false
}
