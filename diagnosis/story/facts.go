package story

import (
	"strings"
	"unicode"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// facts are what the model may see of a diagnosis: redacted, and each text on one line.
type facts struct {
	d       incident.Diagnosis
	similar []incident.Similar
}

// redacted copies d and similar, with every text that the prompt or the check uses redacted.
func redacted(d *incident.Diagnosis, similar []incident.Similar, redact func(string) string) facts {
	clean := func(s string) string { return oneLine(redact(s)) }
	object := func(o incident.Object) incident.Object {
		return incident.Object{Kind: clean(o.Kind), Namespace: clean(o.Namespace), Name: clean(o.Name)}
	}
	f := facts{d: incident.Diagnosis{At: d.At, Cluster: clean(d.Cluster), Restarts: d.Restarts, Looked: d.Looked, Totals: d.Totals}}
	for _, e := range d.Evidence {
		e.Object, e.Field, e.Excerpt = object(e.Object), clean(e.Field), clean(e.Excerpt)
		f.d.Evidence = append(f.d.Evidence, e)
	}
	for _, n := range d.Findings {
		n.Object, n.Title, n.Objects = object(n.Object), clean(n.Title), mapped(n.Objects, object)
		f.d.Findings = append(f.d.Findings, n)
	}
	for _, c := range d.Causes {
		c.Title, c.Reason = clean(c.Title), clean(c.Reason)
		c.Objects, c.Blocks, c.Against = mapped(c.Objects, object), mapped(c.Blocks, func(b incident.Block) incident.Block {
			return incident.Block{Cause: b.Cause, Reason: clean(b.Reason)}
		}), mapped(c.Against, clean)
		f.d.Causes = append(f.d.Causes, c)
	}
	f.d.NotSeen = mapped(d.Unseen(), func(n incident.NotSeen) incident.NotSeen {
		return incident.NotSeen{What: clean(n.What), Why: clean(n.Why)}
	})
	f.similar = mapped(similar, func(s incident.Similar) incident.Similar {
		s.Title, s.Outcome, s.Worked = clean(s.Title), clean(s.Outcome), mapped(s.Worked, clean)
		return s
	})
	return f
}

func mapped[A, B any](in []A, f func(A) B) []B {
	var out []B
	for _, a := range in {
		out = append(out, f(a))
	}
	return out
}

// oneLine makes runs of white space and of control characters one space.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}

// cut shortens s to n characters and an "…".
func cut(s string, n int) string { return clip.Runes(s, n+1) }
