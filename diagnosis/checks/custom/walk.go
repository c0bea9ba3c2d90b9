package custom

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
)

// Bounds on walking through a status.
const (
	walkDepth = 6
	walkSteps = 2000
	walkSigns = 12
)

// passedBy are words of keys under which a status keeps what was, or what is wanted.
var passedBy = []string{"history", "previous", "old", "past", "log", "logs", "events", "attempts", "desired", "target",
	"expected", "wanted"}

// walk goes through the whole status, the shallow first, and gathers the signs in it.
type walk struct {
	o     *unstructured.Unstructured
	now   time.Time
	well  bool
	steps int
	signs []sign
}

type place struct {
	path  string
	value any
	depth int
}

// signsOf are what a custom resource's status says to be wrong: what sums it up first, then what is nested.
func signsOf(o *unstructured.Unstructured, now time.Time) []sign {
	status := statusOf(o)
	if status == nil {
		return nil
	}
	top := conditionsOf(o)
	w := walk{o: o, now: now, well: isWell(top, status)}
	w.signs = conditionSigns(top, w.well)
	queue := []place{{"status", status, 0}}
	for n := 0; n < len(queue) && w.steps < walkSteps && len(w.signs) < walkSigns; n++ {
		queue = append(queue, w.at(queue[n])...)
	}
	for i := range w.signs {
		w.signs[i].made = o.GetCreationTimestamp().Time
	}
	return w.signs
}

// at reads one place, and returns those under it.
func (w *walk) at(p place) []place {
	var out []place
	add := func(path string, value any) {
		switch value.(type) {
		case map[string]any, []any:
			if p.depth < walkDepth {
				out = append(out, place{path, value, p.depth + 1})
			}
		}
	}
	switch of := p.value.(type) {
	case map[string]any:
		w.steps += len(of)
		w.signs = append(w.signs, w.stateSigns(p, of)...)
		for _, key := range slices.Sorted(maps.Keys(of)) {
			words := wordsOf(key)
			if p.depth == 0 && key == "conditions" || slices.ContainsFunc(words, func(x string) bool { return slices.Contains(passedBy, x) }) {
				continue
			}
			add(p.path+"."+key, of[key])
		}
	case []any:
		w.steps += len(of)
		if nested := conditionsIn(w.o, of, p.path); len(nested) > 0 && nested[0].status != "" {
			well := w.well || slices.ContainsFunc(nested, func(c condition) bool { return sums(c.kind) >= 0 && c.status == "True" })
			w.signs = append(w.signs, mostly(conditionSigns(nested, well), w.well)...)
			return nil
		}
		for i, x := range of[:min(len(of), walkSteps)] {
			add(p.path+"["+nameOf(x, i)+"]", x)
		}
	}
	return out
}

// mostly makes of nested signs that tell no failure hints, where the object itself says that it is well.
func mostly(signs []sign, well bool) []sign {
	for i := range signs {
		if well && signs[i].grade < failing {
			signs[i].grade = hint
		}
		if !strings.HasPrefix(signs[i].what, "has the condition") {
			signs[i].what += " at " + strings.TrimPrefix(signs[i].field, "status.")
		}
	}
	return signs
}

// nameOf is how an element of a list is called, or its number.
func nameOf(x any, i int) string {
	if m, ok := x.(map[string]any); ok {
		for _, key := range []string{"name", "id"} {
			switch v := m[key].(type) {
			case string:
				if v != "" && len(v) <= 63 {
					return v
				}
			case int64, float64:
				return fmt.Sprint(v)
			}
		}
	}
	return fmt.Sprint(i)
}

// isWell says whether an object sums itself up as well: by a condition, or where it has none of these, by its phase.
func isWell(all []condition, status map[string]any) bool {
	said := false
	for _, c := range all {
		if sums(c.kind) < 0 || c.status == "Unknown" && !strings.EqualFold(c.kind, "Ready") {
			continue
		}
		if said = true; strings.EqualFold(c.kind, "Ready") {
			return c.status == "True"
		}
	}
	if said {
		return !slices.ContainsFunc(all, func(c condition) bool { return sums(c.kind) >= 0 && c.status != "True" })
	}
	good := false
	for _, key := range slices.Sorted(maps.Keys(status)) {
		value := kube.StringAt(status, key)
		if !isStateKey(key) || value == "" {
			continue
		}
		if tellsFailure(value) {
			return false
		}
		words := wordsOf(value)
		good = good || len(words) > 0 && isGood(words[len(words)-1]) && !waits(words)
	}
	return good
}
