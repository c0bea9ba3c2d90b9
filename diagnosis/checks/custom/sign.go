package custom

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// grade is how much a sign says.
type grade int

const (
	hint    grade = iota // it proves nothing
	notDone              // something is not as it should be, without a word of failure
	failing              // its own words tell a failure
)

// sign is what one place of a custom resource's status says.
type sign struct {
	grade
	field, reason, message string    // the field's path from "status"
	what                   string    // "is not ready"
	condition              string    // its type; empty where it is none
	since, made            time.Time // when it began to say so, where that is known; when its object was made
	patience               finding.Patience
	inMaking               bool              // it says no more than that it is being made
	refs                   []incident.Object // what it names as ill
	event                  *corev1.Event     // that says so, too; nil: none does
}

// words are the sign's own, the reason only where there is no message.
func (x sign) words() string {
	if x.message != "" {
		return finding.ShortMessage(telling(x.message))
	}
	if strings.Contains(strings.ToLower(x.what), strings.ToLower(x.reason)) {
		return "" // it is said
	}
	return x.reason
}

// quoted is all that the sign says, up to its cause.
func (x sign) quoted() string {
	return wholeWords(strings.Trim(x.reason+": "+telling(x.message), ": "))
}

// positive are the conditions that sum an object up, the more telling first.
var positive = []string{"Ready", "Available", "Healthy", "Synced", "Established", "Reconciled", "Valid", "Deployed"}

func sums(kind string) int {
	return slices.IndexFunc(positive, func(p string) bool { return strings.EqualFold(p, kind) })
}

type condition struct {
	kind, status, reason, message string
	severity                      string
	since                         time.Time
	behind                        bool
	field                         string
}

func conditionsOf(o *unstructured.Unstructured) []condition {
	list, _ := statusOf(o)["conditions"].([]any)
	return conditionsIn(o, list, "status.conditions")
}

// conditionsIn reads a list as conditions; nil if it is none.
func conditionsIn(o *unstructured.Unstructured, list []any, path string) []condition {
	var out []condition
	for _, x := range list {
		m, ok := x.(map[string]any)
		kind := kube.StringAt(m, "type")
		if !ok || kind == "" {
			continue
		}
		out = append(out, condition{kind: kind, status: kube.StringAt(m, "status"), reason: kube.StringAt(m, "reason"),
			message: withErrors(m), severity: kube.StringAt(m, "severity"), since: timeAt(m, "lastTransitionTime"),
			behind: behind(o, m), field: path + "[" + kind + "]"})
	}
	return out
}

// withErrors is a condition's message, with those of the errors that it lists beside it: a message such as "see Errors for details" is
// none by itself.
func withErrors(c map[string]any) string {
	out := kube.StringAt(c, "message")
	for _, key := range []string{"errors", "causes", "details"} {
		list, _ := c[key].([]any)
		for _, x := range list[:min(len(list), mostErrors)] {
			m, _ := x.(map[string]any)
			if words := kube.StringAt(m, "message"); words != "" && !strings.Contains(out, words) {
				out = strings.TrimPrefix(words+"; "+out, "; ")
			}
		}
	}
	return strings.TrimSuffix(out, "; ")
}

// mostErrors bounds how many of a condition's errors are told.
const mostErrors = 4

func timeAt(m map[string]any, path ...string) time.Time {
	t, err := time.Parse(time.RFC3339, kube.StringAt(m, path...))
	if err != nil {
		return time.Time{}
	}
	return t
}

// conditionSigns reads conditions that stand side by side. Well says that the object is as a whole: then only words of a failure are more
// than a hint.
func conditionSigns(all []condition, well bool) []sign {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b condition) int { return cmp.Compare(rank(a), rank(b)) })
	goesOn := slices.ContainsFunc(all, func(c condition) bool {
		return c.status == "True" && polarity(c.kind) == 0 && tellsProgress(c.kind)
	})
	var out []sign
	for _, c := range all {
		if c.behind {
			continue
		}
		if x, ok := c.sign(well); ok {
			if x.grade == failing && goesOn && !reasonFails(c.reason) {
				x.grade = notDone // it is being made anew
			}
			x.condition, x.field, x.reason, x.message, x.since = c.kind, c.field, c.reason, c.message, c.since
			out = append(out, x)
		}
	}
	return out
}

// rank puts the conditions that sum an object up before the others.
func rank(c condition) int {
	if i := sums(c.kind); i >= 0 {
		return i
	}
	return len(positive)
}

