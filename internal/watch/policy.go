package watch

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Policy says what becomes an incident. The zero value raises nothing; see [Default].
type Policy struct {
	// Rules are gone through in order: the first that is about a cause decides. What none is about becomes no incident.
	Rules []Rule
	// Maintenance are times in which nothing new is raised in some namespaces.
	Maintenance []Window
	// GoneFor is how long a cause must have been gone before it is said to be over, so that what flaps is one incident.
	GoneFor time.Duration
	// AfterOutage is how long nothing new is raised after a time in which the cluster could not be seen: nodes and controllers catch up.
	AfterOutage time.Duration
}

// Rule is about causes of some codes, in some namespaces, from some severity on. Empty fields are about all.
type Rule struct {
	Codes      []string // such as "PodCrashLoop"; a * stands for any letters
	Namespaces []string // likewise; what lies in no namespace is in "" alone, which only an empty list or "*" is about
	Severity   incident.Severity
	// For is how long it must have been so, beyond the time for which it may still be normal.
	For time.Duration
	// Never says that it becomes no incident.
	Never bool
}

// Default raises at once what people rely on and does not work, and after five minutes what is degraded, or soon will be.
func Default() Policy {
	return Policy{GoneFor: 2 * time.Minute, AfterOutage: 2 * time.Minute,
		Rules: []Rule{{Severity: incident.Critical}, {Severity: incident.Warning, For: 5 * time.Minute}}}
}

// Window is a time of maintenance: every week on some days, or once.
type Window struct {
	Namespaces []string // with *; empty: everywhere
	Days       []time.Weekday
	From, To   time.Duration // of the day, since midnight; To before From is on the next day
	Zone       *time.Location
	Begin, End time.Time // once, where they are set; then the fields of the week count for nothing
}

// in says whether a time lies in the window.
func (w Window) in(t time.Time) bool {
	if !w.Begin.IsZero() || !w.End.IsZero() {
		return !t.Before(w.Begin) && t.Before(w.End)
	}
	t = t.In(cmp.Or(w.Zone, time.UTC))
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
	since, today, before := t.Sub(midnight), t.Weekday(), midnight.AddDate(0, 0, -1).Weekday()
	on := func(d time.Weekday) bool { return len(w.Days) == 0 || slices.Contains(w.Days, d) }
	if w.From < w.To {
		return on(today) && since >= w.From && since < w.To
	}
	return on(today) && since >= w.From || on(before) && since < w.To
}

// ends is when the window that t lies in is over, to the minute.
func (w Window) ends(t time.Time) time.Time {
	if !w.End.IsZero() {
		return w.End
	}
	for range 2 * 24 * 60 {
		if !w.in(t) {
			return t
		}
		t = t.Truncate(time.Minute).Add(time.Minute)
	}
	return t
}

