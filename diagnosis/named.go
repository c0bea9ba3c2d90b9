package diagnosis

import (
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/cause"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/circumstance"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/mentions"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on what is named.
const (
	mostNames  = 2  // objects that one symptom's words may name: a list of many accuses nobody
	mostNaming = 12 // objects in all
)

// named finds the objects that the words of symptoms which nothing explains complain of, and makes a finding of each: a log that cannot use what
// a ConfigMap holds, a controller that stumbles over another's resource. Where something is known to be wrong with such an object already, that
// is linked to the symptom instead. Asked says that somebody says that it hurts: then what proves nothing by itself may be named, too.
func named(s *snapshot.Snapshot, linked *cause.Linked, asked bool) []*finding.Finding {
	var out []*finding.Finding
	by := map[incident.Object]*finding.Finding{}
	for _, f := range linked.Bare() {
		if f.Severity == incident.Info && !(asked && f.Suspect) {
			continue
		}
		for _, x := range complaints(s, f) {
			if g := linked.About(x.object, f); g != nil {
				linked.Name(g, f)
				continue
			}
			n := by[x.object]
			if n == nil && len(out) < mostNaming {
				n = namedIn(s, f, x)
				by[x.object], out = n, append(out, n)
			}
			if n != nil {
				d, _ := finding.DetailOf[circumstance.Behind](n)
				n.Detail, n.Since = circumstance.Behind{Of: append(d.Of, f)}, finding.Earlier(n.Since, f.Since)
			}
		}
	}
	return out
}

// complaint is an object that words of others name, and the evidence that has them.
type complaint struct {
	object incident.Object
	seen   incident.Evidence
}

// complaints are the objects that the evidence of a symptom names, besides what it is about and what that belongs to.
func complaints(s *snapshot.Snapshot, f *finding.Finding) []complaint {
	own := slices.Concat([]incident.Object{f.Object, f.Workload}, f.Fault)
	var out []complaint
	for _, e := range f.Seen {
		if e.Source != incident.SourceLog && e.Source != incident.SourceEvent && !strings.HasPrefix(e.Field, "status") {
			continue
		}
		var objects []incident.Object
		if p := s.Pod(e.Object.Namespace, e.Object.Name); p != nil && e.Object.Kind == "Pod" {
			objects = mentions.Mounted(p, f.Container, e.Excerpt)
		}
		objects = append(objects, mentions.In(s, e.Object.Namespace, e.Excerpt)...)
		for _, o := range objects {
			if !slices.Contains(own, o) && o.Name != f.Object.Name && o.Name != f.Workload.Name &&
				!slices.ContainsFunc(out, func(c complaint) bool { return c.object == o }) {
				out = append(out, complaint{o, e})
			}
		}
	}
	if len(out) > mostNames {
		return nil
	}
	return out
}

func namedIn(s *snapshot.Snapshot, f *finding.Finding, x complaint) *finding.Finding {
	r := finding.NewReport(circumstance.Checks[0].Codes)
	whose := map[incident.Source]string{incident.SourceLog: "the log of ", incident.SourceEvent: "an event of "}[x.seen.Source]
	n := r.Find(circumstance.NamedInError, x.object, finding.Inflect(1, "%s is what %s%s complains of: %s", finding.Short(x.object), whose,
		finding.Short(f.Object), finding.ShortMessage(lineAbout(x))))
	n.AtMost = incident.Likely
	if !f.Alarms() {
		n.Suspected()
	}
	return n.Cite(x.seen)
}

// lineAbout is the line of the evidence that names the object, or all of it.
func lineAbout(x complaint) string {
	for line := range strings.Lines(x.seen.Excerpt) {
		if strings.Contains(line, x.object.Name) {
			return strings.TrimSpace(line)
		}
	}
	return x.seen.Excerpt
}
