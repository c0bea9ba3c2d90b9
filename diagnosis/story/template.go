package story

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// ByTemplate is what a story's By says when no model wrote it.
const ByTemplate = "template"

const (
	toldCauses = 3 // told one by one; the others are counted
	toldNames  = 4
)

// Template tells d from the facts alone, in a few plain sentences. What is said of the cluster cites its evidence; what is said of
// the look itself (what was not seen, what happened in the past) has none to cite.
func Template(d *incident.Diagnosis, similar []incident.Similar) incident.Story {
	w := writer{d: d}
	s := incident.Story{Cause: incident.Unknown, By: ByTemplate}
	if len(d.Causes) == 0 {
		w.nothing()
	} else {
		s.Cause = d.Causes[0].ID
		w.causes()
		w.restarts()
	}
	w.notSeen()
	w.past(similar)
	s.Sentences = w.sentences
	return s
}

type writer struct {
	d         *incident.Diagnosis
	sentences []incident.Sentence
}

// say adds a sentence with at most maxCites citations.
func (w *writer) say(text string, cites ...string) {
	cites = slices.DeleteFunc(unique(cites), func(id string) bool { return w.d.EvidenceByID(id) == nil })
	w.sentences = append(w.sentences, incident.Sentence{Text: sentence(text), Cites: append([]string{}, cites[:min(len(cites), maxCites)]...)})
}

func (w *writer) nothing() {
	looked := ""
	if len(w.d.Looked) > 0 {
		looked = "; looked at " + strings.Join(w.d.Looked, ", ")
	}
	switch {
	case w.d.Wrong():
	case len(w.d.Scope.Unseen) > 0:
		w.say("Nothing wrong was seen, but what matters most could not be looked at" + looked)
		return
	default:
		w.say("Nothing was found that is wrong" + looked)
		return
	}
	w.say("Something is wrong, but no cause was found" + looked)
	for _, f := range w.d.Findings[:min(len(w.d.Findings), toldCauses)] {
		w.say(f.Title, f.Evidence...)
	}
}

func (w *writer) causes() {
	roots := slices.DeleteFunc(slices.Clone(w.d.Causes), func(c incident.Cause) bool { return c.Confidence == incident.Possible })
	if len(roots) > 1 {
		var cites []string
		for _, c := range roots {
			cites = append(cites, firstOf(c.Evidence)...)
		}
		n := count(len(roots))
		if w.d.Total().Causes > len(w.d.Causes) {
			n = "many" // those that are not told may be roots, or not
		}
		w.say(fmt.Sprintf("There are %s separate causes; %s", n, plural(len(roots)-1, "neither explains the other", "none explains another")),
			cites...)
	}
	for _, c := range w.d.Causes[:min(len(w.d.Causes), toldCauses)] {
		w.cause(c)
	}
	for _, c := range w.d.Causes[:min(len(w.d.Causes), toldCauses)] {
		for _, b := range c.Blocks {
			w.say(cmp.Or(b.Reason, fmt.Sprintf("%s keeps the remedy of %s from working", c.ID, b.Cause)), c.Evidence...)
		}
	}
	if rest := w.d.Causes[min(len(w.d.Causes), toldCauses):]; len(rest) > 0 {
		var cites, titles []string
		for _, c := range rest[:min(len(rest), 2)] {
			cites, titles = append(cites, firstOf(c.Evidence)...), append(titles, cut(c.Title, 100))
		}
		n, among := w.d.Total().Causes-toldCauses, ""
		if n > len(titles) {
			among = ", among them"
		}
		w.say(fmt.Sprintf("%s more %s%s: %s", capital(count(n)), plural(n, "thing stands on its own", "things stand on their own"), among,
			strings.Join(titles, "; ")), cites...)
	}
	if next := w.first(); next.Next != "" {
		w.say("What to do first: "+lowerFirst(next.Next), next.Evidence...)
	}
}

// first is the cause to treat first: the highest one whose remedy nothing blocks.
func (w *writer) first() incident.Cause {
	blocked := map[string]bool{}
	for _, c := range w.d.Causes {
		for _, b := range c.Blocks {
			blocked[b.Cause] = true
		}
	}
	for _, c := range w.d.Causes {
		if !blocked[c.ID] {
			return c
		}
	}
	return w.d.Causes[0]
}

// cause tells what is at fault, since when, and what follows from it.
func (w *writer) cause(c incident.Cause) {
	lead := map[incident.Confidence]string{incident.Likely: "Probably: ",
		incident.Possible: "Seen, without a root that explains it: "}[c.Confidence]
	since := ""
	if !c.Since.IsZero() {
		since = ", since " + w.when(c.Since)
	}
	w.say(lead+cut(strings.TrimSuffix(c.Title, "."), 220)+since, c.Evidence...)
	if names, cites := w.sufferers(c); len(names) > 0 {
		n := c.Consequences()
		w.say(fmt.Sprintf("%s %s from it, in %s", capital(count(n)), plural(n, "consequence follows", "consequences follow"), some(names)),
			cites...)
	}
	for _, a := range c.Against[:min(len(c.Against), 1)] {
		w.say("Against it speaks: "+lowerFirst(a), c.Evidence...)
	}
}