// Validate returns everything that is wrong with the policy. Known says whether there is a code; nil: all are taken to be there.
func (p Policy) Validate(known func(code string) bool) error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	patterns := func(field string, list []string) {
		for _, one := range list {
			if _, err := path.Match(one, ""); err != nil || one == "" {
				report("%s: %q is no name, nor a pattern of one", field, one)
			}
		}
	}
	for i, r := range p.Rules {
		field := fmt.Sprintf("rules[%d]", i)
		patterns(field+".codes", r.Codes)
		patterns(field+".namespaces", r.Namespaces)
		for _, code := range r.Codes {
			if known != nil && !strings.ContainsAny(code, `*?[\`) && !known(code) {
				report("%s.codes: there is no code %s; docs/checks.md lists them", field, code)
			}
		}
		if r.Severity != "" && r.Severity.Rank() == 0 {
			report("%s.severity: must be warning or critical, not %q", field, r.Severity)
		}
		if r.For < 0 {
			report("%s.for: must not be shorter than nothing", field)
		}
	}
	for i, w := range p.Maintenance {
		field := fmt.Sprintf("maintenance[%d]", i)
		patterns(field+".namespaces", w.Namespaces)
		once := !w.Begin.IsZero() || !w.End.IsZero()
		switch {
		case once && !w.Begin.Before(w.End):
			report("%s: its end must be after its begin", field)
		case !once && w.From == w.To:
			report("%s: from and to must differ, or begin and end be set", field)
		}
	}
	if p.GoneFor < 0 {
		report("goneFor: must not be shorter than nothing")
	}
	return errors.Join(errs...)
}

// Verdict is what a policy makes of a cause.
type Verdict struct {
	Cause incident.Cause
	// Raise says that it becomes an incident now.
	Raise bool
	// At is when it will, should it stay as it is; zero: never by itself.
	At time.Time
	// Why says why it does not, or not yet; or by which rule it does.
	Why string
}

// Judge says of each cause of a diagnosis what becomes of it at a time. First is since when a cause has been seen, zero where it is not
// known.
func (p Policy) Judge(d *incident.Diagnosis, first func(incident.Cause) time.Time, now time.Time) []Verdict {
	out := make([]Verdict, 0, len(d.Causes))
	for _, c := range d.Causes {
		v := p.judge(d, c, first(c), now)
		v.Cause = c
		out = append(out, v)
	}
	return out
}

func (p Policy) judge(d *incident.Diagnosis, c incident.Cause, first, now time.Time) Verdict {
	severity := severityOf(d, c)
	i := slices.IndexFunc(p.Rules, func(r Rule) bool { return r.about(c, severity) })
	switch {
	case i < 0:
		return Verdict{Why: fmt.Sprintf("no rule is about %s of severity %s", c.Code, severity)}
	case p.Rules[i].Never:
		return Verdict{Why: fmt.Sprintf("rule %d says never", i+1)}
	}
	since := now
	for _, t := range []time.Time{first, c.Since} {
		if !t.IsZero() && t.Before(since) {
			since = t
		}
	}
	at, why := since.Add(p.Rules[i].For), fmt.Sprintf("rule %d: %s, so for %s", i+1, severity, p.Rules[i].For)
	if c.NormalUntil.After(at) {
		at, why = c.NormalUntil, cmp.Or(c.Normal, "it may still be normal")
	}
	for n, w := range p.Maintenance {
		if t := later(at, now); w.about(c) && w.in(t) {
			at, why = w.ends(t), fmt.Sprintf("maintenance %d", n+1)
		}
	}
	if at.After(now) {
		return Verdict{At: at, Why: why}
	}
	return Verdict{Raise: true, At: at, Why: fmt.Sprintf("rule %d: %s", i+1, severity)}
}

// about says whether the rule is about a cause.
func (r Rule) about(c incident.Cause, severity incident.Severity) bool {
	if severity.Rank() < max(r.Severity.Rank(), incident.Warning.Rank()) {
		return false
	}
	return matches(r.Codes, c.Code) && matchesAny(r.Namespaces, namespacesOf(c))
}

// about says whether the window is about a cause: about all of it, lest what lies outside be kept silent.
func (w Window) about(c incident.Cause) bool {
	for _, namespace := range namespacesOf(c) {
		if !matches(w.Namespaces, namespace) {
			return false
		}
	}
	return true
}

// matches says whether one of the patterns fits the name; none at all fit every one.
func matches(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}

func matchesAny(patterns, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return matches(patterns, name) })
}

// namespacesOf are those of what is at fault, each once; "" for what lies in none.
func namespacesOf(c incident.Cause) []string {
	var out []string
	for _, o := range c.Objects {
		namespace := o.Namespace
		if o.Kind == "Namespace" {
			namespace = o.Name
		}
		if !slices.Contains(out, namespace) {
			out = append(out, namespace)
		}
	}
	if len(out) == 0 {
		out = []string{""}
	}
	return out
}

// severityOf is that of the worst that a cause explains: what follows from it is what people feel.
func severityOf(d *incident.Diagnosis, c incident.Cause) incident.Severity {
	worst := incident.Info
	for _, id := range c.Explains {
		if f := d.Finding(id); f != nil && f.Severity.Rank() > worst.Rank() {
			worst = f.Severity
		}
	}
	return worst
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
