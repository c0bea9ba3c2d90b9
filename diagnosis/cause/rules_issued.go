package cause

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/ingress"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// customNames wants the one to go by the other, and the very name to stand in what it says or is told.
func customNames(c *Context, from, to *finding.Finding) (Link, bool) {
	missing, _ := finding.DetailOf[custom.Says](from)
	says, _ := finding.DetailOf[custom.Says](to)
	if slices.Contains(from.Refs, to.Object) {
		return Link{Reason: "its own words name it"}, true
	}
	goesBy := slices.ContainsFunc(says.Needs, func(n custom.Need) bool { return n.Object == from.Object })
	return Link{Reason: fmt.Sprintf("it goes by %s, and by %s", finding.Short(from.Object), missing.Named), Inferred: bothSuspect(from, to)},
		goesBy && slices.ContainsFunc(to.AtFault(), func(o incident.Object) bool { return custom.HandsOn(c.Snapshot, o, missing.Named) })
}

// customExpired wants a log of refused credentials, of a pod that takes them from the Secret that was issued.
func customExpired(_ *Context, from, to *finding.Finding) (Link, bool) {
	refused := slices.ContainsFunc(to.Said, func(d logs.Fact) bool { return d.Kind == logs.AuthFailed })
	return Link{Reason: "its log says that its credentials are refused, and they are those that have expired"},
		refused && slices.ContainsFunc(from.Refs, func(o incident.Object) bool {
			return o.Kind == "Secret" && len(to.Pods) > 0 && to.Pods[0].Namespace == o.Namespace &&
				slices.Contains(kube.SecretsOf(to.Pods[0]), o.Name)
		})
}

// customWouldMake wants a custom resource that fills the very namespace where something is missing, and that is named like it, or is
// all that should be there: whose namespace does not exist either.
func customWouldMake(c *Context, from, to *finding.Finding) (Link, bool) {
	for _, at := range from.AtFault() {
		ns := custom.DeploysTo(c.Snapshot, at)
		if ns == "" || ns != to.Object.Namespace || c.Snapshot.Custom(to.Object) != nil {
			continue
		}
		if namedLike(to.Object.Name, at.Name) || !hasNamespace(c, ns) {
			return Link{Reason: fmt.Sprintf("it is what should fill namespace %s", ns), Inferred: true}, true
		}
	}
	return Link{}, false
}

// namedLike says whether a name is another's, or one begins with all words of the other.
func namedLike(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+"-") || strings.HasPrefix(b, a+"-")
}

func hasNamespace(c *Context, name string) bool {
	for i := range c.Snapshot.Namespaces {
		if c.Snapshot.Namespaces[i].Name == name {
			return true
		}
	}
	return !c.Snapshot.SeenWhole("", "namespaces")
}

// hostTaken wants the very resource that is refused, or what it belongs to.
func hostTaken(_ *Context, from, to *finding.Finding) (Link, bool) {
	taken, _ := finding.DetailOf[ingress.Taken](from)
	for i, o := range taken.Refused {
		if slices.Contains(to.AtFault(), o) {
			reason := "it is refused its host"
			if i > 0 {
				reason = "it needs " + finding.Short(from.Object) + ", which is refused its host"
			}
			return Link{Reason: reason}, true
		}
	}
	return Link{}, false
}

// customLimit wants the very object that waits, or its owner.
func customLimit(c *Context, from, to *finding.Finding) (Link, bool) {
	for _, o := range from.Refs {
		if slices.Contains(to.AtFault(), o) {
			return Link{Reason: "it waits for a share of " + finding.Short(from.Object)}, true
		}
		if part, ok := ownedThrough(c.Snapshot, o, to); ok {
			return Link{Reason: fmt.Sprintf("its %s waits for a share of %s", finding.Short(part), finding.Short(from.Object))}, true
		}
	}
	return Link{}, false
}
