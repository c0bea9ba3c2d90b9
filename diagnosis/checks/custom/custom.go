package custom

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func checkReferences(s *snapshot.Snapshot, r *finding.Report) {
	checkNames(s, r)
	checkLeftOut(s, r)
	checkSaidMissing(s, r)
}

// Checks look at what custom resources and Helm releases say of themselves.
var Checks = []finding.Check{
	{Name: "custom resources", Codes: slices.Concat(customCodes, unseenCodes), Run: checkCustoms},
	{Name: "names in custom resources", Codes: slices.Concat(namesCodes, leftOutCodes), Run: checkReferences},
	{Name: "whom custom resources select", Codes: selectsCodes, Run: checkSelects},
	{Name: "custom resources that none selects", Codes: unselectedCodes, Run: checkUnselected},
	{Name: "custom resources that share something out", Codes: limitCodes, Run: checkLimits},
	{Name: "custom resources that are switched off", Codes: offCodes, Run: checkSwitchedOff},
	{Name: "what custom resources have issued", Codes: expiredCodes, Run: checkExpired},
	{Name: "Helm releases", Codes: helmCodes, Run: checkHelm},
	{Name: "node groups", Codes: groupCodes, Run: checkNodeGroups},
}

// CustomNotReady is the code of a custom resource that says by itself that it is not well.
const CustomNotReady = "CustomNotReady"

var customCodes = []finding.Code{
	{Code: CustomNotReady, Severity: incident.Warning, Detail: Says{},
		Meaning: "A custom resource says in its own status that it is not well, and why: by a condition, a phase or an error, be it nested.",
		Next:    "Read its message, and the log of the controller that writes it.",
		Example: `Certificate web-tls is not ready: Failed to wait for order resource "web-tls-1" to become ready: order is in "invalid" state`},
}

// otherGroups are read by checks of their own.
var otherGroups = []string{snapshot.GatewayGroup, "apiregistration.k8s.io", "certificates.k8s.io"}

// alike are objects of a kind that say the very same, as surely and for as long.
type alike struct {
	kind            schema.GroupKind
	reason, message string
	grade           grade
	early           bool
}

func checkCustoms(s *snapshot.Snapshot, r *finding.Report) {
	well := ownersIn(s)
	ending := runsOf(s)
	found := map[alike]*finding.Finding{}
	for i := range s.Customs {
		o := &s.Customs[i]
		kind := o.GroupVersionKind().GroupKind()
		if slices.Contains(otherGroups, kind.Group) || o.GetDeletionTimestamp() != nil || switchedOff(o) || behind(o, statusOf(o)) ||
			well.past(o) || gaveUpLongAgo(o, s.At) {
			continue
		}
		x, all, ok := foremostOf(ending, o, s.At)
		switch {
		case ok:
			x = heard(s, o, x)
		case !ending.kinds[kind] || !decided(o):
			x, ok = signOfEvents(s, o)
		}
		if !ok {
			continue
		}
		obj := snapshot.CustomObject(o)
		refs := finding.Union(slices.Clone(x.refs), makes(s, o))
		k := alike{kind, x.reason, x.message, x.grade, x.early(s.At)}
		if f := found[k]; f != nil {
			join(f, obj, refs, x)
			addNeeds(f, needsOf(s, o), usersOfCustom(s, o))
			continue
		}
		f := reportCustom(r, obj, x, all, s.At)
		f.Refs, f.Root = refs, f.Root || x.grade == failing && opensGate(s, obj)
		says := saysOf(x, all)
		says.Needs, says.Controllers, says.Users = needsOf(s, o), controllersOf(s, kind), usersOfCustom(s, o)
		f.Detail = says
		found[k] = f
	}
	checkUnseen(s, r, well)
}

// foremostOf is the sign that tells most of what is wrong with an object, and all signs.
func foremostOf(ending runs, o *unstructured.Unstructured, now time.Time) (x sign, all []sign, ok bool) {
	kind := o.GroupVersionKind().GroupKind()
	if read := readers[kind]; read != nil {
		x, ok = read(o)
		return x, nil, ok
	}
	if ending.kinds[kind] {
		x, ok = ending.sign(o, now)
		return x, nil, ok
	}
	all = signsOf(o, now)
	x, ok = foremost(all)
	return x, all, ok
}

