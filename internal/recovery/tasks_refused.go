package recovery

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// draftAdmit changes what the API server refuses a workload's pods for, by who refuses them; failing that, it takes the workload back to
// the template that was not refused.
func draftAdmit(ctx context.Context, r *Recovery, q request) (draft, error) {
	specific := draft{no: "what the API server refuses the pods for is nothing that a plan can change; correct the pod template"}
	var err error
	for _, by := range q.cause.Objects {
		switch by.Kind {
		case "ResourceQuota":
			specific, err = draftQuota(q, by)
		case "LimitRange":
			specific, err = draftWithinLimits(ctx, r, q, by)
		case "Namespace":
			specific, err = draftPodSecurity(ctx, r, by)
		case "PriorityClass":
			specific, err = draftPriority(q, by)
		case "ServiceAccount":
			specific, err = draftAccount(ctx, r, q)
		case "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration":
			if specific = (draft{no: inWords(by) + " denies the pods; read why, and change the workload or the policy behind the " +
				"webhook"}); !answered(q) {
				specific, err = draftUnguard(ctx, r, q)
			}
		case "ValidatingAdmissionPolicy":
			specific.no = inWords(by) + " denies the pods; change the workload to what it wants, or the policy"
		default:
			continue
		}
		if err != nil || specific.no == "" {
			return specific, err
		}
	}
	back, err := draftRollback(ctx, r, q)
	if err != nil || back.no == "" {
		return back, err
	}
	return specific, nil
}

// refusing are the API server's words by which it refuses the pods of the workloads that a cause blames.
func refusing(q request) []string {
	var out []string
	for _, o := range q.cause.Objects {
		out = append(out, refusalsOf(q.s, o)...)
	}
	return out
}

// refusalsOf are the API server's words by which it refuses the pods of a workload.
func refusalsOf(s *snapshot.Snapshot, o incident.Object) []string {
	var out []string
	about := []incident.Object{o}
	for _, rs := range s.ReplicaSetsIn(o.Namespace) {
		if owned := snapshot.ObjectOf("ReplicaSet", rs.Namespace, rs.Name); workloadOf(s, owned) == o {
			about = append(about, owned)
		}
	}
	for _, a := range about {
		if e := kube.LastEvent(s, a, "FailedCreate"); e != nil {
			out = append(out, e.Message)
		}
	}
	if d := s.Deployment(o.Namespace, o.Name); o.Kind == "Deployment" && d != nil {
		if c := kube.DeploymentCondition(d, "ReplicaFailure"); c != nil && c.Status == corev1.ConditionTrue {
			out = append(out, c.Message)
		}
	}
	return out
}

// answered says whether a webhook judged the pods, rather than not answering.
func answered(q request) bool {
	for _, m := range refusing(q) {
		if strings.Contains(m, "failed calling webhook") {
			return false
		}
	}
	return true
}

// told finds the groups of a pattern in the API server's words.
func toldOf(q request, pattern *regexp.Regexp) []string {
	for _, m := range refusing(q) {
		if found := pattern.FindStringSubmatch(m); found != nil {
			return found
		}
	}
	return nil
}

// overQuota are the words of Kubernetes' resourcequota admission (k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go).
var overQuota = regexp.MustCompile(`exceeded quota: ([^,]+), requested: (\S+), used: (\S+), limited: (\S+)`)

// draftQuota raises a quota by what it refuses: what is used, and what the pods that are missing ask for.
func draftQuota(q request, o incident.Object) (draft, error) {
	m := toldOf(q, overQuota)
	if m == nil || m[1] != o.Name {
		return no("%s wants the containers to say what they need; set their requests and limits, or give the namespace a LimitRange with "+
			"defaults", o)
	}
	asked, used, hard := amounts(m[2]), amounts(m[3]), amounts(m[4])
	lacks := ""
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		if sum := plus(used[name], asked[name], 1); sum.Cmp(hard[name]) > 0 {
			if lacks != "" {
				return no("%s is short of %s and %s; free some of them, or raise both", o, lacks, name)
			}
			lacks = name
		}
	}
	if lacks == "" {
		return no("what %s is short of cannot be read", o)
	}
	pods := missingPods(q)
	need, before := plus(used[lacks], asked[lacks], pods), hard[lacks]
	twice := plus(before, before, 1)
	if need.Cmp(twice) > 0 {
		return no("%s would have to be raised from %s to %s %s, more than twice; ask for less, or raise it by hand", o, before.String(),
			need.String(), lacks)
	}
	if has, ok := allocatable(q.s, lacks); ok && need.Cmp(has) > 0 {
		return no("%s would have to be raised to %s %s, and all nodes together have %s", o, need.String(), lacks, has.String())
	}
	asks, uses := asked[lacks], used[lacks]
	return single(restingOn(fmt.Sprintf("what is used (%s) and what the pods that are missing ask for (%d times %s)", uses.String(), pods,
		asks.String()), setTo("SetQuota", o, need.String(), "resource", lacks)), fmt.Sprintf("raise %s of ResourceQuota %s/%s to %s", lacks,
		o.Namespace, o.Name,
		need.String()), fmt.Sprintf("%s is used, and the %d pods that are missing ask for %s each.", uses.String(), pods, asks.String()))
}

// amounts reads "requests.cpu=500m,pods=1".
func amounts(text string) map[string]resource.Quantity {
	out := map[string]resource.Quantity{}
	for _, part := range strings.Split(strings.TrimRight(text, "."), ",") {
		name, value, _ := strings.Cut(part, "=")
		if q, err := resource.ParseQuantity(value); err == nil {
			out[name] = q
		}
	}
	return out
}

func plus(sum, each resource.Quantity, n int64) resource.Quantity {
	sum = sum.DeepCopy()
	for range n {
		sum.Add(each)
	}
	return sum
}

