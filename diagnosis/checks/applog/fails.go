package applog

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CalledFails is the code of a program that answers its caller with an error of its own, and whose log says why.
const CalledFails = "CalledFails"

var calledFailsCodes = []finding.Code{
	{Code: CalledFails, Severity: incident.Warning, Root: true, Detail: Complains{},
		Meaning: "A program's log repeats that what it calls answers with an error of the server (500, InternalError, Unavailable), and " +
			"the log of " +
			"what its settings name repeats an error meanwhile: that says why.",
		Next:    "Read the error of the called program, and follow it: what it in turn calls, its disk, its configuration.",
		Example: "StatefulSet filer, which Deployment api calls, says why it answers with an error: open /data/index: read-only file system"},
}

// serverError are the words for an answer that says no more than that the server could not.
var serverError = regexp.MustCompile(`(?i)\b(?:internal ?(?:server ?)?error|server error|internalerror|service ?unavailable|bad gateway|slowdown|` +
	`(?:status|code|http|returned|response)\W{0,3}(?:code|status)?\W{0,3}50[0-47]|50[0-47] (?:internal|server|service|bad|error)|` +
	`code = (?:internal|unavailable|unknown|dataloss|aborted)|unexpected server|backend error|` +
	`err(?:or)?[ _-]?(?:code)?\W{0,2}(?:internal|unavailable))\b`)

// toldBySame is how many words of meaning a caller's error and one of what it calls have in common, to tell of the same.
const toldBySame = 2

// checkCalledFails looks, for each error that is no more than a server's, at what those repeat that the caller's settings name.
func checkCalledFails(s *snapshot.Snapshot, r *finding.Report) {
	all := repeating(s)
	found := map[incident.Object]*finding.Finding{}
	for _, k := range all.order {
		for _, x := range all.by[k] {
			text := x.Says + " " + x.Whole
			if !serverError.MatchString(text) || lacks.MatchString(text) ||
				slices.ContainsFunc(x.Facts, func(f logs.Fact) bool { return f.Kind.Network() || f.Kind == logs.AuthFailed }) {
				continue
			}
			if y, alike := saysWhy(s, all, k.workload, x); y != nil {
				reportFails(s, r, found, k.workload, x, *y, alike)
				break
			}
		}
	}
}

// saysWhy is the error of what a caller's settings name that tells most likely why it gets an error: the one that has most words in
// common,
// and else the only one who complains. What began long after the caller's does not say why.
func saysWhy(s *snapshot.Snapshot, all sayings, caller incident.Object, x said) (best *said, most int) {
	workloads := map[incident.Object]bool{}
	for _, pods := range calls.Behind(s, x.pod) {
		for _, p := range pods {
			workloads[s.WorkloadOf(p)] = true
		}
	}
	delete(workloads, caller)
	complain := map[incident.Object]bool{}
	most = -1
	for _, k := range all.order {
		if !workloads[k.workload] {
			continue
		}
		for i := range all.by[k] {
			y := &all.by[k][i]
			if !x.First.IsZero() && !y.First.IsZero() && (y.First.After(x.First.Add(finding.WrongClock.For)) ||
				y.Last.Before(x.First.Add(-finding.WrongClock.For))) {
				continue
			}
			complain[k.workload] = true
			w := logs.Warning{Says: y.Says + " " + y.Whole}
			if n := w.Alike(x.Says + " " + x.Whole); n > most || n == most && cmp.Compare(y.Times, best.Times) > 0 {
				best, most = y, n
			}
		}
	}
	if most < toldBySame && len(complain) != 1 {
		return nil, 0
	}
	return best, most
}

func reportFails(s *snapshot.Snapshot, r *finding.Report, found map[incident.Object]*finding.Finding, caller incident.Object, x, y said,
	alike int) {
	w := s.WorkloadOf(y.pod)
	f := found[w]
	if f == nil {
		f = r.Find(CalledFails, w, fmt.Sprintf("%s, which %s calls, says why it answers with an error: %s", finding.Short(w),
			finding.Short(caller), finding.ShortMessage(y.Says))).Suspected()
		f.Workload, f.Fault = w, []incident.Object{w}
		f.Detail = Complains{Says: y.Says}
		f.Cite(finding.SeenLog(y.pod, y.log.Container, false, clip.Bytes(y.Line, incident.MaxExcerpt)),
			finding.SeenLog(x.pod, x.log.Container, false, clip.Bytes(x.Line, incident.MaxExcerpt)))
		found[w] = f
	}
	f.AddPod(y.pod)
	d, _ := finding.DetailOf[Complains](f)
	d.Callers, d.Same = finding.Union(d.Callers, []incident.Object{caller}), d.Same || alike >= toldBySame
	f.Detail, f.Refs, f.Since = d, d.Callers, finding.Earlier(f.Since, y.First)
}
