package custom

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CustomLimit is the code of a custom resource that gives what waits for it less than that asks for.
const CustomLimit = "CustomLimit"

var limitCodes = []finding.Code{
	{Code: CustomLimit, Severity: incident.Warning, Root: true, Detail: Says{},
		Meaning: "A custom resource that shares something out, such as a queue, does not give what waits for it as much as that asks for.",
		Next: "Compare its limits with what is asked for, resource by resource: what a limit does not name may count as nothing. Raise it, " +
			"or ask for less.",
		Example: "Queue a800 does not let PodGroup finetune in, which asks for pods 1 as well: its spec.capability names cpu, nvidia.com/gpu " +
			"alone"},
}

// shortWords are those by which something tells that it waits for a share.
var shortWords = regexp.MustCompile(`(?i)\b(quotas?|capability|capacity|limits?|insufficient|exceed\w*|not enough|unavailable|overused|` +
	`unschedul\w*|no (room|space)|inadmissible|admit\w*)\b`)

// waiting is a custom resource that waits for a share of another.
type waiting struct {
	o     *unstructured.Unstructured
	x     sign
	words string // of its own, and of the events about it, that speak of a share
}

// checkLimits reports the resources that share something out and do not let in what waits for it.
func checkLimits(s *snapshot.Snapshot, r *finding.Report) {
	ending := runsOf(s)
	by, order := map[*unstructured.Unstructured][]waiting{}, []*unstructured.Unstructured(nil)
	for i := range s.Customs {
		o := &s.Customs[i]
		if o.GetDeletionTimestamp() != nil || switchedOff(o) || ending.kinds[o.GroupVersionKind().GroupKind()] && decided(o) {
			continue
		}
		x, ok := foremost(signsOf(o, s.At))
		if !ok {
			continue
		}
		w := waiting{o: o, x: heard(s, o, x)}
		if w.words = w.ofShare(s); w.words == "" {
			continue
		}
		q := sharerOf(s, o)
		if q == nil || switchedOff(q) {
			continue
		}
		if by[q] == nil {
			order = append(order, q)
		}
		by[q] = append(by[q], w)
	}
	for _, q := range order {
		reportLimit(s, r, q, by[q])
	}
}

// ofShare is what the object's own words, or an event about it, say of a share; "" if nothing does.
func (w waiting) ofShare(s *snapshot.Snapshot) string {
	for _, e := range slices.Backward(s.EventsOf(snapshot.CustomObject(w.o))) {
		if shortWords.MatchString(e.Message) && strings.Contains(strings.ToLower(e.Message), "quota") {
			return e.Message
		}
	}
	if shortWords.MatchString(w.x.message) || shortWords.MatchString(w.x.reason) {
		return w.x.message
	}
	return ""
}

// sharerOf is the resource with limits that an object refers to, by itself or by one between them.
func sharerOf(s *snapshot.Snapshot, o *unstructured.Unstructured) *unstructured.Unstructured {
	near := customsNeeded(s, o)
	for _, x := range near {
		if limits, _ := sharesUnder("spec", x.Object["spec"], limitWords); limits != nil {
			return x
		}
	}
	for _, x := range near {
		for _, y := range customsNeeded(s, x) {
			if limits, _ := sharesUnder("spec", y.Object["spec"], limitWords); limits != nil && y != o {
				return y
			}
		}
	}
	return nil
}

func customsNeeded(s *snapshot.Snapshot, o *unstructured.Unstructured) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, n := range needsOf(s, o) {
		if x := s.Custom(n.Object); x != nil && !slices.ContainsFunc(o.GetOwnerReferences(), func(owner metav1.OwnerReference) bool {
			return owner.UID == x.GetUID()
		}) {
			out = append(out, x)
		}
	}
	return out
}

// verdict is how a share falls short of what is asked for.
type verdict struct {
	words string
	sure  bool // it can never be enough, or there is none of it
	field string
}

// judge compares what is asked for with the limits, and with what is left of them.
func (w waiting) judge(q *unstructured.Unstructured) verdict {
	limits, field := sharesUnder("spec", q.Object["spec"], limitWords)
	asked, _ := sharesUnder("spec", w.o.Object["spec"], askWords)
	used, _ := sharesUnder("status", q.Object["status"], usedWords)
	var lacks []string
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		want := asked[name]
		limit, known := limits[name]
		switch {
		case want.IsZero() || strings.HasPrefix(name, "count/"):
		case !known:
			lacks = append(lacks, name+" "+want.String())
		case want.Cmp(limit) > 0:
			return verdict{fmt.Sprintf("which asks for %s %s: its %s has %s in all", name, want.String(), field, limit.String()), true, field}
		default:
			left := limit.DeepCopy()
			left.Sub(used[name])
			if want.Cmp(left) > 0 {
				return verdict{fmt.Sprintf("which asks for %s %s: %s of %s (%s) are left", name, want.String(), left.String(), limit.String(), field),
					false, field}
			}
		}
	}
	if len(lacks) > 0 {
		return verdict{fmt.Sprintf("which asks for %s as well: its %s names %s alone", finding.ListWords(lacks, finding.ShownPods), field,
			finding.ListWords(slices.Sorted(maps.Keys(limits)), finding.ShownPods)), true, field}
	}
	return verdict{"as that says: " + finding.ShortMessageIn(w.words, 120), false, field}
}

func reportLimit(s *snapshot.Snapshot, r *finding.Report, q *unstructured.Unstructured, all []waiting) {
	obj := snapshot.CustomObject(q)
	first, found := all[0], all[0].judge(q)
	for _, w := range all[1:] {
		if v := w.judge(q); v.sure && !found.sure {
			first, found = w, v
		}
	}
	o := snapshot.CustomObject(first.o)
	f := r.Find(CustomLimit, obj, fmt.Sprintf("%s does not let %s in, %s", finding.Short(obj), finding.Short(o), found.words))
	f.AtMost, f.Detail = incident.Likely, Says{}
	ill := false
	for _, w := range all {
		f.Refs = finding.Union(f.Refs, []incident.Object{snapshot.CustomObject(w.o)})
		f.Since = finding.Earlier(f.Since, w.x.from())
		ill = ill || w.x.grade > hint && !w.x.early(s.At)
	}
	f.Refs = f.Refs[:min(len(f.Refs), finding.MaxAlike)]
	f.Cite(finding.SeenAPI(obj, found.field, time.Time{}, found.words))
	f.Cite(finding.SeenAPI(o, first.x.field, first.x.since, first.x.quoted()))
	for _, e := range s.EventsOf(o) {
		if e.Message == first.words {
			f.Cite(finding.SeenEvent(e))
			break
		}
	}
	if !found.sure && !ill {
		f.Suspected()
	}
	f.NotYet(finding.CustomSettles, f.Since, s.At)
}