// foremost is the sign of the highest grade; of these the first that says why, or else the first. One that only names the condition of
// another as its reason ("SubnetsReady=False") leaves it to that.
func foremost(all []sign) (sign, bool) {
	if len(all) == 0 {
		return sign{}, false
	}
	first := slices.MinFunc(all, func(a, b sign) int {
		return cmp.Or(cmp.Compare(b.grade, a.grade), cmp.Compare(silent(a), silent(b)))
	})
	for _, x := range all {
		if x.condition != "" && x.grade >= first.grade && x.condition != first.condition && x.message != "" &&
			strings.HasPrefix(first.message, x.condition) {
			return x, true
		}
	}
	return first, true
}

func silent(x sign) int {
	if x.message == "" {
		return 1
	}
	return 0
}

// from is since when a sign's patience counts: since it says so, or, where that is not known, since its object was made.
func (x sign) from() time.Time {
	if x.since.IsZero() {
		return x.made
	}
	return x.since
}

// early says whether what a sign says may still pass.
func (x sign) early(now time.Time) bool {
	return !x.from().IsZero() && now.Before(x.from().Add(x.patience.For))
}

func reportCustom(r *finding.Report, obj incident.Object, x sign, all []sign, now time.Time) *finding.Finding {
	f := r.Find(CustomNotReady, obj, fmt.Sprintf("%s %s: %s", finding.Short(obj), x.what, x.words()))
	if x.words() == "" {
		f.Retitle(fmt.Sprintf("%s %s", finding.Short(obj), x.what))
	}
	f.Since = x.since
	switch {
	case x.grade == hint:
		f.Suspected()
		fallthrough
	case x.grade == failing:
		if x.early(now) {
			f.MayPass(x.patience, x.from())
		}
	case x.early(now):
		f.NotYet(x.patience, x.from(), now)
	}
	if x.event != nil {
		f.Cite(finding.SeenEvent(x.event))
	}
	if x.event == nil || x.field != x.event.Reason {
		f.Cite(finding.SeenAPI(obj, x.field, x.since, x.quoted()))
	}
	more := 0
	for _, y := range all {
		if y.field != x.field && y.grade > hint && y.message != x.message && more < mostBeside {
			f.Cite(finding.SeenAPI(obj, y.field, y.since, y.quoted()))
			more++
		}
	}
	return f
}

// mostBeside bounds the other signs of an object that are cited.
const mostBeside = 3

// join adds another object that says the very same.
func join(f *finding.Finding, o incident.Object, refs []incident.Object, x sign) {
	if len(f.Fault) == 0 {
		f.Fault = []incident.Object{f.Object}
	}
	if len(f.Fault) < finding.MaxAlike {
		f.Fault = append(f.Fault, o)
	}
	f.Refs, f.Since = finding.Union(f.Refs, refs), finding.Earlier(f.Since, x.since)
	f.Cite(finding.SeenAPI(o, x.field, x.since, x.quoted()))
}

// addNeeds adds whom another object that says the same refers to, and who goes by it.
func addNeeds(f *finding.Finding, needs []Need, users []User) {
	says, _ := finding.DetailOf[Says](f)
	for _, n := range needs {
		if len(says.Needs) < mostNeeds && !slices.ContainsFunc(says.Needs, func(x Need) bool { return x.Object == n.Object }) {
			says.Needs = append(slices.Clip(says.Needs), n)
		}
	}
	says.Users = finding.Union(slices.Clip(says.Users), users)
	says.Users = says.Users[:min(len(says.Users), mostUsers)]
	f.Detail = says
}

// behind says whether an observedGeneration is older than the object's: its controller has not got to it yet.
func behind(o *unstructured.Unstructured, status map[string]any) bool {
	n, ok, err := unstructured.NestedInt64(status, "observedGeneration")
	return ok && err == nil && n < o.GetGeneration()
}

func statusOf(o *unstructured.Unstructured) map[string]any {
	status, _ := o.Object["status"].(map[string]any)
	return status
}

// switchedOff says whether somebody meant the object not to run.
func switchedOff(o *unstructured.Unstructured) bool {
	spec, _ := o.Object["spec"].(map[string]any)
	for _, field := range []string{"suspend", "suspended", "paused", "pause"} {
		if on, ok := spec[field].(bool); ok && on {
			return true
		}
	}
	for _, field := range []string{"running", "enabled"} {
		if on, ok := spec[field].(bool); ok && !on {
			return true
		}
	}
	if kube.StringAt(spec, "runStrategy") == "Halted" || kube.StringAt(statusOf(o), "printableStatus") == "Stopped" ||
		fmt.Sprint(spec["replicas"]) == "0" {
		return true
	}
	return slices.ContainsFunc(conditionsOf(o), func(c condition) bool {
		return (c.kind == "Paused" || c.kind == "Suspended") && c.status == "True" || c.reason == "Suspended" || c.reason == "Paused"
	})
}
