package commands

import (
	"fmt"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// objects names the first of the objects at fault.
func objects(some []incident.Object, all int) []Span { return someObjects(some, all, mostObjects) }

// someObjects names at most so many of all objects, of which some are known by name, and counts the others.
func someObjects(some []incident.Object, all, most int) []Span {
	var spans []Span
	named := min(len(some), most)
	for i, o := range some[:named] {
		if i > 0 {
			spans = append(spans, Text(", "))
		}
		spans = append(spans, Mono(o.String()))
	}
	if named > 0 && all > named {
		spans = append(spans, Text(fmt.Sprintf(" and %s more", thousands(all-named))))
	}
	return spans
}

// foldedUnder counts what a cause explains besides its own root, by kind of finding.
func foldedUnder(d *incident.Diagnosis, c incident.Cause) List {
	all := c.Consequences()
	if all == 0 {
		return nil
	}
	var kinds []*kindOfFinding
	of, counted := map[string]*kindOfFinding{}, 0
	for _, id := range c.Explains[min(1, len(c.Explains)):] {
		f := d.Finding(id)
		if f == nil {
			continue
		}
		k := of[f.Code]
		if k == nil {
			k = &kindOfFinding{code: f.Code}
			of[f.Code], kinds = k, append(kinds, k)
		}
		k.add(f)
		counted += f.Stands()
	}
	list := List{{Spans: []Span{Bold(fmt.Sprintf("Explains %s:", count(all, "consequence")))}}}
	for _, k := range kinds {
		list = append(list, Item{Depth: 1, Spans: append([]Span{Text(fmt.Sprintf("%s ×%s: ", k.code, thousands(k.n)))},
			someObjects(k.objects, k.n, mostFolded)...)})
	}
	if all > counted {
		list = append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… %s more", thousands(all-counted)))}})
	}
	return list
}

// kindOfFinding is what there is of the findings of one code.
type kindOfFinding struct {
	code    string
	n       int
	objects []incident.Object // the first of them
}

func (k *kindOfFinding) add(f *incident.Finding) {
	k.n += f.Stands()
	if f.Count > 0 {
		k.objects = append(k.objects, f.Objects...)
	} else {
		k.objects = append(k.objects, f.Object)
	}
}
