package eval

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The ways of looking at a live fault, the one that sees most first.
const (
	WithHost    = "with the host root"
	WithoutHost = "without the host root"
	AsViewer    = "with a viewer's rights"
	ByNamespace = "by its namespace alone"
)

// Ways are all of them, in the order of a [Result]'s views.
var Ways = []string{WithHost, WithoutHost, AsViewer, ByNamespace}

// Sight says what a way of looking shows.
type Sight struct {
	Way       string
	Host      bool            // the files of the node
	Namespace string          // only what was found in it, and what explains that; empty: everything
	May       map[string]bool // by resource, whether it may be listed; nil: everything may
}

// View is what one way of looking at a fault found, and how that agrees with the way that sees everything.
type View struct {
	Way   string `json:"way"`
	First *First `json:"first"` // nil: no cause was found
	// Hidden says what of the evidence for the whole look's first cause is out of sight this way. Nothing: the answer must be the same.
	Hidden []string `json:"hidden,omitempty"`
	Same   bool     `json:"same"`            // the first cause is the whole look's: its code, about one of its objects
	Wrong  string   `json:"wrong,omitempty"` // why the answer cannot stand; empty: it can
	Error  string   `json:"error,omitempty"` // why nothing could be seen at all
}

// First is the first cause of a look.
type First struct {
	Code       string              `json:"code"`
	Objects    []incident.Object   `json:"objects"`
	Title      string              `json:"title"`
	Confidence incident.Confidence `json:"confidence"`
}

// Compare judges what a way of looking found, d, by what the case wants and by the look that saw everything, whole.
//
// Where all the evidence of the whole look's first cause is in sight, the first cause must be the same, in the same words. Where some is
// hidden it may be another, for nobody can know what they don't see; but then it must not be certain and wrong, and "nothing is wrong"
// must come with what was not seen.
func Compare(c Case, whole, d *incident.Diagnosis, s Sight) View {
	v := View{Way: s.Way, First: firstOf(d), Hidden: s.hides(c, whole)}
	if len(c.Root) == 0 {
		v.Same, v.Wrong = firstOf(d) == nil, strings.Join(Judge(c, d).FalseAlarms, "; ")
		return v
	}
	want := firstOf(whole)
	v.Same = want.same(v.First)
	switch {
	case v.Same && len(v.Hidden) == 0 && number.ReplaceAllString(v.First.Title, "#") != number.ReplaceAllString(want.Title, "#"):
		v.Wrong = fmt.Sprintf("all the evidence is in sight, and it says %q instead of %q", v.First.Title, want.Title)
	case v.Same:
	case want == nil:
		v.Wrong = "the whole look names no cause"
	case len(v.Hidden) == 0:
		v.Wrong = "all the evidence is in sight, and the first cause is not " + want.String()
	case v.First != nil && v.First.Confidence == incident.Certain && !c.blames(d.Causes[0]):
		v.Wrong = "certain, and wrong"
	case !d.Wrong() && s.Namespace == "" && len(d.NotSeen) == 0:
		v.Wrong = "it says that nothing is wrong, and not what it has not seen"
	}
	return v
}

// number is what differs between two looks that say the same: counts and times go on.
var number = regexp.MustCompile(`[0-9]+[a-z]?`)

// blames says whether a cause names what is at fault, or what may be named.
func (c Case) blames(x incident.Cause) bool {
	return slices.ContainsFunc(c.Root, func(r Root) bool { return r.names(x) }) ||
		slices.ContainsFunc(x.Objects, func(o incident.Object) bool { return names(c.Also, o) })
}

func firstOf(d *incident.Diagnosis) *First {
	if len(d.Causes) == 0 {
		return nil
	}
	c := d.Causes[0]
	return &First{Code: c.Code, Objects: c.Objects, Title: c.Title, Confidence: c.Confidence}
}

// same says whether two first causes are one: of one code, about one of its objects. Without a cause there is no such.
func (f *First) same(other *First) bool {
	return f != nil && other != nil && f.Code == other.Code &&
		slices.ContainsFunc(f.Objects, func(o incident.Object) bool { return slices.Contains(other.Objects, o) })
}

// String is "PodCrashLoop of Deployment/shop/web, certain".
func (f *First) String() string {
	if f == nil {
		return "no cause"
	}
	objects := words(f.Objects[:min(len(f.Objects), mostObjects)])
	if n := len(f.Objects) - mostObjects; n > 0 {
		objects += fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%s of %s, %s", f.Code, objects, f.Confidence)
}

// mostObjects bounds how many objects of a cause are named.
const mostObjects = 2

// hides lists what of the evidence for the diagnosis' first cause this way of looking does not show.
func (s Sight) hides(of Case, whole *incident.Diagnosis) []string {
	if len(whole.Causes) == 0 {
		return nil
	}
	c := whole.Causes[0]
	var out []string
	for _, resource := range of.Needs {
		if s.May != nil && !s.May[resource] {
			out = append(out, resource)
		}
	}
	for _, o := range c.Objects {
		out = append(out, s.hidesKind(o.Kind))
	}
	for _, id := range c.Evidence {
		e := whole.EvidenceByID(id)
		switch {
		case e == nil:
		case e.Source == incident.SourceHost && !s.Host:
			out = append(out, "the node's files")
		case e.Source == incident.SourceEvent:
			out = append(out, s.hidesKind("Event"))
		case e.Source != incident.SourceHost:
			out = append(out, s.hidesKind(e.Object.Kind))
		}
	}
	touches := func(id string) bool { f := whole.Finding(id); return f != nil && f.Object.Namespace == s.Namespace }
	if s.Namespace != "" && !slices.ContainsFunc(c.Explains, touches) {
		out = append(out, "nothing that it explains lies in "+s.Namespace)
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(what string) bool { return what == "" })
}

// hidesKind is the resource of a kind that may not be listed, or "". Kinds that a Snapshot does not hold, custom resources, count as
// hidden where rights are narrow: a role that shows them has to name them.
func (s Sight) hidesKind(kind string) string {
	if s.May == nil {
		return ""
	}
	i := slices.IndexFunc(snapshot.Kinds, func(k snapshot.Kind) bool { return k.Name == kind })
	switch {
	case i < 0:
		return kind
	case s.May[snapshot.Kinds[i].Resource]:
		return ""
	}
	return snapshot.Kinds[i].Resource
}

// Views is the table of first causes, a row a case, as a document.
func Views(results []Result) string {
	var w strings.Builder
	w.WriteString("| case |")
	for _, way := range Ways {
		w.WriteString(" " + way + " |")
	}
	w.WriteString("\n|---|---|---|---|---|\n")
	for _, r := range results {
		if len(r.Views) == 0 {
			continue
		}
		fmt.Fprintf(&w, "| %s |", r.Case)
		for i, v := range r.Views {
			fmt.Fprintf(&w, " %s |", cell(v.words(r.Quiet, i == 0)))
		}
		w.WriteString("\n")
	}
	return w.String()
}

// words tell a view in a table.
func (v View) words(quiet, whole bool) string {
	said := v.First.String()
	switch {
	case v.Error != "":
		return "could not look: " + v.Error
	case quiet && v.Wrong == "":
		said = "nothing wrong"
	case v.Same && !whole:
		said = "the same, " + string(v.First.Confidence)
	}
	switch {
	case v.Wrong != "":
		said += " (**differs**: " + v.Wrong + ")"
	case !v.Same && !quiet:
		said += " (not seen: " + strings.Join(v.Hidden, ", ") + ")"
	}
	return said
}
