package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// wholeValue is the name of an input that is all of a step's value.
const wholeValue = "value"

// inputs are the kinds of step of which a person may set a number otherwise, within the bounds of the kind, and in words what those are.
var inputs = map[string]string{
	"Scale":        "a number up to 100, and no pod fewer than now",
	"SetQuota":     "a quantity, at most twice what it is now",
	"SetResources": "a quantity; a request is not above its limit, and nothing is above what the largest node has",
}

// inputsOf are the values of a plan that a person may set otherwise.
func inputsOf(p *incident.Plan) []incident.Input {
	var out []incident.Input
	for i := range p.Steps {
		s := &p.Steps[i]
		bounds, ok := inputs[s.Kind]
		if !ok || p.InverseOf != "" {
			continue
		}
		add := func(name, label string, value any) {
			out = append(out, incident.Input{Step: s.ID, Name: name, Label: incident.Clip(label, 140), Value: fmt.Sprint(value), Bounds: bounds})
		}
		v, o := decodeValue(s.Params[paramValue]), inWords(s.Target.Object)
		switch s.Kind {
		case "Scale":
			if !fewer(s.Params[paramBefore], v) {
				add(wholeValue, "pods of "+o, v)
			}
		case "SetQuota":
			add(wholeValue, s.Params["resource"]+" of "+o, v)
		default:
			for _, part := range []string{"limits", "requests"} {
				for _, name := range slices.Sorted(maps.Keys(asMap(asMap(v)[part]))) {
					add(part+"."+name, fmt.Sprintf("%s %s of %s in %s", name, strings.TrimSuffix(part, "s"), s.Params["container"], o),
						asMap(asMap(v)[part])[name])
				}
			}
		}
	}
	return out
}

// fewer says whether a number is smaller than one that is encoded: what a plan says of its impact is not true of that any more.
func fewer(than string, v any) bool {
	was, a := quantity(decodeValue(than))
	is, b := quantity(v)
	return a && b && is.Cmp(was) < 0
}

// Edit makes the plan in which inputs of another one have other values, set by somebody. The targets must be as they were. An error that
// [Unfit] knows is for that person.
func (r *Recovery) Edit(ctx context.Context, p *incident.Plan, all []incident.Setting, by string) (*incident.Plan, error) {
	out := *p
	out.Steps = slices.Clone(p.Steps)
	changed := map[string]bool{}
	for _, set := range all {
		i := slices.IndexFunc(p.Inputs, func(in incident.Input) bool { return in.Key() == set.Key })
		if i < 0 {
			return nil, unfit("nothing of the plan is called %q that can be set; %s", incident.Clip(set.Key, 80), settable(p))
		}
		in := p.Inputs[i]
		s := out.Step(in.Step)
		value, err := withInput(decodeValue(s.Params[paramValue]), in, set.Value)
		if err != nil {
			return nil, err
		}
		if s.Kind == "Scale" && fewer(s.Params[paramBefore], value) {
			return nil, unfit("%s would have fewer pods than now, and the plan does not say what that takes away", s.Target.Object)
		}
		s.Params = maps.Clone(s.Params)
		s.Params[paramValue], s.Source = encodeValue(value), "set by "+by
		changed[in.Step] = true
	}
	for id := range changed {
		if err := r.rebind(ctx, out.Step(id)); err != nil {
			return nil, err
		}
	}
	if sameValues(p, &out) {
		return nil, unfit("that is what the plan has already")
	}
	Seal(&out)
	var sets []string
	for _, set := range all {
		sets = append(sets, set.Key+" to "+set.Value)
	}
	out.Title = retitled(&out, all)
	out.Why = incident.Clip(join(p.Why, fmt.Sprintf("%s set %s.", by, strings.Join(sets, ", "))), maxWhy)
	return &out, nil
}

