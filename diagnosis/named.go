package diagnosis

import (
	"regexp"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/cause"
	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/circumstance"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/mentions"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on what is named.
const (
	mostNames  = 2  // objects that one symptom's words may name: a list of many accuses nobody
	mostNaming = 12 // objects in all
	mostBare   = 60 // symptoms whose words are read
)

// named finds the objects that the words of symptoms which nothing explains complain of, and makes a finding of each: a log that cannot use
// what a ConfigMap holds, a controller that stumbles over another's resource. Where something is known to be wrong with such an object
// already, that is linked to the symptom instead. Asked says that somebody says that it hurts: then what proves nothing by itself may be
// named, too.
func named(s *snapshot.Snapshot, linked *cause.Linked, asked bool) []*finding.Finding {
	var out []*finding.Finding
	by := map[incident.Object]*finding.Finding{}
	about := linked.About()
	bare := linked.Bare()
	for _, f := range bare[:min(len(bare), mostBare)] {
		if f.Severity == incident.Info && (!asked || !f.Suspect) {
			continue
		}
		for _, x := range complaints(s, f) {
			if !asked && x.object.Namespace != f.Object.Namespace && !slices.Contains(needed(s, f, x.line), x.object) {
				continue // whoever writes a log could put another's object on top of what wakes people
			}
			i := slices.IndexFunc(about[x.object], func(g *finding.Finding) bool { return g != f && !linked.Explains(f, g) })
			if i >= 0 {
				linked.Name(about[x.object][i], f)
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
		if asked {
			nameAnswering(s, linked, f, about)
		}
	}
	return out
}

// inCluster is a Service's name in the cluster's DNS, with its namespace.
var inCluster = regexp.MustCompile(`\b([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.svc\b`)

// nameAnswering links what is known to be wrong with a Service, or with the workload behind it, to who complains of it by its name: it was
// reached and answered, but not what it should.
func nameAnswering(s *snapshot.Snapshot, linked *cause.Linked, f *finding.Finding, about map[incident.Object][]*finding.Finding) {
	for _, e := range f.Seen {
		if e.Source != incident.SourceLog {
			continue
		}
		for _, m := range inCluster.FindAllStringSubmatch(e.Excerpt, mostNames) {
			behind := []incident.Object{snapshot.ObjectOf("Service", m[2], m[1])}
			for _, p := range checks.PodsBehind(s, behind[0]) {
				behind = finding.Union(behind, []incident.Object{s.WorkloadOf(p)})
			}
			for _, o := range behind {
				i := slices.IndexFunc(about[o], func(g *finding.Finding) bool {
					return g != f && g.Workload != f.Workload && !linked.Explains(f, g) && !linked.Explains(g, f)
				})
				if i >= 0 {
					linked.Name(about[o][i], f)
					break
				}
			}
		}
	}
}

// complaint is an object that words of others name, and the evidence that has them.
type complaint struct {
	object incident.Object
	seen   incident.Evidence
	line   string // of it, which names the object
}

// complaints are the objects that the evidence of a symptom names, besides what it is about and what that belongs to.
func complaints(s *snapshot.Snapshot, f *finding.Finding) []complaint {
	own := slices.Concat([]incident.Object{f.Object, f.Workload}, f.Fault)
	var out []complaint
	for _, e := range f.Seen {
		if e.Source != incident.SourceLog && e.Source != incident.SourceEvent && !strings.HasPrefix(e.Field, "status") {
			continue
		}
		for line := range strings.Lines(e.Excerpt) {
			for _, o := range namesIn(s, f, e.Object, line) {
				if !slices.Contains(own, o) && o.Name != f.Object.Name && o.Name != f.Workload.Name && o.Name != e.Object.Name &&
					!slices.ContainsFunc(out, func(c complaint) bool { return c.object == o }) {
					out = append(out, complaint{o, e, strings.TrimSpace(line)})
				}
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
	whose := map[incident.Source]string{incident.SourceLog: "The log of ", incident.SourceEvent: "An event of "}[x.seen.Source]
	n := r.Find(circumstance.NamedInError, x.object, finding.Inflect(1, "%s%s complains, and names %s: %s", whose, finding.Short(f.Object),
		finding.Short(x.object), finding.ShortMessage(x.line)))
	n.AtMost = incident.Possible
	n.Fault = finding.Union([]incident.Object{x.object}, f.AtFault())
	if !f.Alarms() {
		n.Suspected()
	}
	return n.Cite(x.seen).Cite(f.Seen[:min(len(f.Seen), finding.ShownPods)]...)
}

// namesIn are the objects that a line names, of the evidence about an object.
func namesIn(s *snapshot.Snapshot, f *finding.Finding, of incident.Object, line string) []incident.Object {
	var out []incident.Object
	if p := s.Pod(of.Namespace, of.Name); p != nil && of.Kind == "Pod" {
		out = mentions.Mounted(p, f.Container, line)
	}
	out = finding.Union(out, needed(s, f, line))
	return append(out, mentions.In(s, of.Namespace, line)...)
}

// address is where a message says that more is to be read: whose host it names is no object of the cluster.
var address = regexp.MustCompile(`\bhttps?://\S+`)

// needed are the custom resources that one which is not well refers to by its own settings, and that a line names, if only by the name.
func needed(s *snapshot.Snapshot, f *finding.Finding, line string) []incident.Object {
	says, _ := finding.DetailOf[custom.Says](f)
	return slices.DeleteFunc(says.Referred(address.ReplaceAllString(line, " ")), func(o incident.Object) bool { return s.Custom(o) == nil })
}
