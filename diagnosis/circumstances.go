package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/cause"
	"github.com/paramedic-bot/paramedic/diagnosis/change"
	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/circumstance"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/incommon"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// circumstances finds what shows only once it is known what nothing explains: what the failing have in common, what was changed just
// before, and what their words complain of. It returns all that was found, with that, and what explains what.
func circumstances(s *snapshot.Snapshot, scope Scope, found []*finding.Finding, changes []change.Change,
	asked cause.Asked) ([]*finding.Finding, *cause.Linked) {
	linked := cause.Connect(s, found, asked)
	found = slices.Clip(found)
	shared := incommon.Find(s, found, linked.Unexplained())
	attach(s, shared, changes)
	linked.Add(shared...)
	words := named(s, linked, !scope.Ill.none())
	attach(s, words, changes)
	linked.Add(words...)
	before := changedBefore(s, linked.Bare(), changes)
	if len(before) == 0 && !scope.Ill.none() {
		before = changedThere(s, scope, found, changes)
	}
	linked.Add(before...)
	return slices.Concat(found, shared, words, before), linked
}

// changedBefore makes a finding of each change that is near enough to symptoms that nothing explains: of each symptom the nearest.
func changedBefore(s *snapshot.Snapshot, bare []*finding.Finding, changes []change.Change) []*finding.Finding {
	type told struct {
		change.Scored
		of []*finding.Finding
	}
	var all []*told
	by := map[string]*told{}
	ways := newPaths(s)
	for _, f := range bare {
		onset := begun(f)
		if !f.Alarms() || onset.IsZero() || !anyNear(changes, onset) || logsUnread(s, f) {
			continue
		}
		for _, x := range change.Rank(changes, ways.to(f), onset) {
			if x.Score < change.Telling {
				break
			}
			if !fits(s, f, x) {
				continue
			}
			if by[x.ID] == nil {
				by[x.ID] = &told{Scored: x}
				all = append(all, by[x.ID])
			}
			by[x.ID].of = append(by[x.ID].of, f)
			break
		}
	}
	slices.SortStableFunc(all, func(a, b *told) int {
		return cmp.Or(cmp.Compare(len(b.of), len(a.of)), cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	var out []*finding.Finding
	for _, x := range all {
		out = append(out, recentChange(x.Change, x.of))
	}
	return out
}

// logsUnread says whether a program ends, or does not do its work, and what it says of that was not read: whatever was changed before, its
// log may show that it is something else. The change is then told as one, and not as a cause.
func logsUnread(s *snapshot.Snapshot, f *finding.Finding) bool {
	code, _ := checks.CodeOf(f.Code)
	return code.Crash && finding.NotSeen(s, finding.PodLogs, f.Object.Namespace)
}

// anyNear says whether anything was changed near an onset; the changes are in the order of time.
func anyNear(changes []change.Change, onset time.Time) bool {
	i, _ := slices.BinarySearchFunc(changes, onset.Add(-change.Near), func(c change.Change, t time.Time) int { return c.At.Compare(t) })
	return i < len(changes) && !changes[i].At.After(onset.Add(clockSlack))
}

// made are the kinds that bear on pods only when these are made.
var made = []string{"Deployment", "StatefulSet", "DaemonSet", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
	"LimitRange", "ResourceQuota"}

// fits says whether a change can have to do with a symptom: it is not a trace of the symptom itself, nor told by it, as a rollout is that
// is stuck; no check has found that it lets through what is called; and what bears on pods as they are made was changed before one of
// those that fail was.
func fits(s *snapshot.Snapshot, f *finding.Finding, x change.Scored) bool {
	code, _ := checks.CodeOf(f.Code)
	switch {
	case x.Object == f.Object && (x.At.Equal(f.Since) || code.Trouble == finding.WorkloadTrouble), slices.ContainsFunc(f.Told, x.At.Equal):
		return false
	case code.Crash && (x.Touched == change.Joined || x.Touched == change.Machine && madeSince(f, x.At)) && servesOthers(s, x.Object.Name, f):
		return false
	case x.Object.Kind == "NetworkPolicy" && len(checks.Called(s, f)) > 0:
		return false
	}
	return x.Steps > 0 && !ruling(x.Object) || bears(f, x.Change)
}

// madeSince says whether the pods that fail were all made after a time: nothing of them has broken since then.
func madeSince(f *finding.Finding, t time.Time) bool {
	return len(f.Pods) > 0 && !slices.ContainsFunc(f.Pods, func(p *corev1.Pod) bool { return !p.CreationTimestamp.After(t) })
}

// servesOthers says whether pods of other workloads than the one that fails are ready on a node that is: a program that ends there by
// itself has hardly to do with the node's being new.
func servesOthers(s *snapshot.Snapshot, node string, f *finding.Finding) bool {
	return slices.ContainsFunc(s.PodsOn(node), func(p *corev1.Pod) bool {
		w := s.WorkloadOf(p)
		return w != f.Workload && w != f.Object && w.Kind != "DaemonSet" && kube.IsReady(p)
	})
}

// ruling says whether an object decides how pods are made, whatever they belong to.
func ruling(o incident.Object) bool { return slices.Contains(made[3:], o.Kind) }

// bears says whether a change can bear on a finding's pods: what only does as they are made was changed before one of them was. What is
// wrong with the workload itself may lie in any of its rollouts.
func bears(f *finding.Finding, c change.Change) bool {
	code, _ := checks.CodeOf(f.Code)
	asMade := ruling(c.Object) || c.Object == f.Workload && slices.Contains(made, c.Object.Kind)
	if code.Trouble != finding.PodTrouble || len(f.Pods) == 0 || c.Touched == change.Scaled || !asMade {
		return true
	}
	return slices.ContainsFunc(f.Pods, func(p *corev1.Pod) bool { return !p.CreationTimestamp.Time.Before(c.At.Add(-clockSlack)) })
}

// recentChange is a change in front of the symptoms that began just after. What is at fault is what was changed, or what it does not go
// together with.
func recentChange(c change.Change, of []*finding.Finding) *finding.Finding {
	words := "Just before, at " + changed(c.Change)
	apart := func(f *finding.Finding) int { // what was changed tells more of it than who suffers with it
		return map[bool]int{true: 0, false: 1}[f.Object == c.Object || f.Workload == c.Object]
	}
	worst := slices.MinFunc(of, func(a, b *finding.Finding) int {
		return cmp.Or(cmp.Compare(apart(a), apart(b)), cmp.Compare(b.Severity.Rank(), a.Severity.Rank()),
			a.Object.Compare(b.Object), cmp.Compare(a.Code, b.Code))
	})
	since := ". Since then: " + worst.Title
	if len(of) > 1 {
		since += finding.Inflect(len(of)-1, ", and %d {other fails|others fail}", len(of)-1)
	}
	f := newCircumstance(circumstance.RecentChange, c, clip.Bytes(words, finding.MaxTitle*2/3)+since)
	f.Because = words + since
	f.Detail = circumstance.Behind{Of: of}
	early := true
	for _, x := range of {
		f.Since, early = finding.Earlier(f.Since, x.Since), early && !x.NormalUntil.IsZero()
		if x.NormalUntil.After(f.NormalUntil) {
			f.NormalUntil, f.Normal = x.NormalUntil, x.Normal
		}
		f.Fault = finding.Union(f.Fault, x.AtFault())
	}
	if !f.Since.IsZero() && f.Since.Before(c.At) { // clocks differ by moments, and what is since then does not begin before
		f.Since = c.At
	}
	if !early {
		f.NormalUntil, f.Normal = time.Time{}, ""
	}
	f.Fault = f.Fault[:min(len(f.Fault), finding.MaxAlike)]
	f.Cite(worst.Seen[:min(len(worst.Seen), finding.ShownPods)]...)
	if i := slices.IndexFunc(worst.Seen, func(e incident.Evidence) bool { return e.Source == incident.SourceLog }); i >= finding.ShownPods {
		f.Cite(worst.Seen[i]) // its last words say more than that it ended
	}
	return f
}

func newCircumstance(code string, c change.Change, title string) *finding.Finding {
	r := finding.NewReport(circumstance.Checks[0].Codes)
	f := r.Find(code, c.Object, title)
	f.Fault, f.AtMost = []incident.Object{c.Object}, incident.Possible
	f.Changes, f.Told = []incident.Change{c.Change}, []time.Time{c.At}
	return f.Cite(incident.Evidence{Source: c.Source, Object: c.Object, Field: changeField, Time: c.At, Excerpt: excerpt(c.Change)})
}

// changed tells a change: "09:30:01 UTC, Deployment web revision 4 was rolled out (helm)".
func changed(c incident.Change) string {
	return fmt.Sprintf("%s, %s %s %s", finding.Clock(c.At), c.Object.Kind, c.Object.Name, excerpt(c))
}

// lately is how long ago a change may be that is told where nothing else is.
const lately = 30 * time.Minute

// steady says of a change whose meaning the API does not tell that it came so shortly before the look that it is more likely one of many: a
// controller that keeps its state in an object rewrites it every few seconds. What somebody wrote by kubectl is told at once.
func steady(s *snapshot.Snapshot, x change.Scored) bool {
	return x.Touched == change.Unknown && s.At.Sub(x.At) < finding.Settling.For && !strings.HasPrefix(x.By, "kubectl")
}

// changedThere is, of a scope in which somebody says that it hurts and nothing was found, the nearest change, as a suspicion.
func changedThere(s *snapshot.Snapshot, scope Scope, found []*finding.Finding, changes []change.Change) []*finding.Finding {
	there := scope.lies(s)
	if slices.ContainsFunc(found, func(f *finding.Finding) bool { return f.Alarms() && there(f) }) {
		return nil
	}
	onset := scope.Onset
	if onset.IsZero() {
		onset = s.At
	}
	ranked := change.Rank(changes, scope.paths(s, changes), onset)
	i := slices.IndexFunc(ranked, func(x change.Scored) bool {
		return x.Score >= change.Telling && x.Touched < change.Joined && onset.Sub(x.At) <= lately && !steady(s, x)
	})
	if i < 0 {
		return nil
	}
	x := ranked[i]
	f := newCircumstance(circumstance.RecentChange, x.Change, fmt.Sprintf("Changed %s ago: at %s", finding.Duration(s.At.Sub(x.At)),
		changed(x.Change.Change)))
	f.Since = x.At
	if len(scope.Ill.Objects) > 0 && !there(f) {
		f.Object = scope.Ill.Objects[0]
		f.Fault = []incident.Object{x.Object, f.Object}
	}
	return []*finding.Finding{f.Suspected().Cite(murmurs(s, scope, x.Object)...)}
}

// murmurs are what the logs of a scope say of an object that was changed, though they take it for no error: of each container that speaks
// of it, while there is room.
func murmurs(s *snapshot.Snapshot, scope Scope, o incident.Object) []incident.Evidence {
	names := []string{o.Name}
	if v := s.Service(o.Namespace, o.Name); v != nil && o.Kind == "Service" {
		names = append(names, slices.DeleteFunc(slices.Clone(v.Spec.ClusterIPs), func(ip string) bool { return ip == corev1.ClusterIPNone })...)
	}
	var out []incident.Evidence
	told := map[string]bool{}
	for _, p := range scope.Ill.pods(s) {
		for i := range s.Logs {
			l := &s.Logs[i]
			if l.Namespace != p.Namespace || l.Pod != p.Name || l.Previous || told[l.Container] || len(out) == finding.ShownPods {
				continue
			}
			if line, times := logs.Murmurs(l.Text, names...); line != "" {
				told[l.Container] = true
				out = append(out, finding.SeenLog(p, l.Container, false, fmt.Sprintf("%s (%d times)", line, times)))
			}
		}
	}
	return out
}