// retitled says what a plan does once values of it are set otherwise.
func retitled(edited *incident.Plan, all []incident.Setting) string {
	var sets []string
	steps := map[string]bool{}
	for _, in := range edited.Inputs {
		if slices.ContainsFunc(all, func(set incident.Setting) bool { return set.Key == in.Key() }) {
			sets = append(sets, in.Label+" to "+in.Value)
			steps[in.Step] = true
		}
	}
	title := "Set " + strings.Join(few(sets, "more values"), ", ")
	if n := len(edited.Steps) - len(steps); n > 0 {
		title += ", and " + counted(n, "step") + " more"
	}
	return incident.Clip(title, maxTitle)
}

// sameValues says whether an edited plan changes nothing.
func sameValues(a, b *incident.Plan) bool {
	for i := range a.Steps {
		if a.Steps[i].Params[paramValue] != b.Steps[i].Params[paramValue] {
			return false
		}
	}
	return true
}

func settable(p *incident.Plan) string {
	if len(p.Inputs) == 0 {
		return "it has no value with bounds"
	}
	var keys []string
	for _, in := range p.Inputs {
		keys = append(keys, in.Key())
	}
	return "these can be: " + strings.Join(keys, ", ")
}

// withInput is a step's value with one number of it set otherwise.
func withInput(value any, in incident.Input, text string) (any, error) {
	text = strings.TrimSpace(text)
	if n, ok := value.(int64); ok && in.Name == wholeValue {
		to, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return nil, unfit("%q is no number, and %s is %d", incident.Clip(text, 80), in.Label, n)
		}
		return to, nil
	}
	q, err := resource.ParseQuantity(text)
	if err != nil || q.Sign() < 0 {
		return nil, unfit("%q is no quantity such as %s", incident.Clip(text, 80), in.Value)
	}
	part, name, nested := strings.Cut(in.Name, ".")
	if !nested {
		return q.String(), nil // as the API server writes it
	}
	out := maps.Clone(asMap(value))
	inner := maps.Clone(asMap(out[part]))
	if inner == nil {
		return nil, unfit("there are no %s to set", part)
	}
	inner[name] = q.String()
	out[part] = inner
	return out, nil
}

// rebind makes a step again with its new value, within its bounds, for the target as the plan knows it.
func (r *Recovery) rebind(ctx context.Context, s *incident.Step) error {
	bound, err := r.Bind(ctx, incident.Step{ID: s.ID, Kind: s.Kind, Target: incident.Target{Object: s.Target.Object}, Params: s.Params,
		Unless: s.Unless, Source: s.Source})
	var nothing errNothing
	switch {
	case errors.As(err, &nothing):
		return unfit("%s is that already", s.Target.Object)
	case err != nil:
		return err
	case bound.Target != s.Target:
		return fmt.Errorf("%s: %w", s.Target.Object, ErrChanged)
	}
	if s.Kind == "SetResources" {
		if err := r.withinNodes(ctx, decodeValue(bound.Params[paramValue])); err != nil {
			return err
		}
	}
	bound.Owner, bound.Instead, bound.Unmentioned = s.Owner, s.Instead, s.Unmentioned
	*s = bound
	return nil
}

// withinNodes: what no node has, no pod gets.
func (r *Recovery) withinNodes(ctx context.Context, value any) error {
	items, err := r.o.Reader.List(ctx, "Node", "", "")
	if err != nil {
		return fmt.Errorf("see what the nodes have: %w", err)
	}
	most := corev1.ResourceList{}
	for _, item := range items {
		var n corev1.Node
		if err := json.Unmarshal(item, &n); err != nil {
			return fmt.Errorf("see what the nodes have: %w", err)
		}
		for name, q := range n.Status.Allocatable {
			if has := most[name]; q.Cmp(has) > 0 {
				most[name] = q
			}
		}
	}
	for _, part := range []string{"requests", "limits"} {
		for name, v := range asMap(asMap(value)[part]) {
			want, _ := quantity(v)
			if has, ok := most[corev1.ResourceName(name)]; ok && want.Cmp(has) > 0 {
				return unfit("%s of %s %s: the largest node has %s", part, want.String(), name, has.String())
			}
		}
	}
	return nil
}

// Unfit says why a value was refused, in words for who set it; not ok if an error is of another kind.
func Unfit(err error) (why string, ok bool) {
	var is errUnfit
	if errors.As(err, &is) {
		return is.why, true
	}
	return "", false
}
