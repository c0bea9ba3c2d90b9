package custom

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const (
	oftenTold = 3  // times that a warning is told before it counts as one that goes on
	ownWords  = 12 // bytes; shorter words are said of many things
)

// tarries are the words by which an event says that something does not go on, without a word of failure.
var tarries = regexp.MustCompile(`(?i)\b(not|no|none|nothing|never|until|wait\w*|ignor\w*|pending|without|skip\w*)\b`)

// lastWord is the event about an object that tells most of why it does not go on: one that warns or tells of a failure before one that says
// that something is not so, and of these the newest; nil if there is none.
func lastWord(s *snapshot.Snapshot, o incident.Object) *corev1.Event {
	tells := func(e *corev1.Event) int {
		switch {
		case e.Message == "":
			return 0
		case e.Type == corev1.EventTypeWarning || tellsFailure(e.Message, e.Reason):
			return 2
		case tarries.MatchString(e.Message):
			return 1
		}
		return 0
	}
	all := s.EventsOf(o)
	if len(all) == 0 {
		return nil
	}
	last := slices.MaxFunc(all, func(a, b *corev1.Event) int {
		return cmp.Or(cmp.Compare(tells(a), tells(b)), snapshot.EventTime(a).Compare(snapshot.EventTime(b).Time))
	})
	if tells(last) == 0 {
		return nil
	}
	return last
}

// warnedOf is a warning about an object that its controller has told again and again for longer than what is made takes, and still tells;
// nil if there is none, or the controller has told of something else since.
func warnedOf(s *snapshot.Snapshot, o incident.Object) *corev1.Event {
	e := lastWord(s, o)
	if e == nil || e.Type != corev1.EventTypeWarning {
		return nil
	}
	last, began, n := snapshot.EventTime(e).Time, kube.BeganAt(e), kube.EventCount(e)
	if n < oftenTold || last.Sub(began) < finding.CustomSettles.For ||
		s.At.Sub(last) > max(finding.CustomSettles.For, 3*last.Sub(began)/time.Duration(n-1)) {
		return nil
	}
	if slices.ContainsFunc(s.EventsOf(o), func(x *corev1.Event) bool {
		return x.Type == corev1.EventTypeNormal && writerOf(x) == writerOf(e) && snapshot.EventTime(x).After(last) &&
			!tellsFailure(x.Message, x.Reason) && !tarries.MatchString(x.Message)
	}) {
		return nil
	}
	return e
}

func writerOf(e *corev1.Event) string { return cmp.Or(e.ReportingController, e.Source.Component) }

// signOfEvents is what warnings say of an object that does not say of itself that it is well.
func signOfEvents(s *snapshot.Snapshot, o *unstructured.Unstructured) (sign, bool) {
	if status := statusOf(o); isWell(conditionsOf(o), status) {
		return sign{}, false
	}
	e := warnedOf(s, snapshot.CustomObject(o))
	if e == nil {
		return sign{}, false
	}
	return sign{grade: failing, field: e.Reason, reason: e.Reason, message: e.Message, what: "does not go on", since: kube.BeganAt(e),
		patience: finding.CustomSettles, event: e}, true
}

// heard adds to what an object says of itself what events say of it: since when it has said so, where it writes the time of the last change
// anew with every try; and that a mere hint is more, for a warning goes on with it.
func heard(s *snapshot.Snapshot, o *unstructured.Unstructured, x sign) sign {
	obj := snapshot.CustomObject(o)
	for _, e := range s.EventsOf(obj) {
		same := x.reason != "" && e.Reason == x.reason || x.condition != "" && e.Reason == x.condition || len(x.message) >= ownWords &&
			(strings.Contains(e.Message, x.message) || strings.Contains(x.message, e.Message) && len(e.Message) >= ownWords)
		if began := kube.BeganAt(e); same && !x.since.IsZero() && began.Before(x.since) && !began.Before(o.GetCreationTimestamp().Time) {
			x.since = began
		}
	}
	if e := warnedOf(s, obj); e != nil && !isWell(conditionsOf(o), statusOf(o)) {
		if x.event = e; x.grade == hint {
			x.grade = failing
		}
		if x.message == "" {
			x.message = e.Message
		}
	}
	return x
}

// toldWords are what an event says, and who says it: "no policy applies (policy.example.io)".
func toldWords(e *corev1.Event) string {
	words := finding.ShortMessage(e.Message)
	if by := writerOf(e); by != "" {
		words += " (" + by + ")"
	}
	return words
}