// missingPods is how many pods the workloads that a cause blames want and do not have; a rollout lacks at least one.
func missingPods(q request) int64 {
	n := int64(0)
	for _, o := range q.cause.Objects {
		var want *int32
		if d := q.s.Deployment(o.Namespace, o.Name); o.Kind == "Deployment" && d != nil {
			want = d.Spec.Replicas
		} else if d := q.s.StatefulSet(o.Namespace, o.Name); o.Kind == "StatefulSet" && d != nil {
			want = d.Spec.Replicas
		} else {
			continue
		}
		have := slices.DeleteFunc(slices.Clone(kube.PodsOfWorkload(q.s, o)), kube.HasEnded)
		n += max(0, int64(kube.Replicas(want))-int64(len(have)))
	}
	return max(n, 1)
}

// allocatable is what all nodes together have of what a quota counts; ok is false for what is no node's.
func allocatable(s *snapshot.Snapshot, resourceName string) (sum resource.Quantity, ok bool) {
	name := corev1.ResourceName(strings.TrimPrefix(resourceName, "requests."))
	if name != corev1.ResourceCPU && name != corev1.ResourceMemory && name != corev1.ResourcePods || len(s.Nodes) == 0 {
		return sum, false
	}
	for i := range s.Nodes {
		sum.Add(s.Nodes[i].Status.Allocatable[name])
	}
	return sum, true
}

// outOfLimits are the words of Kubernetes' limitranger admission (k8s.io/kubernetes/plugin/pkg/admission/limitranger).
var outOfLimits = regexp.MustCompile(`(minimum|maximum) (\S+) usage per Container is ([^,\s]+), but (?:limit|request) is`)

// draftWithinLimits brings the one container that is out of a LimitRange's bounds to the bound.
func draftWithinLimits(ctx context.Context, r *Recovery, q request, by incident.Object) (draft, error) {
	m := toldOf(q, outOfLimits)
	workloads := ofKind(q.cause.Objects, template...)
	if m == nil || len(workloads) == 0 {
		return no("the containers do not say what %s wants to know, or only the sum of a pod is out of its bounds; set their resources", by)
	}
	bound, err := resource.ParseQuantity(m[3])
	if err != nil {
		return no("the bound of %s cannot be read", by)
	}
	o, name := workloads[0], m[2]
	live, err := r.asItIs(ctx, o)
	if err != nil || live == nil {
		return draft{no: o.String() + " is not there any more"}, err
	}
	s := setTo("SetResources", o, nil)
	containers, _ := live.at(podSpec(s, "containers")...).([]any)
	var out []string
	for _, c := range containers {
		c := object(asMap(c)).clone()
		for _, part := range []string{"requests", "limits"} {
			have, ok := quantity(c.at("resources", part, name))
			if sign := have.Cmp(bound); ok && (m[1] == "maximum" && sign > 0 || m[1] == "minimum" && sign < 0) {
				c.set(bound.String(), "resources", part, name)
				s.Params["container"], s.Params[paramValue] = c.text("name"), string(encode(c.at("resources")))
				if !slices.Contains(out, c.text("name")) {
					out = append(out, c.text("name"))
				}
			}
		}
	}
	if len(out) != 1 {
		return no("%d containers of %s are out of the bounds of %s; change them, or the bound", len(out), o, by)
	}
	return single(restingOn(fmt.Sprintf("the %s that %s allows per container", m[1], inWords(by)), s),
		fmt.Sprintf("set %s of container %s of %s/%s to the %s that is allowed", name, out[0], o.Namespace, o.Name, m[1]),
		fmt.Sprintf("%s allows a %s of %s per container, so none of its pods is made.", by, m[1], bound.String()))
}

const enforced = "pod-security.kubernetes.io/enforce"

// draftPodSecurity puts a namespace's level back to the one that it was applied with. No level is invented: it is what keeps pods apart
// from nodes.
func draftPodSecurity(ctx context.Context, r *Recovery, ns incident.Object) (draft, error) {
	live, err := r.asItIs(ctx, ns)
	if err != nil || live == nil {
		return draft{no: ns.String() + " is not there any more"}, err
	}
	was, now := appliedLast(live).text("metadata", "labels", enforced), live.text("metadata", "labels", enforced)
	if was == "" || was == now {
		return no("what Pod Security level %s had before is not known; set the fields that the refusal names in the pod template", ns)
	}
	return single(restingOn("what the namespace was last applied with (kubectl apply)", setTo("SetPodSecurity", ns, was)),
		fmt.Sprintf("set the Pod Security level of namespace %s back to %s", ns.Name, was),
		fmt.Sprintf("It was applied with %s, and somebody has set it to %s by hand since, which refuses pods that were allowed before.", was,
			now))
}

// draftPriority corrects a priority class that does not exist by the one that pods have and that it nearly names.
func draftPriority(q request, class incident.Object) (draft, error) {
	var names []string
	for i := range q.s.Pods {
		if n := q.s.Pods[i].Spec.PriorityClassName; n != "" && n != class.Name && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	meant, reason := theOne(class.Name, names)
	workloads := ofKind(q.cause.Objects, template...)
	if meant == "" || len(workloads) == 0 {
		return no("PriorityClass %s does not exist: %s; make it, or correct priorityClassName", class.Name, reason)
	}
	return single(restingOn("the priority class of other pods whose name is like it", setTo("SetPodField", workloads[0], meant, "field",
		"priorityClassName")),
		fmt.Sprintf("give the pods of %s/%s priority class %s", workloads[0].Namespace, workloads[0].Name, meant),
		fmt.Sprintf("PriorityClass %s does not exist; %s does, and other pods have it.", class.Name, meant))
}
