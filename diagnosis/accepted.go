package diagnosis

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Accepting is which findings are accepted when a cluster is diagnosed. The zero value accepts none: so plans are made and recoveries
// proved.
type Accepting struct {
	// List is what people have told Paramedic. What has expired by the Snapshot's time does not count.
	List []incident.Acceptance
	// Annotations says that what objects say of themselves counts too; see [snapshot.AcceptAnnotation].
	Annotations bool
}

// accepted is which findings in a Snapshot are accepted.
type accepted struct {
	s        *snapshot.Snapshot
	by       map[acceptKey][]incident.Acceptance // those told to Paramedic first
	above    map[incident.Object]incident.Object // what controls a ReplicaSet or a Job
	unread   []string                            // annotations that could not be understood, in words
	resolved map[*finding.Finding]incident.Acceptance
}

type acceptKey struct{ code, kind, namespace, name string }

func acceptKeyOf(code string, o incident.Object) acceptKey {
	return acceptKey{code, strings.ToLower(o.Kind), o.Namespace, o.Name}
}

// acceptedIn reads what is accepted; nil if nothing is.
func (a Accepting) acceptedIn(s *snapshot.Snapshot) *accepted {
	out := &accepted{s: s, by: map[acceptKey][]incident.Acceptance{}, above: map[incident.Object]incident.Object{},
		resolved: map[*finding.Finding]incident.Acceptance{}}
	all := slices.Clone(a.List)
	if a.Annotations {
		for _, x := range s.Annotated(snapshot.AcceptAnnotation) {
			said, err := ReadAcceptance(x.Value)
			if err != nil {
				out.unread = append(out.unread, fmt.Sprintf("the annotation %s of %s accepts nothing: %v", snapshot.AcceptAnnotation, x.Object, err))
			}
			for _, y := range said {
				y.Object, y.By, y.Annotation = x.Object, cmp.Or(x.By, "somebody"), true
				all = append(all, y)
			}
		}
	}
	if len(all)+len(out.unread) == 0 {
		return nil
	}
	for _, x := range all {
		if k := acceptKeyOf(x.Code, x.Object); x.Holds(s.At) {
			out.by[k] = append(out.by[k], x)
		}
	}
	own := func(kind string, o metav1.Object) {
		if c := metav1.GetControllerOf(o); c != nil {
			out.above[snapshot.ObjectOf(kind, o.GetNamespace(), o.GetName())] = snapshot.ObjectOf(c.Kind, o.GetNamespace(), c.Name)
		}
	}
	for i := range s.ReplicaSets {
		own("ReplicaSet", &s.ReplicaSets[i])
	}
	for i := range s.Jobs {
		own("Job", &s.Jobs[i])
	}
	return out
}

// has says whether a finding is accepted.
func (a *accepted) has(f *finding.Finding) bool { return !a.of(f).IsZero() }

// of is by what a finding is accepted; zero if it is not. A suspicion that was shown to be more since it was asked for stays what it was.
func (a *accepted) of(f *finding.Finding) incident.Acceptance {
	if x, ok := a.resolved[f]; ok {
		return x
	}
	x := a.find(f)
	a.resolved[f] = x
	return x
}

// find looks for an acceptance of the finding's own object, or of what its pod, ReplicaSet or Job belongs to. What alone is at fault people
// take for what the finding is about, so that their word about it counts too; what that object says of itself does not, for whoever may
// write one object shall not silence what is said of another.
func (a *accepted) find(f *finding.Finding) incident.Acceptance {
	for _, o := range a.about(f.Object) {
		for _, x := range a.by[acceptKeyOf(f.Code, o)] {
			if x.Covers(f.Severity) {
				return x
			}
		}
	}
	if fault := f.AtFault(); len(fault) == 1 {
		for _, x := range a.by[acceptKeyOf(f.Code, fault[0])] {
			if !x.Annotation && x.Covers(f.Severity) {
				return x
			}
		}
	}
	return incident.Acceptance{}
}