// sign says what a condition means; ok is false if nothing is wrong by it.
func (c condition) sign(well bool) (sign, bool) {
	if p := polarity(c.kind); c.status == "True" && p >= 0 && !c.lacks() || c.status == "False" && p < 0 {
		return sign{}, false
	}
	fails := tellsFailure(c.message) || (reasonFails(c.reason) || tellsFailure(c.reason)) && !strings.EqualFold(c.reason, c.kind)
	if notInUse(c.message) || (c.reason == "" && c.message == "" && sums(c.kind) < 0) {
		return sign{}, false
	}
	switch c.status {
	case "False", "Degraded":
		return c.notTrue(well, fails)
	case "True":
		x := sign{grade: notDone, what: hasWords(c.kind), patience: finding.CustomSettles}
		switch {
		case fails && !isWarning(c.kind):
			x.grade, x.patience = failing, finding.CustomFails
		case well || isWarning(c.kind) || c.severity == "Info":
			x.grade = hint
		}
		return x, true
	case "Unknown":
		x := sign{grade: hint, what: "does not know whether it is " + strings.ToLower(c.kind), patience: finding.CustomProgresses}
		if fails && !well {
			x.grade = notDone
		}
		return x, sums(c.kind) >= 0 && !well
	}
	return sign{}, false
}

// lacks says whether a condition's type tells that there is none of something, and its words that this holds it up: "NoMatchingInstance".
func (c condition) lacks() bool {
	words := wordsOf(c.kind)
	return len(words) > 1 && words[0] == "no" && polarity(c.kind) == 0 && !isWarning(c.kind) && tarries.MatchString(c.message)
}

// notTrue is the sign of a condition that is False.
func (c condition) notTrue(well, fails bool) (sign, bool) {
	x := sign{grade: notDone, what: notWords(c.kind), patience: c.settles()}
	switch {
	case capability(c.kind):
		x.grade = hint
		return x, fails
	case sums(c.kind) >= 0:
		if fails {
			x.grade = failing
		}
		if c.reason == "" && c.message == "" {
			x.grade = hint
		}
		return x, true
	case fails && !ends(c.kind):
		words := wordsOf(c.kind)
		tried := isPast(words) || slices.Contains(words, "test") || slices.Contains(words, "tests")
		if x.grade = failing; well && tried || c.settles().Name == finding.CustomProgresses.Name {
			x.grade = hint // a trial failed, and it serves all the same; or it waits for its turn
		}
		return x, true
	case polarity(c.kind) > 0 && !ends(c.kind):
		x.grade = hint
		return x, !well && c.reason != ""
	}
	return sign{}, false
}

// settles is how long a condition may be False, by its reason.
func (c condition) settles() finding.Patience {
	switch {
	case reasonFails(c.reason):
		return finding.CustomFails
	case tellsProgress(c.reason):
		return finding.CustomProgresses
	}
	return finding.CustomSettles
}

// hasWords says that something is so: "is degraded", "has DiskPressure".
func hasWords(kind string) string {
	if words := wordsOf(kind); len(words) == 1 && strings.HasSuffix(words[0], "ed") || len(words) == 1 && strings.HasPrefix(words[0], "un") {
		switch words[0] {
		case "failed":
			return "has failed"
		default:
			return "is " + words[0]
		}
	}
	return "has the condition " + kind
}

// notWords says that something is not so: "is not ready", "does not have AllReplicasReady".
func notWords(kind string) string {
	if len(wordsOf(kind)) == 1 && (sums(kind) >= 0 || strings.HasSuffix(strings.ToLower(kind), "ed")) {
		return "is not " + strings.ToLower(kind)
	}
	return "has the condition " + kind + " False"
}

// telling shortens a trace of many lines to its first line and its innermost cause.
func telling(message string) string {
	lines := strings.FieldsFunc(message, func(r rune) bool { return r == '\n' || r == '\r' })
	if len(lines) < 2 {
		return message
	}
	last := ""
	for _, line := range lines[1:] {
		if _, why, ok := strings.Cut(line, "Caused by: "); ok {
			last = strings.TrimSpace(why)
		}
	}
	if last == "" {
		return message
	}
	return fmt.Sprintf("%s: caused by: %s", strings.TrimRight(strings.TrimSpace(lines[0]), ".:"), last)
}

// wholeWords keeps the beginning and the end of words that are longer than an excerpt: such messages wrap one another, and the innermost
// says why.
func wholeWords(text string) string {
	const gap = " … "
	if len(text) <= incident.MaxExcerpt {
		return text
	}
	tail := strings.ToValidUTF8(text[len(text)-incident.MaxExcerpt*2/3:], "")
	return strings.ToValidUTF8(text[:incident.MaxExcerpt-len(tail)-len(gap)], "") + gap + tail
}
