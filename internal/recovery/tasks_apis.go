package recovery

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/control"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// goneForGood is how long what served an API must have been away: nobody installs it anew, and no upgrade takes so long.
const goneForGood = time.Hour

// draftRemoveAPI removes an API that nothing serves any more, and that therefore keeps every namespace from going.
func draftRemoveAPI(ctx context.Context, r *Recovery, q request) (draft, error) {
	reason := "no API that another server answers for is at fault"
	for _, o := range blamedAPIs(q) {
		a := q.s.Custom(o)
		if a == nil {
			continue
		}
		ns, name, ok := kube.APIServiceTarget(a)
		since := unavailableSince(a)
		switch {
		case !ok || since.IsZero():
			continue
		case q.s.NotSeenIn("services", ns) || q.s.Service(ns, name) != nil:
			reason = fmt.Sprintf("Service %s/%s, which answers for %s, is there; bring its pods back", ns, name, o.Name)
		case q.s.At.Sub(since) < goneForGood:
			reason = fmt.Sprintf("Service %s/%s is gone since %s only; whoever took it away may be bringing it back", ns, name, stamp(since))
		case len(kube.Nearest(name, kube.ServicesIn(q.s, ns))) > 0:
			reason = fmt.Sprintf("Service %s/%s does not exist, and there is one alike (%s); point spec.service of %s to it", ns, name,
				kube.Nearest(name, kube.ServicesIn(q.s, ns))[0], o.Name)
		default:
			live, err := r.asItIs(ctx, o)
			if err != nil || live == nil {
				return draft{no: o.String() + " is not there any more"}, err
			}
			if by := ownedBy(live); by != "" {
				return no("%s belongs to %s, which would make it again; remove that", o, by)
			}
			return single(restingOn(fmt.Sprintf("its Service %s/%s is gone since %s", ns, name, stamp(since)), stepTo(RemoveObject, o, nil)),
				fmt.Sprintf("remove API %s, which nothing serves", o.Name),
				fmt.Sprintf("Service %s/%s, which answered for it, is gone, and the API does not work since %s. As long as it is registered, no "+
					"namespace "+
					"can be deleted. Nothing that it served is in the cluster's datastore.", ns, name, stamp(since)))
		}
	}
	return no("%s", reason)
}

// blamedAPIs are those APIs that a cause blames, and those that keep a namespace of it from going.
func blamedAPIs(q request) []incident.Object {
	out := ofKind(q.cause.Objects, "APIService")
	for _, o := range ofKind(q.cause.Objects, "Namespace") {
		n := find(q.s.Namespaces, o)
		if n == nil || n.DeletionTimestamp == nil {
			continue
		}
		for _, gv := range control.HeldBy(n) {
			for _, a := range q.s.CustomsOf(kube.APIServiceKind) {
				if (schema.GroupVersion{Group: kube.StringAt(a.Object, "spec", "group"), Version: kube.StringAt(a.Object, "spec", "version")}) == gv {
					out = finding.Union(out, []incident.Object{snapshot.CustomObject(a)})
				}
			}
		}
	}
	return out
}

// unavailableSince is when an API ceased to work by its own condition; zero if it works.
func unavailableSince(a *unstructured.Unstructured) time.Time {
	list, _, _ := unstructured.NestedSlice(a.Object, "status", "conditions")
	for _, x := range list {
		if c := asMap(x); c["type"] == "Available" && c["status"] == "False" {
			at, _ := time.Parse(time.RFC3339, kube.StringAt(c, "lastTransitionTime"))
			return at
		}
	}
	return time.Time{}
}
