package cause

import (
	"regexp"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/applog"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// writeRules are about servers that run, answer, and take nothing in.
var writeRules = []Rule{
	{"writes-refused", []string{applog.LogErrorsRepeat}, slices.Concat(crashes, complaints), writesRefused,
		"1 workload is refused what it writes there", "%d workloads are refused what they write there"},
}

var (
	// cannotKeep are the words of the system for files that cannot be written.
	cannotKeep = regexp.MustCompile(`(?i)\b(?:permission denied|operation not permitted|read-only file ?system|no space left|` +
		`disk quota exceeded|input/output error|EACCES|EROFS|ENOSPC|EDQUOT|EIO)\b`)
	// refusesWrites are the words of servers that refuse what would change their data, for they cannot keep it.
	refusesWrites = regexp.MustCompile(`(?i)\b(?:(?:unable|failed|cannot|can't|could not) (?:to )?(?:persist|write|save|store|append|flush)|` +
		`(?:writes?|write operations?|updates?|commands that (?:may )?modify[^.]{0,20}) (?:are|is|has been|have been) (?:\w+ )?(?:disabled|blocked|` +
		`refused|rejected|forbidden|not (?:allowed|accepted))|(?:stop|reject|refus\w+|disabl\w+|block\w+)[- ]writes?|read[-_ ]?only)\b`)
)

// writesRefused wants the words of a refused write from who calls, and from what its settings name those of a file that cannot be written:
// the server is ready and answers, so that its own probes tell nothing.
func writesRefused(c *Context, from, to *finding.Finding) (Link, bool) {
	w := workloadOf(from)
	if w == workloadOf(to) || len(to.Pods) == 0 || !saysIn(from, cannotKeep) || !saysIn(to, refusesWrites) {
		return Link{}, false
	}
	for o, pods := range calls.Behind(c.Snapshot, to.Pods[0]) {
		for _, p := range pods {
			if c.Snapshot.WorkloadOf(p) == w {
				return Link{Reason: "its log says that a write is refused, and " + finding.Short(w) + ", which Service " + o.Name +
					" of its settings leads to, cannot write its files", Inferred: true}, true
			}
		}
	}
	return Link{}, false
}

// saysIn says whether a log that a finding cites has the words.
func saysIn(f *finding.Finding, words *regexp.Regexp) bool {
	return slices.ContainsFunc(f.Seen, func(e incident.Evidence) bool {
		return e.Source == incident.SourceLog && words.MatchString(e.Excerpt)
	})
}
