package incident

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Grade is a person's word, once an incident is over, on whether its cause was told right.
type Grade string

// The grades.
const (
	GradeRight Grade = "right"
	GradeClose Grade = "close" // part of it, or the right place
	GradeWrong Grade = "wrong"
)

// AllGrades are the grades, the best first.
var AllGrades = []Grade{GradeRight, GradeClose, GradeWrong}

// MostGrades bounds the people whose grades a State holds.
const MostGrades = 200

// Graded is a person's grade of the cause that an incident's diagnosis named. A person's newest counts. It is kept beside the incidents,
// too, without What, so that what diagnoses are worth is known without reading all of them.
type Graded struct {
	Incident   string     `json:"incident"`
	By         Person     `json:"by"`
	Grade      Grade      `json:"grade"`
	Code       string     `json:"code"`           // of the cause
	Confidence Confidence `json:"confidence"`     // with which it was told
	What       string     `json:"what,omitempty"` // it was instead, in the person's words
}

func (Graded) event() {}

// graded takes a grade in.
func (s *State) graded(e Graded) {
	same := func(o Graded) bool { return o.By.Key() == e.By.Key() }
	s.Grades = append(slices.DeleteFunc(slices.Clone(s.Grades), same), e)
	if n := len(s.Grades) - MostGrades; n > 0 {
		s.Grades = s.Grades[n:]
	}
}

// GradedCause is what is graded of an incident: the cause to be mended first, by the newest look that named one; nil if none did.
func (s *State) GradedCause() *Cause {
	if s.Diagnosis != nil && len(s.Diagnosis.Causes) > 0 {
		return &s.Diagnosis.InOrder()[0]
	}
	for i := len(s.Log) - 1; i >= 0; i-- {
		if e, ok := s.Log[i].Event.(DiagnosisMade); ok && len(e.Diagnosis.Causes) > 0 {
			return &e.Diagnosis.InOrder()[0]
		}
	}
	return nil
}

// Gradable says whether an incident is over by itself, and a cause was named.
func (s *State) Gradable() bool {
	return s.Version > 0 && s.Unreadable == "" && !s.Open() && s.Elsewhere() == "" && s.GradedCause() != nil
}

// GradesSaid is how people graded an incident's cause, in a sentence; empty if nobody did.
func (s *State) GradesSaid() string {
	var parts []string
	for _, grade := range AllGrades {
		var names []string
		for _, g := range s.Grades {
			if g.Grade != grade {
				continue
			}
			name := oneLine(g.By.Name)
			if g.What != "" {
				name += " (“" + oneLine(g.What) + "”)"
			}
			names = append(names, name)
		}
		if len(names) > mostGraders {
			names = append(names[:mostGraders:mostGraders], fmt.Sprintf("%d more", len(names)-mostGraders))
		}
		if len(names) > 0 {
			parts = append(parts, string(grade)+" by "+strings.Join(names, ", "))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "The cause was graded " + strings.Join(parts, "; ") + "."
}

// mostGraders is how many people are named for each grade.
const mostGraders = 5

// WriteUp is the postmortem as it is read: with what people said of the cause since it was drafted. It has none where the State has none.
func (s *State) WriteUp() *Postmortem {
	said := s.GradesSaid()
	if s.Postmortem == nil || said == "" {
		return s.Postmortem
	}
	pm := *s.Postmortem
	pm.Cause = strings.TrimRight(pm.Cause, "\n") + "\n\n" + said + "\n"
	return &pm
}

// Grades are the grades that count, one for each person and incident.
type Grades []Graded

// GradesOf reads them from their log.
func GradesOf(log []Recorded) Grades {
	type key struct{ incident, by string }
	at := map[key]int{}
	var out Grades
	for _, r := range log {
		e, ok := r.Event.(Graded)
		if !ok {
			continue
		}
		k := key{e.Incident, e.By.Key()}
		if i, known := at[k]; known {
			out[i] = e
			continue
		}
		at[k] = len(out)
		out = append(out, e)
	}
	return out
}

// Tally counts grades of causes of a code that were told with one confidence.
type Tally struct {
	Code       string     `json:"code,omitempty"` // empty: of all codes
	Confidence Confidence `json:"confidence"`
	Incidents  int        `json:"incidents"`
	Right      int        `json:"right"`
	Close      int        `json:"close"`
	Wrong      int        `json:"wrong"`
}

// String is the tally in words: "said certain 12 times: 11 right, 1 close".
func (t Tally) String() string {
	var parts []string
	for i, n := range []int{t.Right, t.Close, t.Wrong} {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, AllGrades[i]))
		}
	}
	text := fmt.Sprintf("said “%s” %s", t.Confidence, timesSaid(t.Incidents))
	if n := t.Right + t.Close + t.Wrong; n != t.Incidents { // more than one person graded some
		text += ", graded " + timesSaid(n)
	}
	return text + ": " + strings.Join(parts, ", ")
}

func timesSaid(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// confidences are the words, the strongest first.
var confidences = []Confidence{Certain, Likely, Possible}

// Tallies are the counts by confidence, the strongest first; by code as well, in their order, where that is asked for.
func (all Grades) Tallies(byCode bool) []Tally {
	type key struct {
		code       string
		confidence Confidence
	}
	found := map[key]*Tally{}
	incidents := map[key]map[string]bool{}
	var out []*Tally
	for _, g := range all {
		k := key{confidence: g.Confidence}
		if byCode {
			k.code = g.Code
		}
		t := found[k]
		if t == nil {
			t = &Tally{Code: k.code, Confidence: k.confidence}
			found[k], incidents[k] = t, map[string]bool{}
			out = append(out, t)
		}
		incidents[k][g.Incident] = true
		t.Incidents = len(incidents[k])
		switch g.Grade {
		case GradeRight:
			t.Right++
		case GradeClose:
			t.Close++
		default:
			t.Wrong++
		}
	}
	slices.SortFunc(out, func(a, b *Tally) int {
		return cmp.Or(strings.Compare(a.Code, b.Code),
			cmp.Compare(slices.Index(confidences, a.Confidence), slices.Index(confidences, b.Confidence)))
	})
	tallies := make([]Tally, len(out))
	for i, t := range out {
		tallies[i] = *t
	}
	return tallies
}
