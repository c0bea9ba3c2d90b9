package commands

import (
	"context"
	"errors"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	mostGlanced     = 5 // incidents, and causes
	mostNamedUnseen = 4
)

// status says how things stand by what is at hand: it looks at nothing.
func (s *Set) status(ctx context.Context, r Request) (Reply, error) {
	var blocks []Block
	var heads []string
	first, waiting := "", ""
	if s.Incidents != nil {
		open, _, err := s.Incidents.List(ctx, false)
		if err != nil {
			return Reply{}, err
		}
		open, hidden, err := s.visible(ctx, r, open)
		if err != nil {
			return Reply{}, err
		}
		list := caughtUpAll(open, hidden, r)
		blocks, heads = append(blocks, list.Blocks...), append(heads, list.Text)
		for _, o := range open {
			if first == "" {
				first = o.ID
			}
			if waiting == "" && o.Phase(r.Now) == incident.Awaiting {
				waiting = o.ID
				blocks = append(blocks, Paragraph{Bold("Waits for approval: "), Mono(r.Prog + " plan " + o.ID)})
			}
		}
	}
	seen, head, name, err := s.glanced(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	blocks = append(blocks, seen...)
	if head != "" {
		heads = append(heads, head)
	}
	blocks = append(blocks, s.silencedNote(ctx, r)...)
	return Reply{Text: clip.Runes(strings.Join(heads, " "), maxLine), Blocks: append(blocks, tries(r.Prog, first, waiting, name)...)}, nil
}

// tries are three things to try, about what there is.
func tries(prog, open, waiting, name string) []Block {
	var lines []string
	add := func(line string, ok bool) {
		if ok && len(lines) < 3 {
			lines = append(lines, line)
		}
	}
	add("plan "+waiting, waiting != "")
	add("catchup "+open, open != "")
	add("why "+name, name != "" && len(name) < 200)
	add("check", true)
	add("changes --since yesterday", true)
	add("help", true)
	list := List{{Spans: []Span{Text("Try:")}}}
	for _, line := range lines {
		list = append(list, Item{Depth: 1, Spans: []Span{Mono(prog + " " + line)}})
	}
	return []Block{list}
}

// glanced is what was wrong in the cluster when it was looked at last, and how long ago that is, as far as who asks may read it. name is
// the first thing at fault.
func (s *Set) glanced(ctx context.Context, r Request) (blocks []Block, head, name string, err error) {
	if s.Memory == nil {
		return nil, "", "", nil
	}
	bounded := false
	if s.Sight != nil {
		as, err := s.Sight.Reader(r.Person)
		var no *Refusal
		switch {
		case errors.As(err, &no):
			return []Block{Note{Text(no.Error())}}, "", "", nil
		case err != nil:
			return nil, "", "", err
		}
		bounded = as != nil
	}
	d := s.Memory.Last(ctx)
	if d == nil {
		return []Block{Paragraph{Text("The cluster has not been looked at since Paramedic started. Look now: "),
			Mono(r.Prog + " check")}}, "", "", nil
	}
	age := Duration(r.Now.Sub(d.At)) + " ago"
	shown, hidden := d.InOrder(), 0
	if bounded {
		shown, hidden = s.readable(ctx, r, shown)
	}
	switch {
	case len(shown) == 0 && d.Wrong() && bounded:
		head = "Something is wrong that you may not see."
	case len(shown) == 0 && d.Wrong():
		head = headline(d)
	case len(shown) == 0:
		head = foundNothing(d, " in the cluster")
	default:
		head = atLength(shown[0].Title, 200)
		if len(shown[0].Objects) > 0 {
			o := shown[0].Objects[0]
			name = Quote(strings.TrimSpace(strings.ToLower(o.Kind) + "/" + o.Name))
			if o.Namespace != "" {
				name += " -n " + Quote(o.Namespace)
			}
		}
	}
	p := Paragraph{Bold("The cluster, as seen " + age + ": "), Text(head)}
	if n := len(shown) - 1 + hidden; n > 0 && len(shown) > 0 {
		p = append(p, Text(" (and "+count(n, "more cause")+")"))
	}
	return append([]Block{p}, unseenGlance(d, bounded)...), head, name, nil
}

// unseenGlance names what was not seen, to who may know all that is there.
func unseenGlance(d *incident.Diagnosis, bounded bool) []Block {
	unseen := d.Unseen()
	if len(unseen) == 0 || bounded {
		return nil
	}
	var what []string
	for _, n := range unseen[:min(len(unseen), mostNamedUnseen)] {
		what = append(what, clip.Runes(n.What, 80))
	}
	if more := len(unseen) + d.Total().NotSeen - len(d.NotSeen) - len(what); more > 0 {
		what = append(what, count(more, "more thing"))
	}
	return []Block{Paragraph{Bold("Not seen: "), Text(strings.Join(what, ", "))}}
}

// readable are the causes of which who asks may read every object, and how many others there are.
func (s *Set) readable(ctx context.Context, r Request, all []incident.Cause) (out []incident.Cause, hidden int) {
	may := s.mayKnow(ctx, r)
	for _, c := range all {
		ok := len(c.Objects) > 0
		for _, o := range c.Objects {
			ok = ok && may(o)
		}
		if ok {
			out = append(out, c)
		} else {
			hidden++
		}
	}
	return out, hidden
}
