package cause

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// sameWords are the rules that start from the very words of what follows, or from what was looked for as that was found: where there is no
// such finding, none was overlooked.
var sameWords = []string{"object-crashes", "keeper-idle", "sister-has", "rivals-write",
	"defaults-many", "namespace-passed-by"}

// followsFrom are the roots that rules know may follow from another root: seen alone, they may be all that was seen of it.
func followsFrom(rules []Rule) map[string]bool {
	out := map[string]bool{}
	for _, r := range rules {
		if slices.Contains(sameWords, r.Name) {
			continue
		}
		for _, to := range r.To {
			if !out[to] && slices.ContainsFunc(r.From, func(from string) bool { return from != to && slices.Contains(rootCodes, from) }) {
				out[to] = true
			}
		}
	}
	return out
}

var rootCodes = checks.CodesThat(func(c finding.Code) bool { return c.Root })

// aside says whether a candidate explains nothing, is about no pods that fail, and stands beside a symptom that nothing explains: whether
// it has to do with what hurts is not shown.
func (c *candidate) aside(all []*candidate) bool {
	return len(c.links) == 0 && len(c.root.Pods) == 0 &&
		slices.ContainsFunc(all, func(x *candidate) bool { return x != c && !x.root.Root })
}

// made says whether a custom resource has made what is at fault, and is not named itself: what is wrong there may come from what it asks
// for, or from who acts on it.
func (c *candidate) made(s *snapshot.Snapshot) bool {
	faulty, above := c.root.AtFault(), kube.OwnersOf(s)
	return !c.root.Final && slices.ContainsFunc(faulty, func(o incident.Object) bool {
		by := above[o]
		if o.Kind == "ConfigMap" {
			by = makerOfConfig(s, o)
		}
		return !by.IsZero() && s.Custom(by) != nil && !slices.Contains(faulty, by)
	})
}

func makerOfConfig(s *snapshot.Snapshot, o incident.Object) incident.Object {
	if m := s.ConfigMap(o.Namespace, o.Name); m != nil {
		if by := metav1.GetControllerOfNoCopy(m); by != nil {
			return snapshot.ObjectOf(by.Kind, o.Namespace, by.Name)
		}
	}
	return incident.Object{}
}
