package applog

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/mentions"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// LogFaultsObject is the code of an object that a controller's log finds fault with.
const LogFaultsObject = "LogFaultsObject"

var blameCodes = []finding.Code{
	{Code: LogFaultsObject, Severity: incident.Warning, Root: true, Detail: Blames{},
		Meaning: "The log of a controller, a gateway or a proxy says, as an error, that it cannot take up an object, which it names. Some " +
			"of them take nothing up any more then, whoever it belongs to.",
		Next: "Mend what the error names in the object; then see whether the log's writer goes on.",
		Example: `The log of Deployment gateway cannot take up Ingress intranet/wiki: error detected in backend 'intranet_wiki_http': ` +
			`expect 6 arguments`},
}

// Blames is the detail of LogFaultsObject.
type Blames struct {
	Words []string // of what the error finds fault with in the object
	Sure  bool     // what the error quotes stands in this object and in no other that feeds who writes
}

const (
	mostBlamed = 6  // objects that one workload's log finds fault with: whoever names more is in trouble itself
	mostErrors = 12 // of one log that are read for names
)

// blamed is an object that a workload's errors name.
type blamed struct {
	object incident.Object
	also   []incident.Object // what else has its name, made for each other
	pod    *corev1.Pod
	log    *snapshot.Log
	error  logs.Repeat
	part   string   // of the error, that names it
	quoted []string // of the error, that stands in the object, where that is not named
	sure   bool     // as much of it stands nowhere else that it was hardly set elsewhere
}

// checkBlamed finds the objects that errors in the logs of controllers name: custom resources, Ingresses, and what proxies call their back
// ends after. What a program does not reach is no such fault, and no more is what belongs to the program itself.
func checkBlamed(s *snapshot.Snapshot, r *finding.Report) {
	by, order := map[incident.Object][]blamed{}, []incident.Object(nil)
	for l, p := range complaining(s) {
		w := s.WorkloadOf(p)
		for _, x := range slices.Concat(lasting(s, l), rejections(p, l)) {
			b, ok := blamed{}, false
			if !l.Previous && isRunning(p, l.Container) {
				b, ok = blames(s, p, x)
			}
			if !ok {
				b, ok = blamesQuoted(s, p, x)
			}
			if !ok || b.object == w || slices.ContainsFunc(by[w], func(y blamed) bool { return y.object == b.object }) {
				continue
			}
			if by[w] == nil {
				order = append(order, w)
			}
			b.pod, b.log = p, l
			by[w] = append(by[w], b)
		}
	}
	for _, w := range order {
		if len(by[w]) <= mostBlamed {
			for _, b := range by[w] {
				b.report(s, r, w)
			}
		}
	}
}

// lasting are the errors of a log that still hold: those that go on, and those that were said of late; what was said first comes first.
func lasting(s *snapshot.Snapshot, l *snapshot.Log) []logs.Repeat {
	read := readings.Of(s, l)
	var out []logs.Repeat
	for _, x := range slices.Concat(read.Repeats, read.Once) {
		if x.First, x.Last = readings.Moment(x.First, s.At), readings.Moment(x.Last, s.At); goesOn(x, s.At) && len(out) < mostErrors {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(a, b logs.Repeat) int { return b.After - a.After })
	return out
}

// blames is the object that an error names as what it is about: of several, one that lies elsewhere than who writes.
func blames(s *snapshot.Snapshot, p *corev1.Pod, x logs.Repeat) (blamed, bool) {
	if slices.ContainsFunc(x.Facts, func(f logs.Fact) bool { return f.Kind.Network() }) {
		return blamed{}, false
	}
	out := blamed{error: x}
	for _, part := range partsOf(x) {
		for _, o := range mentions.In(s, p.Namespace, part) {
			if !isTakenUp(s, o) || !spelled(part, o) || kube.OwnersOf(s)[s.WorkloadOf(p)] == o {
				continue
			}
			switch at := out.object; {
			case at.IsZero() || at.Namespace == p.Namespace && o.Namespace != p.Namespace:
				out.object, out.part, out.also = o, part, nil
			case at.Namespace == o.Namespace && at.Name == o.Name && o.Kind != at.Kind:
				out.also = append(out.also, o)
				if at.Kind == "Service" { // it is what is configured that has the fault
					out.object, out.also[len(out.also)-1] = o, at
				}
			}
		}
	}
	return out, !out.object.IsZero()
}

// partsOf are what an error says in short, and its lines, those that it carries in a string among them.
func partsOf(x logs.Repeat) []string {
	return append([]string{x.Says}, strings.Split(strings.ReplaceAll(x.Whole, `\n`, "\n"), "\n")...)
}

// isTakenUp says whether an object is of a kind that controllers take up.
func isTakenUp(s *snapshot.Snapshot, o incident.Object) bool {
	return o.Kind == "Ingress" || o.Kind == "Service" || s.Custom(o) != nil
}

// spelled says whether a text spells an object out: with its namespace, or with its kind.
func spelled(text string, o incident.Object) bool {
	if o.Namespace != "" && (strings.Contains(text, o.Namespace+"/"+o.Name) || strings.Contains(text, o.Namespace+"_"+o.Name+"_")) {
		return true
	}
	return o.Kind != "Service" && strings.Contains(strings.ToLower(text), strings.ToLower(o.Kind))
}

func (b blamed) report(s *snapshot.Snapshot, r *finding.Report, w incident.Object) {
	named := b.object.Kind + " " + strings.TrimPrefix(b.object.Namespace+"/"+b.object.Name, "/")
	said := b.part
	if len(b.quoted) == 0 {
		said = sinceName(b.part, b.object.Name)
	}
	f := r.Find(LogFaultsObject, b.object, fmt.Sprintf("The log of %s finds fault with %s%s: %s", finding.Short(w), named, b.quotedWords(),
		finding.ShortMessageIn(said, 160)))
	f.Workload, f.Since, f.Fault = w, b.error.First, append([]incident.Object{b.object}, b.also...)
	if f.Since.IsZero() {
		f.Since = startOf(b.pod, b.log.Container)
	}
	f.Refs, f.Detail = []incident.Object{w}, Blames{Words: wordsAtFault(s, b.object, b.part+"\n"+b.error.Whole), Sure: b.sure}
	f.Cite(finding.SeenLog(b.pod, b.log.Container, false, clip.Bytes(strings.Join([]string{b.error.Line, strings.TrimSpace(b.part)}, "\n"),
		incident.MaxExcerpt)))
	f.Suspected()
}

// sinceName is a text from some words before a name on.
func sinceName(text, name string) string {
	const ahead = 90 // bytes
	at := max(0, strings.Index(text, name)-ahead)
	if i := strings.IndexByte(text[at:], ' '); at > 0 && i >= 0 {
		at += i + 1
	}
	return strings.TrimSpace(text[at:])
}
