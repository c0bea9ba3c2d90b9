package custom

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
)

// stateEnds are the last words of keys whose value is a state: "phase", "connectorState", "ceph.health".
var stateEnds = []string{"phase", "state", "status", "health", "robustness", "stage", "result"}

// isStateKey says whether a key's value is the state that something is in now.
func isStateKey(key string) bool {
	words := wordsOf(key)
	return len(words) > 0 && slices.Contains(stateEnds, words[len(words)-1]) && !isPast(words)
}

func isPast(words []string) bool {
	return len(words) > 0 && words[0] == "last" || slices.ContainsFunc(words, func(w string) bool { return slices.Contains(passedBy, w) })
}

// whyKeys are the keys beside a state that say why, the most telling first; any other of which the last word is one of whyEnds comes after.
var (
	whyKeys = []string{"message", "errorMessage", "error", "lastError", "statusDescription", "reason", "trace", "details"}
	whyEnds = []string{"message", "messages", "error", "errors", "reason", "trace", "details", "msg", "cause", "exception"}
)

// longestState is the most of a state's value, in bytes; what is longer is a sentence.
const longestState = 64

// stateSigns reads the states and the errors that a map of the status holds.
func (w *walk) stateSigns(p place, m map[string]any) []sign {
	var out []sign
	why := whyOf(m)
	if m["type"] != nil && m["status"] != nil {
		return nil // a condition
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		value, ok := m[key].(string)
		if !ok || value == "" || len(value) > longestState || !isStateKey(key) {
			continue
		}
		x, ok := stateSign(p, key, value, why, w.well)
		if !ok {
			continue
		}
		if x.since = stateSince(m, value); x.inMaking {
			made := w.o.GetCreationTimestamp().Time
			if x.grade == hint && (!x.since.IsZero() || w.now.Sub(made) < finding.Recently.For) {
				x.grade = notDone // it has been so since it was made, most likely
			}
			if x.since.IsZero() {
				x.since = made
			}
		}
		out = append(out, x)
	}
	if len(out) == 0 {
		out = errorSigns(p, m, w.well)
	}
	return out
}

// stateSign says what a state means; ok is false if nothing is wrong by it.
func stateSign(p place, key, value, why string, well bool) (sign, bool) {
	nested := p.depth > 0
	x := sign{field: p.path + "." + key, reason: value, message: why, what: stateWords(p, key, value), patience: finding.CustomFails}
	switch words := wordsOf(value); {
	case notInUse(why):
		return sign{}, false
	case isWarningState(words):
		x.grade, x.patience = hint, finding.CustomSettles
		if tellsFailure(why) {
			x.grade = failing
		}
		return x, true
	case tellsFailure(value):
		x.grade = failing
		if slices.Contains(words, "degraded") {
			x.patience = finding.CustomSettles // as while a replica is made anew
		}
		if nested && well && why == "" {
			x.grade = hint
		}
		return x, true
	case polarity(value) < 0:
		x.grade, x.patience = notDone, finding.CustomSettles
		if nested && well {
			x.grade = hint
		}
		return x, true
	case len(words) > 0 && !nested && (len(words) <= 3 && tellsProgress(words[0]) || waits(words)):
		x.grade, x.patience, x.inMaking = hint, finding.CustomProgresses, making(words[0])
		if tellsFailure(why) {
			x.grade, x.patience = notDone, finding.CustomSettles
		}
		return x, !well
	}
	return sign{}, false
}

func isWarningState(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return w == "warn" || w == "warning" || w == "yellow" })
}

// stateWords tell a state: "is unavailable", "has the phase PartiallyFailed", "tasks[0].state is FAILED".
func stateWords(p place, key, value string) string {
	if p.depth > 0 {
		return "says " + strings.TrimPrefix(p.path+"."+key, "status.") + " " + value
	}
	words := wordsOf(value)
	switch {
	case len(words) == 1 && words[0] == "failed":
		return "has failed"
	case len(words) == 1 && (strings.HasSuffix(words[0], "ed") || strings.HasPrefix(words[0], "un") || words[0] == "pending"):
		return "is " + words[0]
	}
	return "has the " + key + " " + value
}

// stateSince is when a map of the status says that its state began: a time of a transition, or one named after the state.
func stateSince(m map[string]any, value string) time.Time {
	stem := ""
	if words := wordsOf(value); len(words) > 0 {
		stem = words[len(words)-1]
	}
	var found time.Time
	for _, key := range slices.Sorted(maps.Keys(m)) {
		words := wordsOf(key)
		has := func(w string) bool { return slices.Contains(words, w) }
		if has("transition") || has("changed") || has("failure") || has("finished") || has("completion") || stem != "" && has(stem) {
			found = kube.Latest(found, timeAt(m, key))
		}
	}
	return found
}

// whyOf is what a map says beside its state.
func whyOf(m map[string]any) string {
	keys := slices.Clone(whyKeys)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if words := wordsOf(key); len(words) > 0 && slices.Contains(whyEnds, words[len(words)-1]) && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		if text := textOf(m[key], 2); text != "" {
			return text
		}
	}
	return ""
}

// textOf is what a value says: a string, or the strings in a list or a map, the first few.
func textOf(value any, depth int) string {
	const few = 3
	switch v := value.(type) {
	case string:
		return strings.TrimSpace(v)
	case []any:
		var out []string
		for _, x := range v[:min(len(v), few)] {
			if text := textOf(x, depth-1); text != "" && depth > 0 {
				out = append(out, text)
			}
		}
		return strings.Join(out, "; ")
	case map[string]any:
		if text, _ := v["message"].(string); text != "" || depth <= 0 {
			return strings.TrimSpace(text)
		}
		var out []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if text := textOf(v[key], depth-1); text != "" && len(out) < few {
				out = append(out, key+": "+text)
			}
		}
		return strings.Join(out, "; ")
	}
	return ""
}

// aboutOthers says whether a list's elements name other objects: it is what a policy, a scan or an audit reports of these.
func aboutOthers(list []any) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(x any) bool {
		m, ok := x.(map[string]any)
		return !ok || kube.StringAt(m, "kind") == "" || kube.StringAt(m, "name") == ""
	})
}

var noText = regexp.MustCompile(`^([0-9.:,/+-]*|true|false|none|nil|null|n/a|\d{4}-\d\d-\d\dT.*)$`)

// errorSigns reads the errors that a map holds without a state beside them that tells of them: "error", "failureMessage",
// "failedNodes: [a]". What was the last error may be over.
func errorSigns(p place, m map[string]any, well bool) []sign {
	var out []sign
	for _, key := range slices.Sorted(maps.Keys(m)) {
		words := wordsOf(key)
		if len(words) == 0 || !slices.ContainsFunc(words, isIll) || slices.Contains(words, "policy") {
			continue
		}
		last := words[len(words)-1]
		if _, isList := m[key].([]any); !slices.Contains(whyEnds, last) && last != "failure" && (!isList || !isIll(words[0])) {
			continue
		}
		text := textOf(m[key], 2)
		if list, ok := m[key].([]any); ok && aboutOthers(list) {
			continue
		}
		if noText.MatchString(strings.ToLower(text)) || notInUse(text) {
			continue
		}
		x := sign{grade: failing, field: p.path + "." + key, message: text, patience: finding.CustomFails,
			what: fmt.Sprintf("says %s", strings.TrimPrefix(p.path+"."+key, "status.")), since: stateSince(m, "")}
		if well || isPast(words) {
			if x.grade = hint; p.depth > 0 {
				continue
			}
		}
		out = append(out, x)
	}
	return out
}
