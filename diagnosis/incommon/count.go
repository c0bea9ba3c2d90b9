package incommon

import (
	"slices"
	"time"
)

// tally is how many of the ill and of the well there are, or have a factor, and which, told by a sum over them.
type tally struct {
	ill, well int
	who       uint64
}

// counted is a group's units, counted for every factor among those who can be compared as to it.
type counted struct {
	t     *table
	ill   *group
	units []unit
	total map[company]tally
	of    []tally // by the factors' numbers
	since time.Time
	times int // how many moments of a start there are to choose from
}

func (t *table) count(g *group) *counted {
	c := &counted{t: t, ill: g, units: t.units(g.pods), total: map[company]tally{}}
	places, programs := map[string]bool{}, map[int]bool{}
	for i := range c.units {
		if u := &c.units[i]; u.ill {
			places[u.namespace] = true
			for _, n := range u.has {
				programs[n] = programs[n] || t.factors[n].kind == withRepository
			}
		}
	}
	c.starts()
	c.of = make([]tally, len(t.factors))
	for i := range c.units {
		u, id := &c.units[i], mixed(uint64(i)+1)
		in := map[company]bool{anywhere: true, placed: u.placed, near: places[u.namespace], claiming: u.claims, siblings: u.sibling,
			alike: u.ill || slices.ContainsFunc(u.has, func(n int) bool { return programs[n] })}
		for k, is := range in {
			if is {
				x := c.total[k]
				x.add(u.ill, id)
				c.total[k] = x
			}
		}
		for _, n := range u.has {
			if in[c.company(n)] {
				c.of[n].add(u.ill, id)
			}
		}
	}
	return c
}

func (x *tally) add(ill bool, id uint64) {
	if x.who ^= id; ill {
		x.ill++
	} else {
		x.well++
	}
}

// mixed spreads a small number over all bits (the finalizer of splitmix64), so that sums of different sets differ.
func mixed(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (c *counted) company(n int) company { return companies[c.t.factors[n].kind] }

// starts gives each pod of a workload of which some are ill and some well the factor that it was made when the first of the ill was, or
// later.
func (c *counted) starts() {
	times := map[time.Time]bool{}
	for i := range c.units {
		u := &c.units[i]
		at := c.t.rows[u.rows[0]].pod.CreationTimestamp.Time
		if u.ill && !u.sibling || at.IsZero() {
			if u.ill {
				return
			}
			continue
		}
		if u.sibling {
			times[at] = true
		}
		if u.ill && (c.since.IsZero() || at.Before(c.since)) {
			c.since = at
		}
	}
	if c.times = len(times); c.times == 0 {
		return
	}
	n := len(c.t.factors)
	f := factor{startedSince, "", c.since.UTC().Format(time.RFC3339)}
	if have, ok := c.t.number[f]; ok {
		n = have
	} else {
		c.t.number[f], c.t.factors = n, append(c.t.factors, f)
	}
	for i := range c.units {
		if u := &c.units[i]; u.sibling && !c.t.rows[u.rows[0]].pod.CreationTimestamp.Time.Before(c.since) {
			u.has = append(slices.Clip(u.has), n)
		}
	}
}

// distinct is how many factors are tried: those that enough have for them to pass, if they are the ill, and not all; those that the same
// ones have are one. Each moment of a start is one.
func (c *counted) distinct() int {
	seen := map[uint64]bool{}
	for n, x := range c.of {
		if of := c.total[c.company(n)]; x.ill+x.well >= fewest && x.ill+x.well < of.ill+of.well {
			seen[x.who] = true
		}
	}
	return len(seen) + max(0, c.times-1)
}

// parts says whether nearly all of the ill and nearly none of the well have a factor, and whether there are enough of both.
func (c *counted) parts(n int) bool {
	x, of, ill := c.of[n], c.total[c.company(n)], c.total[anywhere].ill
	if k := c.t.factors[n].kind; c.ill.named && !byPlace(k) || c.ill.apart && byTeam(k) {
		return false
	}
	return x.ill >= fewest && of.well >= fewest && 10*x.ill >= 9*ill && 10*x.well <= of.well && 4*x.well <= x.ill
}

// pods counts the pods of whom a parting tells.
func (c *counted) pods(p *parting) {
	k := c.company(p.factor)
	places := map[string]bool{}
	for i := range c.units {
		if u := &c.units[i]; u.ill {
			places[u.namespace] = true
		}
	}
	for i := range c.units {
		u := &c.units[i]
		compared := u.ill || k == anywhere || k == alike || k == placed && u.placed || k == near && places[u.namespace] ||
			k == claiming && u.claims || k == siblings && u.sibling
		if !compared {
			continue
		}
		for _, r := range u.rows {
			has := 0
			if c.t.has(u, r, p.factor) {
				has = 1
			}
			if u.ill {
				p.sick, p.sickWith = p.sick+1, p.sickWith+has
			} else {
				p.sound, p.soundHas = p.sound+1, p.soundHas+has
			}
		}
	}
}

// has says whether a pod of a unit has a factor.
func (t *table) has(u *unit, row, n int) bool {
	return slices.Contains(t.rows[row].has, n) || len(u.rows) == 1 && slices.Contains(u.has, n)
}
