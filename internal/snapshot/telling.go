package snapshot

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bounds on what is kept of a custom resource's spec, in bytes of keys and plain values. References have room of their own, so that a spec
// with many settings keeps whom it refers to.
const (
	settingsKept = 1 << 10
	refsKept     = 1 << 10
	valueKept    = 256 // of one value
	depthKept    = 6
	listKept     = 16 // elements of one list
)

// spot is a map or a list of a spec on its way to what is kept of it.
type spot struct {
	of    any
	keep  func(any)
	ref   bool // it is in a reference
	depth int
}

// telling keeps of a spec the small plain values: what it is called by, switches, modes, references. The shallow come before the deep, for
// whoever writes an API puts what matters there, and within a level those whose keys come first.
func telling(spec map[string]any) map[string]any {
	settings, refs := settingsKept, refsKept
	fits := func(cost int, ref bool) bool {
		room := &settings
		if ref && refs >= cost {
			room = &refs
		}
		if cost > *room {
			return false
		}
		*room -= cost
		return true
	}
	out := map[string]any{}
	queue := []spot{{of: spec, keep: func(any) {}}}
	for n := 0; n < len(queue); n++ {
		x := queue[n]
		add := func(key string, value any, ref bool, keep func(any)) {
			switch value.(type) {
			case map[string]any, []any:
				if x.depth < depthKept {
					queue = append(queue, spot{value, keep, ref, x.depth + 1})
				}
			case nil:
			default:
				if text := fmt.Sprint(value); len(text) <= valueKept && fits(len(key)+len(text), ref) {
					keep(value)
				}
			}
		}
		switch of := x.of.(type) {
		case map[string]any:
			into := out
			if n > 0 {
				into = map[string]any{}
			}
			given := false
			for _, key := range slices.Sorted(maps.Keys(of)) {
				add(key, of[key], x.ref || refers(key, of), func(v any) {
					into[key] = v
					if !given {
						given = true
						x.keep(into)
					}
				})
			}
		case []any:
			into := make([]any, 0, min(len(of), listKept))
			for _, v := range of[:min(len(of), listKept)] {
				at := -1
				add("", v, x.ref, func(v any) {
					if at < 0 {
						into, at = append(into, v), len(into)
					} else {
						into[at] = v
					}
					x.keep(into)
				})
			}
		}
	}
	return out
}

// refers says whether a key of a map leads to the name of another object: "issuerRef", "sourceRefs", "clusterName", or anything in a map that
// says a kind and a name.
func refers(key string, of map[string]any) bool {
	for _, end := range []string{"Ref", "Refs", "Reference", "Name"} {
		if strings.HasSuffix(key, end) {
			return true
		}
	}
	return of["kind"] != nil && of["name"] != nil
}
