package custom

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Checks look at what custom resources and Helm releases say of themselves.
var Checks = []finding.Check{
	{Name: "custom resources", Codes: customCodes, Run: checkCustoms},
	{Name: "Helm releases", Codes: helmCodes, Run: checkHelm},
}

// CustomNotReady is the code of a custom resource that says by itself that it is not well.
const CustomNotReady = "CustomNotReady"

var customCodes = []finding.Code{
	{Code: CustomNotReady, Severity: incident.Warning, Detail: Says{},
		Meaning: "A custom resource says in its own status that it is not ready, and why.",
		Next:    "Read its message, and the log of the controller that writes it.",
		Example: `Certificate web-tls is not ready: Failed to wait for order resource "web-tls-1" to become ready: order is in "invalid" state`},
}

// otherGroups are read by checks of their own.
var otherGroups = []string{snapshot.GatewayGroup, "apiregistration.k8s.io"}

// ill is what a custom resource says of itself.
type ill struct {
	field, reason, message string
	what                   string // "is not ready"
	since                  time.Time
	refs                   []incident.Object // what it names as ill
}

// readers are the kinds that say how they are in other ways than by conditions that are True when all is well.
var readers = map[schema.GroupKind]func(*unstructured.Unstructured) (ill, bool){
	{Group: "argoproj.io", Kind: "Application"}:        readApplication,
	{Group: "acme.cert-manager.io", Kind: "Order"}:     readACME,
	{Group: "acme.cert-manager.io", Kind: "Challenge"}: readACME,
}

func checkCustoms(s *snapshot.Snapshot, r *finding.Report) {
	well := map[types.UID]bool{}
	for i := range s.Customs {
		if o := &s.Customs[i]; saysReady(o) {
			well[o.GetUID()] = true
		}
	}
	type alike struct {
		kind            schema.GroupKind
		reason, message string
	}
	found := map[alike]*finding.Finding{}
	for i := range s.Customs {
		o := &s.Customs[i]
		kind := o.GroupVersionKind().GroupKind()
		if slices.Contains(otherGroups, kind.Group) || o.GetDeletionTimestamp() != nil || switchedOff(o) || behind(o, statusOf(o)) ||
			past(o, well) {
			continue
		}
		read, ok := readers[kind]
		if !ok {
			read = readConditions
		}
		x, isIll := read(o)
		if !isIll || s.At.Sub(x.since) < settleTime(x) {
			continue
		}
		obj := snapshot.CustomObject(o)
		k := alike{kind, x.reason, x.message}
		if f := found[k]; f != nil {
			join(f, obj, append(x.refs, makesSecret(o)...), x)
			continue
		}
		found[k] = reportCustom(r, o, obj, x)
	}
}

func reportCustom(r *finding.Report, o *unstructured.Unstructured, obj incident.Object, x ill) *finding.Finding {
	f := r.Find(CustomNotReady, obj, fmt.Sprintf("%s %s: %s", finding.Short(obj), x.what, customWords(x)))
	f.Since, f.Detail = x.since, x.says()
	f.Refs = append(x.refs, makesSecret(o)...)
	return f.Cite(finding.SeenAPI(obj, x.field, x.since, strings.Trim(x.reason+": "+x.message, ": ")))
}

// customWords are a custom resource's own, the reason only where there is no message.
func customWords(x ill) string {
	if x.message == "" {
		return x.reason
	}
	return finding.ShortMessage(x.message)
}

// join adds another object that says the very same.
func join(f *finding.Finding, o incident.Object, refs []incident.Object, x ill) {
	if len(f.Fault) == 0 {
		f.Fault = []incident.Object{f.Object}
	}
	if len(f.Fault) < finding.MaxAlike {
		f.Fault = append(f.Fault, o)
	}
	f.Refs, f.Since = finding.Union(f.Refs, refs), finding.Earlier(f.Since, x.since)
	f.Cite(finding.SeenAPI(o, x.field, x.since, strings.Trim(x.reason+": "+x.message, ": ")))
}

// positive are the conditions that are True when all is well. Others (Degraded, Stalled, Paused, MemoryPressure) mean the contrary, or
// nothing in particular.
var positive = []string{"Ready", "Available", "Healthy", "Synced", "Established", "Reconciled", "Valid", "Deployed"}

type condition struct {
	kind, status, reason, message string
	since                         time.Time
	behind                        bool
}

func conditionsOf(o *unstructured.Unstructured) []condition {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	var out []condition
	for _, x := range list {
		m, ok := x.(map[string]any)
		if !ok {
			continue
		}
		out = append(out, condition{kube.StringAt(m, "type"), kube.StringAt(m, "status"), kube.StringAt(m, "reason"), kube.StringAt(m, "message"),
			timeAt(m, "lastTransitionTime"), behind(o, m)})
	}
	return out
}

