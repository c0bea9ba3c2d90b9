package custom

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CustomUnseen is the code of a custom resource of which its controller takes no note.
const CustomUnseen = "CustomUnseen"

var unseenCodes = []finding.Code{
	{Code: CustomUnseen, Severity: incident.Warning, Detail: Says{},
		Meaning: "A custom resource was changed or made, and its controller has taken no note of it: the controller does not work.",
		Next:    "See why its controller does not run.",
		Example: "Nobody acts on the newest change of Kafka orders (generation 4, observed 3): Deployment kafka/operator has no ready pod"},
}

// checkUnseen reports, by kinds, the objects whose controller has not acted on them. Where the controller is not known to be down, that is
// a suspicion.
func checkUnseen(s *snapshot.Snapshot, r *finding.Report, well owners) {
	unspoken := map[schema.GroupKind]int{} // how many more objects of a kind have no status than have one
	for i := range s.Customs {
		o := &s.Customs[i]
		if len(statusOf(o)) > 0 {
			unspoken[o.GroupVersionKind().GroupKind()]--
		} else {
			unspoken[o.GroupVersionKind().GroupKind()]++
		}
	}
	type alike struct {
		kind   schema.GroupKind
		waited bool
	}
	found := map[alike]*finding.Finding{}
	ending := runsOf(s)
	for i := range s.Customs {
		o := &s.Customs[i]
		kind := o.GroupVersionKind().GroupKind()
		if slices.Contains(otherGroups, kind.Group) || o.GetDeletionTimestamp() != nil || switchedOff(o) || well.past(o) {
			continue
		}
		words, field, since, ok := unseenBy(o, unspoken[kind] <= 0)
		if !ok {
			continue
		}
		obj := snapshot.CustomObject(o)
		if field == "status" && warnedOf(s, obj) != nil {
			continue // somebody acts on it, and warns
		}
		x := sign{field: field, reason: words, since: since, event: lastWord(s, obj)}
		k := alike{kind, waitedFor(s, ending, o)}
		if f := found[k]; f != nil {
			join(f, obj, nil, x)
			continue
		}
		found[k] = reportUnseen(s, r, kind, obj, x, k.waited)
	}
}

func reportUnseen(s *snapshot.Snapshot, r *finding.Report, kind schema.GroupKind, obj incident.Object, x sign,
	waited bool) *finding.Finding {
	controllers := controllersOf(s, kind)
	down := downOf(s, controllers)
	title := fmt.Sprintf("Nobody acts on %s (%s)", finding.Short(obj), x.reason)
	if x.field == "metadata.generation" {
		title = fmt.Sprintf("Nobody acts on the newest change of %s (%s)", finding.Short(obj), x.reason)
	}
	switch {
	case down != "":
		title += ": " + down
	case x.event != nil:
		title += ": " + toldWords(x.event)
	}
	f := r.Find(CustomUnseen, obj, title)
	f.Since, f.Detail = x.since, Says{Controllers: controllers}
	f.Cite(finding.SeenAPI(obj, x.field, x.since, x.reason))
	if x.event != nil {
		f.Cite(finding.SeenEvent(x.event))
	}
	if waited && down == "" {
		f.AtMost = incident.Likely
		f.NotYet(finding.CustomUnseen, x.since, s.At)
		return f
	}
	if down != "" {
		f.Fault, f.AtMost = []incident.Object{controllers[0], obj}, incident.Likely
		f.Cite(finding.SeenAPI(controllers[0], "status.readyReplicas", time.Time{}, down))
		if !x.since.IsZero() {
			f.NotYet(finding.CustomUnseen, x.since, s.At)
		}
		return f
	}
	if f.Suspected(); !x.since.IsZero() && s.At.Sub(x.since) < finding.CustomUnseen.For {
		f.MayPass(finding.CustomUnseen, x.since)
	}
	return f
}

// waitedFor says whether an object is a part of another that is not well, and has had its time for that.
func waitedFor(s *snapshot.Snapshot, ending runs, o *unstructured.Unstructured) bool {
	owner := metav1.GetControllerOfNoCopy(o)
	if owner == nil {
		return false
	}
	above := s.Custom(snapshot.ObjectOf(owner.Kind, o.GetNamespace(), owner.Name))
	if above == nil || above.GetUID() != owner.UID || switchedOff(above) || above.GetDeletionTimestamp() != nil {
		return false
	}
	x, _, ill := foremostOf(ending, above, s.At)
	return ill && x.grade > hint && !x.early(s.At)
}

// unseenBy says by which field an object's controller has taken no note of it, and since when. Speaks says that most objects of its kind
// have a status.
func unseenBy(o *unstructured.Unstructured, speaks bool) (words, field string, since time.Time, ok bool) {
	status := statusOf(o)
	if len(status) == 0 {
		return "it has no status, as most of its kind have", "status", o.GetCreationTimestamp().Time, speaks
	}
	if !behind(o, status) {
		return "", "", time.Time{}, false
	}
	n, _, _ := unstructured.NestedInt64(status, "observedGeneration")
	since, _ = snapshot.Changed(o)
	return fmt.Sprintf("generation %d, observed %d", o.GetGeneration(), n), "metadata.generation", since, true
}
