package custom

import (
	"regexp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// runWords are the last words of kinds whose objects do something once and end, as far as no status of theirs shows it.
var runWords = []string{"run", "backup", "restore", "job", "workflow", "task"}

// ends says whether a condition's type tells of an end: it is False for as long as that has not come, and says nothing of health.
func ends(kind string) bool {
	words := wordsOf(kind)
	return len(words) == 1 && slices.Contains([]string{"complete", "completed", "succeeded", "finished", "done"}, words[0])
}

// runs are the kinds whose objects end, and of each series of these the newest object.
type runs struct {
	kinds  map[schema.GroupKind]bool
	newest map[series]*unstructured.Unstructured
}

// series are the objects that do the same again and again.
type series struct {
	kind            schema.GroupKind
	namespace, name string
}

func runsOf(s *snapshot.Snapshot) runs {
	r := runs{map[schema.GroupKind]bool{}, map[series]*unstructured.Unstructured{}}
	for i := range s.Customs {
		o := &s.Customs[i]
		kind := o.GroupVersionKind().GroupKind()
		words := wordsOf(kind.Kind)
		if len(words) > 0 && slices.Contains(runWords, words[len(words)-1]) || hasEnd(statusOf(o)) {
			r.kinds[kind] = true
		}
	}
	for i := range s.Customs {
		o := &s.Customs[i]
		if !r.kinds[o.GroupVersionKind().GroupKind()] || !decided(o) {
			continue
		}
		k := seriesOf(o)
		if before := r.newest[k]; before == nil || before.GetCreationTimestamp().Time.Before(o.GetCreationTimestamp().Time) {
			r.newest[k] = o
		}
	}
	return r
}

// hasEnd says whether a status tells when the object ended.
func hasEnd(status map[string]any) bool {
	for key, value := range status {
		words := wordsOf(key)
		if _, isText := value.(string); isText && len(words) == 2 && slices.Contains([]string{"completion", "completed", "finished", "end",
			"ended", "stopped", "termination"}, words[0]) && slices.Contains([]string{"time", "timestamp", "at"}, words[1]) {
			return true
		}
	}
	return false
}

// decided says whether a run has ended, well or not.
func decided(o *unstructured.Unstructured) bool {
	status := statusOf(o)
	if hasEnd(status) {
		return true
	}
	for _, c := range conditionsOf(o) {
		if ends(c.kind) && c.status != "Unknown" && (c.status == "True" || tellsFailure(c.reason, c.message)) {
			return true
		}
	}
	for key, value := range status {
		if text, ok := value.(string); ok && isStateKey(key) {
			if words := wordsOf(text); tellsFailure(text) || len(words) > 0 && ends(words[len(words)-1]) {
				return true
			}
		}
	}
	return false
}

// serial is what a name ends in that tells one object of a series from another.
var serial = regexp.MustCompile(`(-[a-z0-9]*[0-9][a-z0-9]*)+$`)

func seriesOf(o *unstructured.Unstructured) series {
	k := series{o.GroupVersionKind().GroupKind(), o.GetNamespace(), serial.ReplaceAllString(o.GetName(), "")}
	if prefix := o.GetGenerateName(); prefix != "" {
		k.name = prefix
	}
	if by := scheduleOf(o); by != "" {
		k.name = by
	} else if c := metav1.GetControllerOfNoCopy(o); c != nil {
		k.name = c.Kind + "/" + c.Name
	}
	return k
}

// scheduleOf names what makes runs at set times, by its kind or by the label that its runs bear; "" if nothing does.
func scheduleOf(o *unstructured.Unstructured) string {
	timed := func(name string) bool {
		return slices.ContainsFunc(wordsOf(name), func(w string) bool { return strings.HasPrefix(w, "schedul") || w == "cron" })
	}
	for _, owner := range o.GetOwnerReferences() {
		if timed(owner.Kind) {
			return owner.Name
		}
	}
	for key, value := range o.GetLabels() {
		if _, name, ok := strings.Cut(key, "/"); ok && timed(name) && value != "" {
			return value
		}
	}
	return ""
}

// heldUp is what a run that has not ended says of what it waits for. It may wait on purpose, so that it is a hint.
func heldUp(o *unstructured.Unstructured, now time.Time) (sign, bool) {
	x, ok := foremost(signsOf(o, now))
	if !ok || x.message == "" {
		return sign{}, false
	}
	x.grade, x.patience = hint, finding.CustomProgresses
	return x, true
}

// sign is what a run that has failed says; ok is false if it has not, or another of its series has ended since. One that somebody started
// is theirs to look at: it is a hint, for a day. One that is made at set times is missed.
func (r runs) sign(o *unstructured.Unstructured, now time.Time) (sign, bool) {
	if !decided(o) {
		return heldUp(o, now)
	}
	if r.newest[seriesOf(o)] != o || isWell(conditionsOf(o), statusOf(o)) {
		return sign{}, false
	}
	found := signsOf(o, now)
	for _, c := range conditionsOf(o) {
		if ends(c.kind) && c.status == "False" && tellsFailure(c.reason, c.message) {
			found = append(found, sign{grade: failing, field: c.field, reason: c.reason, message: c.message, since: c.since, what: "has failed"})
		}
	}
	x, ok := foremost(found)
	if !ok || x.grade < failing {
		return sign{}, false
	}
	x.patience = finding.CustomFails
	if x.since.IsZero() {
		x.since = o.GetCreationTimestamp().Time
	}
	age := now.Sub(x.since)
	if scheduleOf(o) == "" {
		x.grade = hint
		return x, age < finding.Recently.For
	}
	return x, age < finding.LongPast.For
}