// about is an object, and what it belongs to.
func (a *accepted) about(o incident.Object) []incident.Object {
	out := []incident.Object{o}
	if o.Kind == "Pod" {
		p := a.s.Pod(o.Namespace, o.Name)
		if p == nil {
			return out
		}
		if c := metav1.GetControllerOf(p); c != nil {
			o = snapshot.ObjectOf(c.Kind, o.Namespace, c.Name)
			out = append(out, o)
		}
	}
	for range 2 { // a Job, and its CronJob
		up, ok := a.above[o]
		if !ok {
			break
		}
		out, o = append(out, up), up
	}
	return out
}

// told are the findings that are not silent. The diagnosis tells the others apart, as far as they concern its scope.
func (a *accepted) told(d *incident.Diagnosis, found, silent []*finding.Finding, in *view) []*finding.Finding {
	if a == nil {
		return found
	}
	for i := range d.Causes {
		root := slices.IndexFunc(found, func(f *finding.Finding) bool { return f.ID == d.Causes[i].Explains[0] })
		d.Causes[i].Accepted = a.of(found[root])
	}
	d.Trace = append(d.Trace, a.unread...)
	quiet := map[*finding.Finding]bool{}
	for _, f := range silent {
		quiet[f] = true
		if in.whole || in.concerns(&f.Finding, nil) {
			d.Accepted = append(d.Accepted, incident.Accepted{Code: f.Code, Severity: f.Severity, Object: f.Object, Title: f.Title, Since: f.Since,
				Acceptance: a.of(f)})
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(f *finding.Finding) bool { return quiet[f] })
}

// acceptedThere drops from a diagnosis of everything, for which something is presumed to be ill, what is accepted of other things: it has
// nothing to do with what hurts, and may be no business of those who are told.
func (sc Scope) acceptedThere(s *snapshot.Snapshot, d *incident.Diagnosis) {
	if sc.Ill.none() || len(d.Accepted) == 0 {
		return
	}
	views, told := sc.Ill.views(s), map[incident.Object]bool{}
	for _, c := range d.Causes {
		for _, o := range c.Objects {
			told[o] = true
		}
		for _, id := range c.Explains {
			if f := d.Finding(id); f != nil {
				told[f.Object] = true
			}
		}
	}
	d.Accepted = slices.DeleteFunc(d.Accepted, func(a incident.Accepted) bool {
		return !told[a.Object] && !slices.ContainsFunc(views, func(v view) bool { return v.counts(a.Object) || v.above[a.Object] })
	})
}

// The most of an annotation.
const (
	mostAcceptWords = 2000 // bytes
	mostAcceptCodes = 16
)

// acceptWords are codes, and perhaps a day and a reason.
var acceptWords = regexp.MustCompile(`(?s)^\s*([A-Za-z0-9]+(?:\s*,\s*[A-Za-z0-9]+)*)(?:\s+until\s+([^\s:]+))?\s*(?::(.*))?$`)

// ReadAcceptance reads the value of an annotation, "CODE[,CODE…] [until 2027-01-31] [: reason]": one Acceptance for each code, without the
// object. It holds to the end of the day, in UTC.
func ReadAcceptance(value string) ([]incident.Acceptance, error) {
	if len(value) > mostAcceptWords {
		return nil, fmt.Errorf("it has %d bytes, at most %d are read", len(value), mostAcceptWords)
	}
	m := acceptWords.FindStringSubmatch(value)
	if m == nil {
		return nil, fmt.Errorf("it is not like “PodCrashLoop until 2027-01-31: reason”")
	}
	a := incident.Acceptance{Reason: finding.OneLine(m[3], finding.MaxLine)}
	if m[2] != "" {
		day, err := time.Parse(time.DateOnly, m[2])
		if err != nil {
			return nil, fmt.Errorf("“%s” is not a day such as 2027-01-31", clipped(m[2]))
		}
		a.Until = day.Add(24*time.Hour - time.Second)
	}
	var out []incident.Acceptance
	for _, code := range strings.Split(m[1], ",") {
		a.Code = strings.TrimSpace(code)
		out = append(out, a)
	}
	if len(out) > mostAcceptCodes {
		return nil, fmt.Errorf("it names %d codes, at most %d are read", len(out), mostAcceptCodes)
	}
	return out, nil
}