func timeAt(m map[string]any, path ...string) time.Time {
	t, err := time.Parse(time.RFC3339, kube.StringAt(m, path...))
	if err != nil {
		return time.Time{}
	}
	return t
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

func saysReady(o *unstructured.Unstructured) bool {
	return slices.ContainsFunc(conditionsOf(o), func(c condition) bool { return c.kind == "Ready" && c.status == "True" })
}

// past says whether an object belongs to another that is ready: the request of a certificate that has been issued since.
func past(o *unstructured.Unstructured, well map[types.UID]bool) bool {
	for _, owner := range o.GetOwnerReferences() {
		if well[owner.UID] {
			return true
		}
	}
	return false
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

// readConditions takes the first condition that is False and should not be, or the first of them that says why.
func readConditions(o *unstructured.Unstructured) (ill, bool) {
	all := conditionsOf(o)
	slices.SortStableFunc(all, func(a, b condition) int {
		return cmp.Compare(slices.Index(positive, a.kind), slices.Index(positive, b.kind))
	})
	var x ill
	for _, c := range all {
		if c.status == "False" && c.reason != "" && !c.behind && slices.Contains(positive, c.kind) &&
			(x.field == "" || x.message == "" && c.message != "") {
			x = ill{field: "status.conditions[" + c.kind + "]", reason: c.reason, message: c.message, what: "is not " + strings.ToLower(c.kind),
				since: c.since}
		}
	}
	return x, x.field != ""
}

// How long a custom resource may say that it is not ready. Controllers make machines, databases and certificates: minutes, at times half
// an hour, for as long as their reason does not speak of a failure.
const (
	settleFailure  = time.Minute
	settlePlain    = 10 * time.Minute
	settleProgress = 45 * time.Minute
)

func settleTime(x ill) time.Duration {
	reason := strings.ToLower(x.reason)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(reason, w) })
	}
	switch {
	case x.since.IsZero():
		return 0
	case has("fail", "err", "invalid", "notfound", "missing", "denied", "degraded", "unhealthy"):
		return settleFailure
	case has("progress", "pending", "creating", "provision", "reconcil", "install", "initial", "wait", "issuing"):
		return settleProgress
	}
	return settlePlain
}

// readApplication reads Argo CD's Application: its health, and its last sync. Out of sync alone may be meant: somebody syncs by hand.
func readApplication(o *unstructured.Unstructured) (ill, bool) {
	status := statusOf(o)
	x := ill{refs: applicationResources(status)}
	health := kube.StringAt(status, "health", "status")
	if _, tried := status["operationState"]; health == "Missing" && !tried {
		return ill{}, false // nobody has asked for it to be synced yet
	}
	if health == "Degraded" || health == "Missing" {
		x.field, x.what, x.reason = "status.health", "is "+strings.ToLower(health), health
		x.since, x.message = timeAt(status, "health", "lastTransitionTime"), kube.StringAt(status, "health", "message")
		if x.message == "" && len(x.refs) > 0 {
			x.message = strings.ToLower(health) + ": " + objectWords(x.refs)
		}
		return x, true
	}
	if phase := kube.StringAt(status, "operationState", "phase"); (phase == "Failed" || phase == "Error") &&
		kube.StringAt(status, "sync", "status") != "Synced" {
		x.field, x.what, x.reason = "status.operationState", "cannot be synced", phase
		x.since, x.message = timeAt(status, "operationState", "finishedAt"), kube.StringAt(status, "operationState", "message")
		return x, true
	}
	for _, c := range conditionsOf(o) {
		if c.kind == "ComparisonError" || c.kind == "InvalidSpecError" {
			return ill{field: "status.conditions[" + c.kind + "]", what: "cannot be compared", reason: c.kind, message: c.message, since: c.since},
				true
		}
	}
	return ill{}, false
}

// applicationResources are what an Application names as not healthy.
func applicationResources(status map[string]any) []incident.Object {
	list, _, _ := unstructured.NestedSlice(status, "resources")
	var out []incident.Object
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok || len(out) == finding.MaxAlike {
			continue
		}
		if h := kube.StringAt(m, "health", "status"); h == "Degraded" || h == "Missing" {
			out = append(out, snapshot.ObjectOf(kube.StringAt(m, "kind"), kube.StringAt(m, "namespace"), kube.StringAt(m, "name")))
		}
	}
	return out
}

func objectWords(objects []incident.Object) string {
	var names []string
	for _, o := range objects[:min(len(objects), finding.ShownPods)] {
		names = append(names, finding.Short(o))
	}
	return strings.Join(names, ", ")
}

// readACME reads cert-manager's Order and Challenge, which have a state.
func readACME(o *unstructured.Unstructured) (ill, bool) {
	status := statusOf(o)
	state := kube.StringAt(status, "state")
	since := timeAt(status, "failureTime")
	if since.IsZero() {
		since = o.GetCreationTimestamp().Time
	}
	x := ill{field: "status.state", what: "is " + state, reason: state, message: kube.StringAt(status, "reason"), since: since}
	switch state {
	case "invalid", "errored", "expired":
		return x, true
	case "pending":
		x.what = "waits"
		return x, x.message != ""
	}
	return ill{}, false
}

// makesSecret is the Secret that an object exists to make.
func makesSecret(o *unstructured.Unstructured) []incident.Object {
	name := ""
	switch k := o.GroupVersionKind().GroupKind(); k {
	case schema.GroupKind{Group: "cert-manager.io", Kind: "Certificate"}:
		name = kube.StringAt(o.Object, "spec", "secretName")
	case schema.GroupKind{Group: "external-secrets.io", Kind: "ExternalSecret"}, schema.GroupKind{Group: "bitnami.com", Kind: "SealedSecret"}:
		name = o.GetName()
	}
	if name == "" {
		return nil
	}
	return []incident.Object{snapshot.ObjectOf("Secret", o.GetNamespace(), name)}
}
