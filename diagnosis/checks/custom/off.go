package custom

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CustomSwitchedOff is the code of custom resources that are switched off, and that somebody needs.
const CustomSwitchedOff = "CustomSwitchedOff"

var offCodes = []finding.Code{
	{Code: CustomSwitchedOff, Severity: incident.Warning, Root: true, Detail: Says{},
		Meaning: "A failure says that there is no custom resource of a kind to be used, or names one, and what there is of it is switched off " +
			"by its spec.",
		Next: "Switch it on again, if it was not meant; or make another that can be used.",
		Example: "IPPool default-pool is switched off (spec.disabled: true), and Pod shop/web-0 needs one: " +
			"cannot find a qualified ippool"},
}

// offField is a field of a spec by which people switch an object off, and its value then.
type offField struct {
	key   string
	value any
}

var offFields = []offField{{"disabled", true}, {"disable", true}, {"suspend", true}, {"suspended", true}, {"paused", true}, {"pause", true},
	{"unschedulable", true}, {"cordoned", true}, {"stopped", true}, {"hibernated", true}, {"locked", true}, {"frozen", true},
	{"enabled", false}, {"enable", false}, {"active", false}, {"running", false}, {"schedulable", false}, {"allowScheduling", false},
	{"autoAssign", false}}

// offStates are keys whose value says by a word that an object is off.
var offStates = []string{"state", "desiredState", "mode", "stopPolicy", "runStrategy", "runPolicy", "managementState", "reconciliation",
	"schedulingState"}

// offWords are those words.
var offWords = []string{"disabled", "paused", "suspended", "stopped", "halted", "off", "hold", "holdanddrain", "unmanaged", "removed",
	"inactive", "frozen"}

// offBy is the field by which an object is switched off, with its value.
func offBy(o *unstructured.Unstructured) (field, value string, ok bool) {
	spec, _ := o.Object["spec"].(map[string]any)
	for _, f := range offFields {
		if v, has := spec[f.key]; has && v == f.value {
			return "spec." + f.key, fmt.Sprint(v), true
		}
	}
	for _, key := range offStates {
		if v := kube.StringAt(spec, key); slices.Contains(offWords, strings.ToLower(v)) {
			return "spec." + key, v, true
		}
	}
	return "", "", false
}

// lacks are the words of who finds none of what he needs.
var lacks = regexp.MustCompile(`(?i)\b(?:no|none|can(?:no|.)t (?:find|get|use)|not find|unable to find|not found|without|lacks?|zero|all|0|unavailable|not available|exhausted|missing|disabled|paused|suspended|stopped|inactive)\b`)

// plea are words of a failure that say of what it is for want of.
type plea struct {
	by   incident.Object // what it is about
	also incident.Object // the workload of a pod
	text string
	seen incident.Evidence
	from time.Time
}

// pleasIn are the failures that events of late and the status of custom resources tell of.
func pleasIn(s *snapshot.Snapshot) []plea {
	var out []plea
	for i := range s.Events {
		e := &s.Events[i]
		if e.Type != corev1.EventTypeWarning || s.At.Sub(snapshot.EventTime(e).Time) > finding.EventLately.For {
			continue
		}
		x := plea{by: snapshot.ObjectOf(e.InvolvedObject.Kind, e.InvolvedObject.Namespace, e.InvolvedObject.Name), text: e.Message,
			seen: finding.SeenEvent(e), from: kube.BeganAt(e)}
		if p := s.Pod(x.by.Namespace, x.by.Name); x.by.Kind == "Pod" {
			if p == nil || kube.IsReady(p) {
				continue
			}
			x.also = s.WorkloadOf(p)
		}
		out = append(out, x)
	}
	for i := range s.Customs {
		o := &s.Customs[i]
		obj := snapshot.CustomObject(o)
		for _, x := range signsOf(o, s.At) {
			if x.grade > hint && x.message != "" {
				out = append(out, plea{by: obj, text: x.message, seen: finding.SeenAPI(obj, x.field, x.since, x.quoted()), from: x.since})
			}
		}
	}
	return out
}

// checkSwitchedOff reports what is switched off of a kind that a failure misses: all that there is of the kind, or the one that it names.
func checkSwitchedOff(s *snapshot.Snapshot, r *finding.Report) {
	type group struct {
		off []*unstructured.Unstructured
		all int
	}
	by := map[schema.GroupKind]*group{}
	var order []schema.GroupKind
	for i := range s.Customs {
		o := &s.Customs[i]
		kind := o.GroupVersionKind().GroupKind()
		if slices.Contains(otherGroups, kind.Group) {
			continue
		}
		if by[kind] == nil {
			by[kind] = &group{}
			order = append(order, kind)
		}
		by[kind].all++
		if _, _, off := offBy(o); off && o.GetDeletionTimestamp() == nil {
			by[kind].off = append(by[kind].off, o)
		}
	}
	var pleas []plea
	for _, kind := range order {
		g := by[kind]
		if len(g.off) == 0 {
			continue
		}
		if pleas == nil {
			pleas = pleasIn(s)
		}
		for _, o := range g.off {
			reportOff(s, r, o, pleas, len(g.off) == g.all)
		}
	}
}

func reportOff(s *snapshot.Snapshot, r *finding.Report, o *unstructured.Unstructured, pleas []plea, all bool) {
	obj := snapshot.CustomObject(o)
	words := spellings(o.GetKind())
	var f *finding.Finding
	for _, x := range pleas {
		if x.by == obj || !tellsFailure(x.text) && !lacks.MatchString(x.text) {
			continue
		}
		low := strings.ToLower(x.text)
		kind := slices.ContainsFunc(words, func(w string) bool { return hasWord(low, w) })
		meant := hasWord(low, o.GetName()) && (obj.Namespace == "" || obj.Namespace == x.by.Namespace || hasWord(low, obj.Namespace))
		if none := all && len(wordsOf(o.GetKind())) > 1 && lacks.MatchString(x.text); !kind || !meant && !none {
			continue
		}
		if f == nil {
			field, value, _ := offBy(o)
			f = r.Find(CustomSwitchedOff, obj, fmt.Sprintf("%s is switched off (%s: %s), and %s needs it: %s", finding.Short(obj), field, value,
				finding.Short(x.by), finding.ShortMessage(x.text)))
			f.AtMost, f.Detail = incident.Likely, Says{}
			f.Cite(finding.SeenAPI(obj, field, time.Time{}, field+": "+value))
		}
		f.Since = finding.Earlier(f.Since, x.from)
		f.Refs = finding.Union(f.Refs, []incident.Object{x.by})
		if !x.also.IsZero() {
			f.Refs = finding.Union(f.Refs, []incident.Object{x.also})
		}
		if len(f.Seen) <= finding.ShownPods {
			f.Cite(x.seen)
		}
	}
}

// spellings are how a kind is written in messages: "ippool", "ippools", "ip pool", "ip pools".
func spellings(kind string) []string {
	low, spaced := strings.ToLower(kind), strings.Join(wordsOf(kind), " ")
	out := []string{low, low + "s", low + "es", spaced, spaced + "s"}
	if stem, ok := strings.CutSuffix(low, "y"); ok {
		out = append(out, stem+"ies")
	}
	return out
}

// hasWord says whether a text has words by themselves. It has no word that is empty.
func hasWord(text, words string) bool {
	for at := 0; words != ""; {
		i := strings.Index(text[at:], words)
		if i < 0 {
			return false
		}
		from, end := at+i, at+i+len(words)
		if (from == 0 || !isNameByte(text[from-1])) && (end == len(text) || !isNameByte(text[end])) {
			return true
		}
		at = end
	}
	return false
}
