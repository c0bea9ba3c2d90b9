package custom

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// saidMissing is the API server's word for a Secret or a ConfigMap that is not there, as programs hand it on.
var saidMissing = regexp.MustCompile(`(?i)\b(secrets?|configmaps?) \\*["']([a-z0-9][-a-z0-9.]*)\\*["'] not found`)

// checkSaidMissing looks for who refers to what a log says to be missing, and is: whoever takes up all custom resources of a namespace may
// refuse them all over the one that cannot be read.
func checkSaidMissing(s *snapshot.Snapshot, r *finding.Report) {
	found, by := map[incident.Object]*finding.Finding{}, map[incident.Object][]referral{} // a log repeats what it misses
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || l.Previous || !strings.Contains(l.Text, " not found") {
			continue
		}
		for line := range strings.Lines(l.Text) {
			m := saidMissing.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			o := snapshot.ObjectOf("Secret", l.Namespace, m[2])
			if strings.HasPrefix(strings.ToLower(m[1]), "configmap") {
				o.Kind = "ConfigMap"
			}
			referrals, known := by[o]
			if !known {
				referrals = referralsTo(s, o)
				by[o] = referrals
			}
			for _, x := range referrals {
				f := found[snapshot.CustomObject(x.from)]
				if f == nil {
					f = reportSaidMissing(s, r, x.from, o, x.field, s.WorkloadOf(p), line)
					found[f.Object] = f
				}
				f.Refs = finding.Union(f.Refs, []incident.Object{s.WorkloadOf(p), o})
				f.Cite(finding.SeenLog(p, l.Container, false, strings.TrimSpace(line)))
			}
		}
	}
}

func reportSaidMissing(s *snapshot.Snapshot, r *finding.Report, c *unstructured.Unstructured, o incident.Object, field string,
	by incident.Object, line string) *finding.Finding {
	obj := snapshot.CustomObject(c)
	f := r.Find(CustomNamesNothing, obj, fmt.Sprintf("%s refers to %s (%s), which does not exist; the log of %s says: %s", finding.Short(obj),
		finding.Short(o), field, finding.Short(by), finding.ShortMessage(strings.TrimSpace(line))))
	f.Detail, f.AtMost = Says{Named: o.Name}, incident.Likely
	f.Since = c.GetCreationTimestamp().Time
	f.Cite(finding.SeenAPI(obj, field, f.Since, o.Name))
	f.NotYet(finding.CustomFails, f.Since, s.At)
	return f
}

// referral is a custom resource that refers to an object, and the field in which it does.
type referral struct {
	from  *unstructured.Unstructured
	field string
}

// referralsTo are those to what is known not to be there.
func referralsTo(s *snapshot.Snapshot, o incident.Object) []referral {
	if !absent(s, o) {
		return nil
	}
	var out []referral
	for i := range s.Customs {
		if field := refersTo(&s.Customs[i], o); field != "" {
			out = append(out, referral{&s.Customs[i], field})
		}
	}
	return out
}

// absent says whether an object is known not to be there.
func absent(s *snapshot.Snapshot, o incident.Object) bool {
	if o.Kind == "ConfigMap" {
		return s.ConfigMap(o.Namespace, o.Name) == nil && !finding.NotSeen(s, "configmaps", o.Namespace)
	}
	return s.SecretsSeen && kube.SecretNamed(s, o.Namespace, o.Name) == nil
}

// refersTo is the field of a custom resource's spec that refers to a Secret or a ConfigMap of its namespace; "" if none does.
func refersTo(c *unstructured.Unstructured, o incident.Object) string {
	if c.GetNamespace() != o.Namespace || c.GetDeletionTimestamp() != nil || switchedOff(c) {
		return ""
	}
	queue := []place{{"spec", c.Object["spec"], 0}}
	for n, steps := 0, 0; n < len(queue) && steps < walkSteps; n++ {
		p := queue[n]
		switch of := p.value.(type) {
		case map[string]any:
			steps += len(of)
			key := p.path[strings.LastIndexByte(p.path, '.')+1:]
			stem, ok := refStem(key)
			if ok && strings.HasPrefix(strings.ToLower(stem), strings.ToLower(o.Kind)) && kube.StringAt(of, "name") == o.Name {
				return p.path
			}
			for _, key := range slices.Sorted(maps.Keys(of)) {
				queue = append(queue, place{p.path + "." + key, of[key], p.depth + 1})
			}
		case []any:
			steps += len(of)
			for _, v := range of {
				queue = append(queue, place{p.path, v, p.depth + 1})
			}
		}
	}
	return ""
}
