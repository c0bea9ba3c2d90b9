package recovery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// held is a target whose owner would undo what the plan does, and the draft of the step that suspends the owner.
type held struct {
	target incident.Object
	draft  incident.Step
}

// hold puts before the first step on an owned target the step that suspends its owner, once for each owner. Where there is no room for it,
// or the owner is suspended by now, the plan is as it was, and says who undoes it.
func (c *composition) hold(ctx context.Context) error {
	done := map[incident.Object]bool{}
	for _, h := range c.holds {
		by := h.draft.Target.Object
		at := slices.IndexFunc(c.steps, func(s incident.Step) bool { return s.Target.Object == h.target && s.Owner != "" })
		if at < 0 || done[by] {
			continue
		}
		if len(c.steps) == MaxSteps {
			c.why = append(c.why, fmt.Sprintf("There is no room for the step that suspends %s.", inWords(by)))
			return nil
		}
		s, err := c.r.Bind(ctx, h.draft)
		switch {
		case unboundable(err):
			c.why = append(c.why, fmt.Sprintf("%s is not suspended: %v.", inWords(by), err))
			continue
		case err != nil:
			return err
		}
		s.Instead = c.r.inALine(s.Instead)
		done[by] = true
		c.steps = slices.Insert(c.steps, at, s)
	}
	return nil
}

// over says whether so many pods more would be too many for one plan.
func (c *composition) over(pods int) bool {
	return c.r.o.CeilingPods > 0 && pods > 0 && c.pods+pods > c.r.o.CeilingPods
}

// unmentioned says what of a bound step nothing of the evidence speaks of: its target, if neither the cause nor what it explains nor their
// evidence names it; or words of its value that were seen nowhere. What a copy or a revision holds was seen when it was kept, and numbers
// are worked out, as the step's source shows.
func (c *composition) unmentioned(q request, s incident.Step) string {
	var out []string
	if o := s.Target.Object; !mentioned(q, o) {
		out = append(out, fmt.Sprintf("nothing that was found speaks of %s", o))
	}
	var fresh []string
	if _, template := registry[s.Kind].(field); template && s.Kind != TryAgain || s.Kind == MakeObject {
		was := string(encode(decodeValue(s.Params[paramBefore])))
		leaves(decodeValue(s.Params[paramValue]), func(text string) {
			if !strings.Contains(was, text) {
				fresh = append(fresh, text)
			}
		})
	}
	fresh = slices.DeleteFunc(fresh, func(w string) bool {
		_, number := quantity(w)
		return number || w == s.Target.Object.Name || w == s.Target.Object.Namespace || w == s.Target.Object.Kind
	})
	for _, w := range c.seen.lacks(fresh) {
		out = append(out, fmt.Sprintf("“%s” was seen nowhere in the cluster", incident.Clip(w, 120)))
	}
	if len(out) > 3 {
		out = append(out[:3], fmt.Sprintf("and %d more", len(out)-3))
	}
	return strings.Join(out, "; ")
}

// leaves are the texts of a value, without the names of its fields.
func leaves(v any, each func(string)) {
	switch v := v.(type) {
	case string:
		if len(v) > 1 {
			each(v)
		}
	case []any:
		for _, e := range v {
			leaves(e, each)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			leaves(v[k], each)
		}
	}
}

// mentioned says whether the cause, a finding that it explains, or their evidence names an object, or a pod of it.
func mentioned(q request, o incident.Object) bool {
	is := func(x incident.Object) bool { return x == o || workloadOf(q.s, x) == o }
	if slices.ContainsFunc(q.cause.Objects, is) {
		return true
	}
	evidence := slices.Clone(q.cause.Evidence)
	for _, id := range q.cause.Explains {
		if f := q.d.Finding(id); f != nil {
			if is(f.Object) || slices.ContainsFunc(f.Objects, is) {
				return true
			}
			evidence = append(evidence, f.Evidence...)
		}
	}
	return slices.ContainsFunc(q.d.Evidence, func(e incident.Evidence) bool { return slices.Contains(evidence, e.ID) && is(e.Object) })
}
