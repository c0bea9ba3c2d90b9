package incident

import (
	"fmt"
	"strings"
	"time"
)

// impactSection says how much was hurt, and how long, by the look that saw the most.
func impactSection(s *State) string {
	var most Totals
	began := s.OpenedAt
	for _, r := range s.Log {
		e, ok := r.Event.(DiagnosisMade)
		if !ok {
			continue
		}
		if t := e.Diagnosis.Total(); t.Workloads+t.Nodes > most.Workloads+most.Nodes {
			most = t
		}
		for _, c := range e.Diagnosis.Causes[:min(1, len(e.Diagnosis.Causes))] {
			if !c.Since.IsZero() && c.Since.Before(began) {
				began = c.Since
			}
		}
	}
	var hurt []string
	if most.Workloads > 0 {
		hurt = append(hurt, fmt.Sprintf("%s in %s", many(most.Workloads, "workload"), many(most.Namespaces, "namespace")))
	}
	if most.Nodes > 0 {
		hurt = append(hurt, many(most.Nodes, "node"))
	}
	text := "Nothing that runs was seen to be hurt"
	switch {
	case len(hurt) == 1 && most.Workloads+most.Nodes == 1:
		text = hurt[0] + " was hurt"
	case len(hurt) > 0:
		text = strings.Join(hurt, " and ") + " were hurt"
	}
	if end := s.EndedAt(); !end.IsZero() {
		text += fmt.Sprintf(", from %s to %s (%s)", stamp(began), stamp(end), spoken(end.Sub(began)))
	} else {
		text += ", since " + stamp(began)
	}
	if most.Restarts > 0 {
		times := "once"
		if most.Restarts > 1 {
			times = fmt.Sprintf("%d times", most.Restarts)
		}
		text += ". Containers were restarted " + times
	}
	return text + ".\n"
}

// mostWritten is how many boxes a postmortem's graph has.
const mostWritten = 12

// graphSection is what broke what, where there is more to it than the causes.
func graphSection(d *Diagnosis) string {
	if d == nil {
		return ""
	}
	if g := GraphOf(d, mostWritten); g.Worth() {
		return "```mermaid\n" + g.Mermaid() + "```\n"
	}
	return ""
}

// helpedSection says what helped, and what did not.
func helpedSection(s *State, worked, failed []string) string {
	var b strings.Builder
	switch {
	case len(worked) > 0:
		for _, title := range worked {
			fmt.Fprintf(&b, "- %s\n", oneLine(title))
		}
	case !s.ResolvedAt.IsZero() && len(failed) == 0:
		b.WriteString("It ended by itself: Paramedic changed nothing.\n")
	default:
		b.WriteString("Nothing that Paramedic did is known to have helped.\n")
	}
	for _, title := range failed {
		fmt.Fprintf(&b, "- did not help: %s\n", oneLine(title))
	}
	return b.String()
}

// followup lists what is to be done, each with who is to see to it: whoever had the incident, or approved what was done.
func followup(s *State) string {
	owner := "nobody yet"
	if a := s.Approval(); a != nil {
		owner = a.By.Name
	}
	if s.Claimed != nil {
		owner = s.Claimed.Name
	}
	var b strings.Builder
	add := func(format string, a ...any) {
		fmt.Fprintf(&b, "- %s (owner: %s)\n", strings.TrimSuffix(fmt.Sprintf(format, a...), "."), owner)
	}
	if s.Diagnosis != nil {
		for _, c := range s.Diagnosis.Causes {
			add("Find out what brought about “%s”", oneLine(c.Title))
		}
		for _, n := range s.Diagnosis.Unseen() {
			add("Let Paramedic see %s: %s", n.What, oneLine(n.Why))
		}
	}
	for _, st := range s.Steps {
		if p := s.Plan; p != nil && st.Outcome == StepOK && p.Step(st.Step) != nil && p.Step(st.Step).Instead != "" {
			add("Make “%s” last: %s", oneLine(p.Step(st.Step).Title), oneLine(p.Step(st.Step).Instead))
		}
	}
	if s.NoPlan != "" {
		add("See whether a plan can be offered the next time: %s", oneLine(s.NoPlan))
	}
	return b.String()
}

// many is a number with what it counts.
func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// spoken is a duration as people say it, in its greatest unit or two.
func spoken(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < 2*time.Minute:
		return many(int(d.Seconds()), "second")
	case d < 2*time.Hour:
		return many(int(d.Round(time.Minute).Minutes()), "minute")
	case d < 48*time.Hour:
		hours := int(d.Hours())
		return many(hours, "hour") + " " + many(int(d.Minutes())-60*hours, "minute")
	}
	days := int(d.Hours()) / 24
	return many(days, "day") + " " + many(int(d.Hours())-24*days, "hour")
}