// sufferers are the objects whose findings c explains, those at fault aside, and evidence of them.
func (w *writer) sufferers(c incident.Cause) (names, cites []string) {
	seen := map[incident.Object]bool{}
	for _, o := range c.Objects {
		seen[o] = true
	}
	for i, id := range c.Explains {
		f := w.d.Finding(id)
		if f == nil || i == 0 || seen[f.Object] || f.Severity.Rank() < incident.Warning.Rank() {
			continue
		}
		seen[f.Object] = true
		names, cites = append(names, f.Object.Name), append(cites, firstOf(f.Evidence)...)
		for _, o := range f.Objects[min(1, len(f.Objects)):] {
			names = append(names, o.Name)
		}
	}
	return unique(names), cites
}

// restarts says how much has been restarted, with the evidence of what restarted most.
func (w *writer) restarts() {
	total, onset := w.d.Total().Restarts, time.Time{}
	most := incident.Restarts{}
	for _, r := range w.d.Restarts {
		if r.Count > most.Count {
			most = r
		}
		if !r.Onset.IsZero() && (onset.IsZero() || r.Onset.Before(onset)) {
			onset = r.Onset
		}
	}
	var cites []string
	for _, f := range w.d.Findings {
		if f.Object == most.Workload {
			cites = append(cites, f.Evidence...)
		}
	}
	if total < 10 || len(cites) == 0 {
		return
	}
	since := ""
	if !onset.IsZero() {
		since = ", the first of those still seen at " + w.when(onset)
	}
	w.say(fmt.Sprintf("Containers have restarted %s times in all%s; %s most often (%s)", grouped(total), since, most.Workload.Name,
		grouped(most.Count)), cites...)
}

func (w *writer) notSeen() {
	unseen := w.d.Unseen()
	if len(unseen) == 0 {
		return
	}
	var what []string
	for _, n := range unseen[:min(len(unseen), toldNames+2)] {
		what = append(what, cut(oneLine(n.What), 60)+" ("+cut(oneLine(n.Why), 60)+")")
	}
	w.say("Not seen: " + list(what, len(unseen)+w.d.Total().NotSeen-len(w.d.NotSeen)))
}

func (w *writer) past(similar []incident.Similar) {
	if len(similar) == 0 {
		return
	}
	s := similar[0]
	text := "Something like it happened before"
	if tellable(s.Title) {
		text += ": " + cut(strings.TrimSuffix(s.Title, "."), 120)
	}
	if s.Date != "" {
		text += " (" + s.Date + ")"
	}
	if i := slices.IndexFunc(s.Worked, tellable); i >= 0 {
		text += "; what worked then: " + lowerFirst(cut(s.Worked[i], 120))
	}
	w.say(text)
}

// tellable says whether words of a postmortem may stand in a story: an order or a command may not, whoever tells.
func tellable(s string) bool {
	for _, f := range forbidden {
		if f.re.MatchString(s) {
			return false
		}
	}
	return true
}

// when is a time as a person would say it at d.At: the hour alone on the same day.
func (w *writer) when(t time.Time) string {
	t, at := t.UTC(), w.d.At.UTC()
	if t.Format(time.DateOnly) == at.Format(time.DateOnly) {
		return t.Format("15:04 UTC")
	}
	return t.Format("2 January, 15:04 UTC")
}

func firstOf(ids []string) []string { return ids[:min(len(ids), 1)] }

// list joins names of so many in all, of many the first few.
func list(names []string, all int) string {
	if rest := all - toldNames; rest > 1 && len(names) >= toldNames {
		return strings.Join(names[:toldNames], ", ") + fmt.Sprintf(" and %d more", rest)
	}
	return strings.Join(names, ", ")
}

// some joins names, of many the first few. It doesn't count: whoever says how many there are has said it.
func some(names []string) string {
	if len(names) > toldNames+1 {
		return strings.Join(names[:toldNames], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

func count(n int) string {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	if n < len(words) {
		return words[n]
	}
	return fmt.Sprint(n)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// grouped writes 6812 as 6,812.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// sentence begins with a capital and ends with a full stop. A name in front keeps its case.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return s
	}
	if first, _, _ := strings.Cut(s, " "); !strings.ContainsAny(first, "-./_0123456789") {
		s = capital(s)
	}
	if strings.HasSuffix(s, "…") || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// lowerFirst makes a sentence's first word part of another, unless it is a name or an acronym.
func lowerFirst(s string) string {
	first, _, _ := strings.Cut(s, " ")
	if strings.ToLower(first) != first && first[1:] == strings.ToLower(first[1:]) {
		return strings.ToLower(first) + s[len(first):]
	}
	return s
}
