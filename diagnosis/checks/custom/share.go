package custom

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
)

// amounts are quantities of resources by their names: "cpu", "nvidia.com/gpu".
type amounts map[string]resource.Quantity

// shareDepth bounds how deep amounts are looked for.
const shareDepth = 6

// limitWords are those of a key under which a resource says how much of something it gives at most; askWords are those under which one says
// how much it wants, and usedWords how much was given.
var (
	limitWords = []string{"capability", "hard", "max", "maximum", "limit", "limits", "quota", "quotas", "ceiling", "nominal"}
	askWords   = []string{"resources", "requests", "request", "requested", "min", "resource", "required"}
	usedWords  = []string{"allocated", "used", "usage", "reserved", "reservation", "admitted"}
)

// isResource says whether a key is the name of a resource, as quotas know it.
func isResource(key string) bool {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "requests."), "limits.")
	return slices.Contains([]string{"cpu", "memory", "pods", "storage", "ephemeral-storage", "gpu"}, key) ||
		strings.HasPrefix(key, "hugepages-") || strings.HasPrefix(key, "count/") ||
		strings.Contains(key, "/") && strings.Contains(strings.SplitN(key, "/", 2)[0], ".")
}

// amountsIn reads a map of resources and quantities; nil if it is none.
func amountsIn(m map[string]any) amounts {
	out := amounts{}
	for key, value := range m {
		if !isResource(key) {
			return nil
		}
		text, isText := value.(string)
		if !isText {
			switch value.(type) {
			case int64, float64:
				text = fmt.Sprint(value)
			default:
				return nil
			}
		}
		q, err := resource.ParseQuantity(text)
		if err != nil {
			return nil
		}
		out[key] = q
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// listedIn reads a list whose elements name a resource and say how much of it: "{name: cpu, nominalQuota: 9}".
func listedIn(list []any, words []string) amounts {
	out := amounts{}
	for _, x := range list {
		m, _ := x.(map[string]any)
		name := kube.StringAt(m, "name")
		if !isResource(name) {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !hasWordOf(key, words) && key != "total" {
				continue
			}
			if one := amountsIn(map[string]any{name: m[key]}); one != nil {
				out.add(one)
				break
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// add adds other amounts.
func (a amounts) add(more amounts) {
	for key, q := range more {
		sum := a[key]
		sum.Add(q)
		a[key] = sum
	}
}

func hasWordOf(key string, words []string) bool {
	return slices.ContainsFunc(wordsOf(key), func(w string) bool { return slices.Contains(words, w) })
}

// sharesUnder finds the amounts under a key that has one of the words, and the field that says so. Of several lists the amounts are added,
// for each is a part; of maps the shallowest counts.
func sharesUnder(root string, of any, words []string) (found amounts, field string) {
	queue := []place{{root, of, 0}}
	for n, steps := 0, 0; n < len(queue) && steps < walkSteps; n++ {
		p := queue[n]
		if p.depth > shareDepth {
			continue
		}
		key := p.path[strings.LastIndexByte(p.path, '.')+1:]
		switch v := p.value.(type) {
		case map[string]any:
			if a := amountsIn(v); a != nil && hasWordOf(key, words) {
				if found == nil {
					return a, p.path
				}
				continue
			}
			steps += len(v)
			for _, k := range slices.Sorted(maps.Keys(v)) {
				queue = append(queue, place{p.path + "." + k, v[k], p.depth + 1})
			}
		case []any:
			if a := listedIn(v, words); a != nil {
				if found == nil {
					found, field = amounts{}, p.path
				}
				found.add(a)
				continue
			}
			steps += len(v)
			for _, x := range v {
				queue = append(queue, place{p.path, x, p.depth + 1})
			}
		}
	}
	return found, field
}
