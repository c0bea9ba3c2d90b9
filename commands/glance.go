package commands

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	// glanceFresh is for how long a look at the cluster serves those who only glance at it.
	glanceFresh = 30 * time.Second
	// mostGlances bounds the readers for whom a look is remembered.
	mostGlances = 500
	// mostTroubles is how many troubles a glance names.
	mostTroubles = 5
)

// glance is what a look at the whole cluster came to, in few lines: the look itself is not kept.
type glance struct {
	at     time.Time // when it was tried; zero: never
	blocks []Block
}

// Glances remember the newest look at the cluster for each reader, as far as that one may read. The zero value is ready to be used. They
// are safe for concurrent use.
type Glances struct {
	asking singleflight.Group
	mu     sync.Mutex
	last   map[string]glance
}

// reader names whose rights bound a look; nil: nobody's.
func reader(as *incident.Identity) string {
	if as == nil {
		return ""
	}
	return strings.Join(append([]string{"as", as.User}, slices.Sorted(slices.Values(as.Groups))...), "\x00")
}

func (g *Glances) of(key string) glance {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last[key]
}

func (g *Glances) keep(key string, x glance) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last == nil || len(g.last) >= mostGlances {
		g.last = map[string]glance{}
	}
	g.last[key] = x
}

// Glance looks at the cluster for who asks, unless that was done a moment ago, and says whether there is something newer to be shown than
// before. Who may be shown nothing of the cluster has nothing looked at.
func (s *Set) Glance(ctx context.Context, r Request) bool {
	as, may := s.glancing(r)
	key := reader(as)
	if !may || s.Looker == nil || s.Glances == nil || r.Now.Sub(s.Glances.of(key).at) < glanceFresh {
		return false
	}
	_, _, _ = s.Glances.asking.Do(key, func() (any, error) { // one look, however many people open their Home; it returns no error
		x := glance{at: r.Now}
		d, err := s.Looker.LookAt(ctx, incident.Asked{As: as})
		if err != nil {
			x.blocks = []Block{Paragraph{Text("It could not be looked at: " + sentence(s.clean(clip.Runes(err.Error(), maxLine))))}}
		} else {
			x.blocks = glanceBlocks(incident.Brief(d))
		}
		s.Glances.keep(key, x)
		return nil, nil
	})
	return true
}

// glancing is whose rights bound what a person is shown of the cluster; not may, if they are shown nothing of it.
func (s *Set) glancing(r Request) (as *incident.Identity, may bool) {
	if r.Outside || s.may(r, View) != nil {
		return nil, false
	}
	if s.Sight == nil {
		return nil, true
	}
	as, err := s.Sight.Reader(r.Person)
	return as, err == nil
}

// glanceBlocks are a diagnosis in few lines: a line for each trouble, and what was looked at when.
func glanceBlocks(d *incident.Diagnosis) []Block {
	blocks := []Block{Paragraph{Bold(headline(d))}}
	list := List{}
	for i, c := range d.InOrder() {
		if i == mostTroubles {
			list = append(list, Item{Depth: 1, Spans: []Span{Text("… " + count(d.Total().Causes-i, "more cause"))}})
			break
		}
		list = append(list, Item{Depth: 1, Spans: []Span{Text(briefly(c.Title, mostOther) + ", " + string(c.Confidence))}})
	}
	if rest := loose(d); len(rest) > 0 && len(d.Causes) > 0 {
		list = append(list, Item{Depth: 1, Spans: []Span{Text(count(stand(rest), "thing") + " without a known cause")}})
	} else if len(rest) > 0 {
		for _, f := range rest[:min(len(rest), mostTroubles)] {
			list = append(list, Item{Depth: 1, Spans: []Span{Text(atLength(f.Title, mostOther) + " in "), Mono(f.Object.String())}})
		}
	}
	if len(list) > 0 {
		blocks = append(blocks, list)
	}
	note := lookedNote(d)
	if unseen := d.Unseen(); len(unseen) > 0 {
		note = append(note, Text("; not seen: "+clip.Runes(unseen[0].What, mostOther)))
		if n := len(unseen) - 1 + d.Total().NotSeen - len(d.NotSeen); n > 0 {
			note = append(note, Text(" and "+count(n, "more thing")))
		}
	}
	return append(blocks, note)
}
