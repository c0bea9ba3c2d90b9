package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

func (s *Set) check(ctx context.Context, r Request) (Reply, error) {
	o, err := parseOptions(r.Args)
	if err != nil {
		return Reply{}, err
	}
	if o.trace {
		return Reply{}, usageError("check tells no reasons; " + r.Prog + " why --trace does")
	}
	if len(o.words) > 0 {
		return Reply{}, usageError("check takes no name; " + r.Prog + " why " + clip.Runes(strings.Join(o.words, " "), 80) +
			" tells about one thing")
	}
	d, err := s.diagnose(ctx, r, incident.Asked{Namespace: o.namespace})
	if err != nil {
		return Reply{}, err
	}
	reply := CheckReply(d)
	if s.Incidents != nil && d.Wrong() {
		reply.Blocks = append(reply.Blocks, openActions(incident.Brief(d)))
	}
	return reply, nil
}

// diagnose looks, as far as who asks may see, and says in its error what was being done.
func (s *Set) diagnose(ctx context.Context, r Request, asked incident.Asked) (*incident.Diagnosis, error) {
	if s.Looker == nil {
		return nil, errMissing("Looking at a cluster")
	}
	if s.Sight != nil {
		as, err := s.Sight.Reader(r.Person)
		if err != nil {
			return nil, err
		}
		asked.As = as
	}
	d, err := s.Looker.LookAt(ctx, asked)
	if err != nil {
		return nil, err // it says what was looked at
	}
	return d, nil
}

// CheckReply says what is wrong, in short, and what restarts. People are told in brief; the Data is the whole.
func CheckReply(whole *incident.Diagnosis) Reply {
	d := incident.Brief(whole)
	head := headline(d)
	blocks := []Block{Header{head}}
	for i, c := range d.Causes {
		if i == mostCauses {
			blocks = append(blocks, Note{Text("… " + count(d.Total().Causes-i, "more cause"))})
			break
		}
		blocks = append(blocks, briefCause(d, i+1, c))
	}
	blocks = append(blocks, looseBlocks(d)...)
	if d.Settling > 0 {
		blocks = append(blocks, Note{Text(count(d.Settling, "more thing") + " may still settle and " + map[bool]string{true: "is",
			false: "are"}[d.Settling == 1] + " not counted yet; “why” tells.")})
	}
	blocks = append(blocks, restartBlocks(whole.Restarts)...)
	blocks = append(blocks, notSeenBlocks(d)...)
	blocks = append(blocks, lookedNote(d))
	blocks = append(blocks, acceptedNote(d)...)
	reply := Reply{Text: head, Blocks: blocks, Data: NewReport(whole, nil, nil), Exit: verdict(d)}
	if len(d.Causes) > 0 {
		reply.Text += ". " + sentence(d.Causes[0].Title)
	}
	return reply
}

// briefCause is a cause in two lines.
func briefCause(d *incident.Diagnosis, n int, c incident.Cause) Paragraph {
	p := Paragraph{Bold(fmt.Sprintf("%d. %s", n, c.Title)), Text("  " + string(c.Confidence))}
	if names := objects(c.Objects, c.Faults()); len(names) > 0 {
		p = append(append(p, Text("\nin ")), names...)
	}
	if !c.Since.IsZero() {
		p = append(p, Text(" since "), When(c.Since))
	}
	if c.Before {
		p = append(p, Text("\n"+wasThere))
	}
	p = append(p, acceptedRoot(c)...)
	if n := c.Consequences(); n > 0 {
		p = append(p, Text("\nexplains "+count(n, "consequence")))
	}
	for _, b := range c.Blocks {
		p = append(p, Text("\nblocks "+causeName(d, b.Cause)))
	}
	return p
}

// restartBlocks gives the restart total by namespace and by workload, with the onset.
func restartBlocks(restarts []incident.Restarts) []Block {
	total := 0
	for _, r := range restarts {
		total += r.Count
	}
	if total == 0 {
		return nil
	}
	sums := byNamespace(restarts)
	sum := Paragraph{Bold("Restarts: " + thousands(total))}
	onset := sums[0].Onset
	for _, n := range sums[1:] {
		onset = earlier(onset, n.Onset)
	}
	if !onset.IsZero() {
		sum = append(sum, Text(", the earliest still to be seen "), When(onset))
	}
	var names []string
	for _, n := range sums {
		if n.Count > 0 {
			names = append(names, n.Namespace+" "+thousands(n.Count))
		}
	}
	sum = append(sum, Text("\n"+clip.Runes(strings.Join(names, ", "), 600)))
	return []Block{sum, restartTable(restarts)}
}

func restartTable(restarts []incident.Restarts) Table {
	sorted := slices.Clone(restarts)
	slices.SortStableFunc(sorted, func(a, b incident.Restarts) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return a.Workload.Compare(b.Workload)
	})
	sorted = slices.DeleteFunc(sorted, func(r incident.Restarts) bool { return r.Count == 0 })
	t := Table{Columns: []Column{{"Namespace", false}, {"Workload", false}, {"Pods", true}, {"Restarts", true}, {"Since", false}}}
	for i, r := range sorted {
		if i == mostRestarts {
			t.More = len(sorted) - i
			break
		}
		t.Rows = append(t.Rows, []Span{Text(r.Workload.Namespace), Text(r.Workload.Kind + "/" + r.Workload.Name),
			Text(fmt.Sprint(r.Pods)), Text(thousands(r.Count)), When(r.Onset)})
	}
	return t
}

// mostAbout bounds what a button says that an incident is about: a button's value has a bound.
const mostAbout = 3

// openActions offers to make an incident of what was found. Pressed twice, it joins the one it opened.
func openActions(d *incident.Diagnosis) Actions {
	title, fingerprint := headline(d), strings.TrimSuffix("found/"+d.Cluster+"/"+d.Scope.String(), "/")
	if len(d.Causes) > 0 {
		title, fingerprint = d.Causes[0].Title, incident.FoundFingerprint(d.Cluster, d.Causes[0])
	}
	words := []string{"open", "--as", clip.Runes(fingerprint, 400)}
	if d.Scope.Namespace != "" {
		words = append(words, "-n", d.Scope.Namespace)
	}
	for _, o := range d.Scope.Objects[:min(len(d.Scope.Objects), mostAbout)] {
		words = append(words, "--about", o.String())
	}
	return Actions{{ID: "open", Label: "Open an incident", Style: Primary, Value: Quote(append(words, clip.Runes(title, 200))...),
		Accessibility: "Open an incident about this"}}
}
