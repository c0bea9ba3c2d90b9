package custom

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// readers are the kinds whose states mean something else than their words.
var readers = map[schema.GroupKind]func(*unstructured.Unstructured) (sign, bool){
	{Group: "argoproj.io", Kind: "Application"}:        readApplication,
	{Group: "acme.cert-manager.io", Kind: "Order"}:     readACME,
	{Group: "acme.cert-manager.io", Kind: "Challenge"}: readACME,
}

// settled gives a sign the patience and the grade that its reason asks for.
func settled(x sign) sign {
	x.patience = condition{reason: x.reason}.settles()
	if x.grade = notDone; x.patience.Name == finding.CustomFails.Name || tellsFailure(x.message) && !tellsProgress(x.reason) {
		x.grade = failing
	}
	return x
}

// readApplication reads Argo CD's Application: its health, and its last sync. Out of sync alone may be meant: somebody syncs by hand.
func readApplication(o *unstructured.Unstructured) (sign, bool) {
	status := statusOf(o)
	x := sign{refs: applicationResources(status)}
	health := kube.StringAt(status, "health", "status")
	if _, tried := status["operationState"]; health == "Missing" && !tried {
		return sign{}, false // nobody has asked for it to be synced yet
	}
	if health == "Degraded" || health == "Missing" {
		x.field, x.what, x.reason = "status.health", "is "+strings.ToLower(health), health
		x.since, x.message = timeAt(status, "health", "lastTransitionTime"), kube.StringAt(status, "health", "message")
		if x.message == "" && len(x.refs) > 0 {
			x.message = strings.ToLower(health) + ": " + objectWords(x.refs)
		}
		if why := refusedSync(status); health == "Missing" && why != "" {
			x.what, x.message = "cannot be synced", why // what is missing was never made
		}
		return settled(x), true
	}
	if phase := kube.StringAt(status, "operationState", "phase"); (phase == "Failed" || phase == "Error") &&
		kube.StringAt(status, "sync", "status") != "Synced" {
		x.field, x.what, x.reason = "status.operationState", "cannot be synced", phase
		x.since, x.message = timeAt(status, "operationState", "finishedAt"), refusedSync(status)
		return settled(x), true
	}
	if kube.StringAt(status, "operationState", "phase") == "Running" && kube.StringAt(status, "sync", "status") != "Synced" {
		return sign{field: "status.operationState", what: "is still being synced", reason: "Running", grade: notDone,
			message: kube.StringAt(status, "operationState", "message"), since: timeAt(status, "operationState", "startedAt"),
			patience: finding.CustomProgresses}, true
	}
	for _, c := range conditionsOf(o) {
		if strings.HasSuffix(c.kind, "Error") && c.status != "False" {
			what := "has the condition " + c.kind
			if c.kind == "ComparisonError" || c.kind == "InvalidSpecError" {
				what = "cannot be compared"
			}
			return settled(sign{field: c.field, what: what, reason: c.kind, message: c.message, since: c.since}), true
		}
	}
	return sign{}, false
}

// refusedSync is why an Application's last sync has failed: its message, and what is said of the first part that could not be synced; ""
// if it has not failed.
func refusedSync(status map[string]any) string {
	if phase := kube.StringAt(status, "operationState", "phase"); phase != "Failed" && phase != "Error" {
		return ""
	}
	message := kube.StringAt(status, "operationState", "message")
	parts, _, _ := unstructured.NestedSlice(status, "operationState", "syncResult", "resources")
	for _, x := range parts {
		m, _ := x.(map[string]any)
		if said := kube.StringAt(m, "message"); kube.StringAt(m, "status") == "SyncFailed" && said != "" && !strings.Contains(message, said) {
			return strings.TrimPrefix(strings.TrimSuffix(message, ".")+": "+said, ": ")
		}
	}
	return message
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
func readACME(o *unstructured.Unstructured) (sign, bool) {
	status := statusOf(o)
	state := kube.StringAt(status, "state")
	since := timeAt(status, "failureTime")
	if since.IsZero() {
		since = o.GetCreationTimestamp().Time
	}
	x := sign{field: "status.state", what: "is " + state, reason: state, message: kube.StringAt(status, "reason"), since: since}
	switch state {
	case "invalid", "errored", "expired":
		return settled(x), true
	case "pending":
		x.what = "waits"
		return settled(x), x.message != ""
	}
	return sign{}, false
}
