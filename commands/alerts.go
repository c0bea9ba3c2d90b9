package commands

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// mostAlike bounds the kinds of alerts that are listed, and the namespaces of each.
const (
	mostAlike      = 30
	mostNamespaces = 5
)

// alike are the alerts of an incident that have one title.
type alike struct {
	title      string
	count      int
	over       int
	namespaces []string
}

// alertList lists the alerts of an incident that has several, those of one title together, the most frequent first.
func alertList(s *incident.State) List {
	var kinds []*alike
	of, n := map[string]*alike{}, s.More.Count
	for _, g := range s.Signals {
		if g.By.Name != "" {
			continue
		}
		n++
		a := of[g.Title]
		if a == nil {
			a = &alike{title: g.Title}
			of[g.Title], kinds = a, append(kinds, a)
		}
		if a.count++; g.Status == incident.Resolved {
			a.over++
		}
		if ns := g.Labels["namespace"]; ns != "" && !slices.Contains(a.namespaces, ns) {
			a.namespaces = append(a.namespaces, ns)
		}
	}
	if n < 2 {
		return nil
	}
	slices.SortStableFunc(kinds, func(a, b *alike) int { return cmp.Compare(b.count, a.count) })
	list := List{{Spans: []Span{Bold("Alerts: "), Text(thousands(n))}}}
	for i, a := range kinds {
		if i == mostAlike {
			list = append(list, Item{Depth: 1, Spans: []Span{Text("… " + count(len(kinds)-i, "more kind"))}})
			break
		}
		list = append(list, Item{Depth: 1, Spans: []Span{Text(a.says())}})
	}
	if s.More.Count > 0 {
		list = append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… and %s that came later, of which %s over: they are counted alone",
			thousands(s.More.Count), isAre(s.More.Count-s.More.Firing)))}})
	}
	return list
}

func isAre(n int) string {
	if n == 1 {
		return "1 is"
	}
	return thousands(n) + " are"
}

func (a *alike) says() string {
	text := "“" + clip.Runes(a.title, 150) + "”"
	if a.count > 1 {
		text += ", " + thousands(a.count) + " times"
	}
	if a.over > 0 {
		text += ", " + thousands(a.over) + " over"
	}
	if n := len(a.namespaces); n > 0 {
		text += ", in " + strings.Join(a.namespaces[:min(n, mostNamespaces)], ", ")
		if n > mostNamespaces {
			text += " and " + count(n-mostNamespaces, "more namespace")
		}
	}
	return text
}
