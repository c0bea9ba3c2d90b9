package custom

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CustomExpired is the code of a custom resource whose own times say that what it has issued is no longer valid.
const CustomExpired = "CustomExpired"

var expiredCodes = []finding.Code{
	{Code: CustomExpired, Severity: incident.Warning, Root: true, Detail: Says{},
		Meaning: "What a custom resource has issued, such as a token, is past its time by the resource's own fields.",
		Next:    "See why its controller does not renew it, and have it issued anew.",
		Example: "Token slurm-operator-token has expired 2h32m ago: issued at 18:28 UTC for 1h0m0s, and it is to be renewed"},
}

// validity is how long what an object has issued is valid.
type validity struct {
	until        time.Time
	field, words string
	renewed      bool // the object's own settings ask for it to be renewed
}

// checkExpired reports what is past its time. Where its settings ask for no renewal, that proves nothing.
func checkExpired(s *snapshot.Snapshot, r *finding.Report) {
	ending := runsOf(s)
	for i := range s.Customs {
		o := &s.Customs[i]
		kind := o.GroupVersionKind().GroupKind()
		if slices.Contains(otherGroups, kind.Group) || o.GetDeletionTimestamp() != nil || switchedOff(o) || ending.kinds[kind] {
			continue
		}
		v, ok := validityOf(o)
		if !ok || !v.until.Before(s.At) || s.At.Sub(v.until) > finding.LongPast.For {
			continue
		}
		if x, _, ill := foremostOf(ending, o, s.At); ill && x.grade > hint {
			continue // it says by itself what is wrong
		}
		obj := snapshot.CustomObject(o)
		words := fmt.Sprintf("%s has expired %s ago: %s", finding.Short(obj), finding.Duration(s.At.Sub(v.until)), v.words)
		if v.renewed {
			words += ", and it is to be renewed"
		}
		f := r.Find(CustomExpired, obj, words)
		f.Since, f.Refs, f.AtMost = v.until, finding.Union(makes(s, o), secretsOf(needsOf(s, o))), incident.Likely
		f.Detail = Says{Controllers: controllersOf(s, kind)}
		f.Cite(finding.SeenAPI(obj, v.field, v.until, v.words))
		if !v.renewed {
			f.Suspected()
		} else {
			f.NotYet(finding.CustomSettles, v.until, s.At)
		}
	}
}

func secretsOf(needs []Need) []incident.Object {
	var out []incident.Object
	for _, n := range needs {
		if n.Object.Kind == "Secret" {
			out = append(out, n.Object)
		}
	}
	return out
}

// validityOf reads an end that an object names, or when it was issued and for how long.
func validityOf(o *unstructured.Unstructured) (validity, bool) {
	status := statusOf(o)
	spec, _ := o.Object["spec"].(map[string]any)
	renewed := false
	for key, value := range spec {
		on, _ := value.(bool)
		renewed = renewed || on && slices.ContainsFunc(wordsOf(key), func(w string) bool {
			return slices.ContainsFunc([]string{"refresh", "renew", "rotat"}, func(stem string) bool { return strings.HasPrefix(w, stem) })
		})
	}
	for _, key := range slices.Sorted(maps.Keys(status)) {
		if t := timeAt(status, key); !t.IsZero() && isEnd(wordsOf(key)) {
			return validity{t, "status." + key, fmt.Sprintf("%s %s", key, clock(t)), renewed}, true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(status)) {
		issued := timeAt(status, key)
		if issued.IsZero() || !slices.ContainsFunc(wordsOf(key), func(w string) bool {
			return slices.Contains([]string{"issued", "issue", "renewed", "refreshed", "rotated"}, w)
		}) {
			continue
		}
		for _, of := range slices.Sorted(maps.Keys(spec)) {
			text, _ := spec[of].(string)
			life, err := time.ParseDuration(text)
			if err == nil && life > 0 && slices.ContainsFunc(wordsOf(of), func(w string) bool {
				return slices.Contains([]string{"lifetime", "ttl", "validity", "duration"}, w)
			}) {
				return validity{issued.Add(life), "status." + key, fmt.Sprintf("issued at %s for %s (spec.%s)", clock(issued), text, of),
					renewed}, true
			}
		}
	}
	return validity{}, false
}

// isEnd says whether a key's words name the end of what is valid: "expiresAt", "notAfter", "expirationTimestamp", "validUntil".
func isEnd(words []string) bool {
	joined := strings.Join(words, " ")
	return strings.Contains(joined, "not after") || strings.Contains(joined, "valid until") ||
		slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "expir") })
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
