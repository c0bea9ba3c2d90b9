package eval

import (
	"fmt"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// AskedBoard sums up the questions about parts of clusters.
type AskedBoard struct {
	Healthy    Count `json:"healthy"`    // namespaces and workloads of quiet cases in which something was blamed
	Suspicions int   `json:"suspicions"` // told about these
	Most       int   `json:"most"`       // told about one of them
	Hurts      Count `json:"hurts"`      // other cases, asked about a namespace where it hurts, whose first answer names the root
}

func (b *AskedBoard) add(r Result) {
	a := r.Asking
	if a == nil {
		return
	}
	b.Healthy.Of += a.Scopes
	b.Healthy.Yes += min(len(a.Alarmed), a.Scopes)
	b.Suspicions += a.Suspicions
	b.Most = max(b.Most, a.Most)
	if a.Where != "" {
		b.Hurts.add(a.Top1)
	}
}

func (b *AskedBoard) rows() []Row {
	var rows []Row
	if b.Hurts.Of > 0 {
		rows = append(rows, Row{"Root object first, asked about its namespace", b.Hurts.String()})
	}
	if b.Healthy.Of > 0 {
		rows = append(rows,
			Row{"Healthy scopes asked about, with a false alarm", b.Healthy.String()},
			Row{"Suspicions a healthy scope, on average and most", fmt.Sprintf("%.2f, %d", float64(b.Suspicions)/float64(b.Healthy.Of), b.Most)})
	}
	return rows
}

// Ablations sum up what is said without what names the root.
type Ablations struct {
	Cases Count `json:"cases"` // in which a cause is called certain and is neither the root nor a symptom of it
	Root  Count `json:"root"`  // the first cause names the root all the same
	Top3  Count `json:"top3"`  // one of the first three answers does
	// Asked and AskedTop3 are the same of whoever asks about the namespace where it hurts.
	Asked     Count `json:"asked"`
	AskedTop3 Count `json:"askedTop3"`
	Unknown   Count `json:"unknown"` // the answer is "I don't know": nothing is blamed, or the first cause is merely possible
	None      int   `json:"none"`    // of these, nothing is blamed
	// Words say for each confidence what the first cause names.
	Words []Word `json:"words"`
}

// Word is what first causes of a confidence name.
type Word struct {
	Confidence incident.Confidence `json:"confidence"`
	Fits       Count               `json:"fits"` // the root, or a symptom of it
	Root       Count               `json:"root"`
}

func (b *Board) ablated(r Result) {
	a := r.Ablated
	if a == nil {
		return
	}
	if b.Ablations == nil {
		b.Ablations = &Ablations{Words: []Word{{Confidence: incident.Certain}, {Confidence: incident.Likely}, {Confidence: incident.Possible}}}
	}
	x := b.Ablations
	x.Cases.add(len(a.Wrong) > 0)
	x.Root.add(a.Root)
	x.Top3.add(a.Top3)
	if a.Asked != nil {
		x.Asked.add(a.Asked.Root)
		x.AskedTop3.add(a.Asked.Top3)
	}
	x.Unknown.add(a.Unknown())
	if a.First == nil {
		x.None++
		return
	}
	for i := range x.Words {
		if w := &x.Words[i]; w.Confidence == a.First.Confidence {
			w.Fits.add(a.Root || a.Symptom)
			w.Root.add(a.Root)
		}
	}
}

func (x *Ablations) rows() []Row {
	rows := []Row{
		{"Cases with a wrong certain cause", x.Cases.String()},
		{"Root object first all the same", x.Root.String()},
		{"Root object among the first three answers", x.Top3.String()},
		{"Root object first, asked about its namespace", x.Asked.String()},
		{"Root object among the first three answers, asked about its namespace", x.AskedTop3.String()},
		{"“I don't know”: the first cause is possible, or there is none", fmt.Sprintf("%s; none in %d", x.Unknown, x.None)},
	}
	for _, w := range x.Words {
		rows = append(rows, Row{"First cause " + string(w.Confidence) + ": names the root or a symptom of it",
			fmt.Sprintf("%s; the root in %s", w.Fits, w.Root)})
	}
	return rows
}

func (x *Ablations) markdown(results []Result) string {
	if x == nil {
		return ""
	}
	var w strings.Builder
	w.WriteString("\n## Ablations\n\n| without what names the root | |\n|---|---|\n")
	for _, r := range x.rows() {
		fmt.Fprintf(&w, "| %s | %s |\n", r.What, r.Value)
	}
	writeAmiss(&w, "Certain, and wrong:", results, func(r Result) []string {
		if r.Ablated == nil {
			return nil
		}
		return r.Ablated.Wrong
	})
	return w.String()
}

// VariedBoard sums up one variation.
type VariedBoard struct {
	Name   string `json:"name"`
	Same   Count  `json:"same"`   // the first cause is the same, or there is none as before
	Hidden int    `json:"hidden"` // it is another, and something on which it rests is out of sight
	// Unreasoned, Wrong and Alarmed count cases: it is another for no such reason; a cause is called certain and is neither the root nor a
	// symptom of it; something is blamed that is well.
	Unreasoned int `json:"unreasoned"`
	Wrong      int `json:"wrong"`
	Alarmed    int `json:"alarmed"`
}

func (b *Board) varied(r Result) {
	for i, v := range r.Varied {
		if i == len(b.Variations) {
			b.Variations = append(b.Variations, VariedBoard{Name: v.Name})
		}
		x := &b.Variations[i]
		x.Same.add(v.Same)
		for n, is := range map[*int]bool{&x.Hidden: !v.Same && v.Hidden, &x.Unreasoned: v.Unreasoned(), &x.Wrong: len(v.Wrong) > 0,
			&x.Alarmed: len(v.Alarms) > 0} {
			if is {
				*n++
			}
		}
	}
}

func variedMarkdown(board []VariedBoard, results []Result) string {
	if len(board) == 0 {
		return ""
	}
	var w strings.Builder
	w.WriteString("\n## Variations\n\n| what differs | same first cause | another, for what it rests on is out of sight | another without " +
		"reason | certain and wrong | false alarms |\n" +
		"|---|---|---|---|---|---|\n")
	for _, x := range board {
		fmt.Fprintf(&w, "| %s | %s | %d | %d | %d | %d |\n", x.Name, x.Same, x.Hidden, x.Unreasoned, x.Wrong, x.Alarmed)
	}
	writeAmiss(&w, "What may not be:", results, Result.Unsteady)
	return w.String()
}

// Unsteady lists what variations made of the answer that they may not: another for no reason, a wrong certain one, a false alarm.
func (r Result) Unsteady() []string {
	var out []string
	for _, v := range r.Varied {
		if v.Unreasoned() {
			out = append(out, fmt.Sprintf("%s: the first cause is %s, though all that it rests on is in sight", v.Name, v.First))
		}
		for _, x := range v.Wrong {
			out = append(out, fmt.Sprintf("%s: certain, and wrong: %s", v.Name, x))
		}
		for _, x := range v.Alarms {
			out = append(out, fmt.Sprintf("%s: false alarm: %s", v.Name, x))
		}
	}
	return out
}

// writeAmiss writes what is amiss in cases, if anything is.
func writeAmiss(w *strings.Builder, title string, results []Result, amiss func(Result) []string) {
	began := false
	for _, r := range results {
		for _, what := range amiss(r) {
			if !began {
				fmt.Fprintf(w, "\n%s\n\n", title)
				began = true
			}
			fmt.Fprintf(w, "- %s: %s\n", r.Case, cell(what))
		}
	}
}
