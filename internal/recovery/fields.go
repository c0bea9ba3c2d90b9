package recovery

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

var (
	rolled   = []string{"Deployment", "StatefulSet", "DaemonSet"}
	template = []string{"Deployment", "StatefulSet", "DaemonSet", "CronJob"} // whose pod template can be changed
)

// podSpec is the path of a pod template's spec, and what follows it.
func podSpec(s incident.Step, rest ...string) []string {
	p := []string{"spec", "template", "spec"}
	if s.Target.Object.Kind == "CronJob" {
		p = append([]string{"spec", "jobTemplate"}, p...)
	}
	return append(p, rest...)
}

// inContainer is the path of a container's field. Parameters: "container"; "init", "true" for one that runs before the others.
func inContainer(s incident.Step, rest ...string) []string {
	list := "containers"
	if s.Params["init"] == "true" {
		list = "initContainers"
	}
	return podSpec(s, append([]string{list, withName(s.Params["container"])}, rest...)...)
}

func fixed(path ...string) func(incident.Step) []string {
	return func(incident.Step) []string { return path }
}

func of[T any]() func() any { return func() any { return new(T) } }

// fields are the kinds of step that set one field of an object.
var fields = map[string]field{
	"SetImage": {what: "the image of a container", kinds: template, harm: incident.Disruptive, typ: of[string](), fits: some,
		path: func(s incident.Step) []string { return inContainer(s, "image") }},
	"SetCommand": {what: "the command of a container, or its arguments", kinds: template, harm: incident.Disruptive, typ: of[[]string](),
		path: func(s incident.Step) []string { return inContainer(s, oneOf(s, "field", "command", "args")) }},
	"SetEnv": {what: "a variable in a container's environment", kinds: template, harm: incident.Disruptive, typ: of[corev1.EnvVar](),
		path: func(s incident.Step) []string { return inContainer(s, "env", withName(s.Params["name"])) }},
	"SetVariables": {what: "the variables in a container's environment", kinds: template, harm: incident.Disruptive,
		typ:  of[[]corev1.EnvVar](),
		path: func(s incident.Step) []string { return inContainer(s, "env") }},
	"SetEnvFrom": {what: "what a container's environment is taken from", kinds: template, harm: incident.Disruptive,
		typ: of[[]corev1.EnvFromSource](), path: func(s incident.Step) []string { return inContainer(s, "envFrom") }},
	"SetResources": {what: "the requests and limits of a container", kinds: template, harm: incident.Disruptive,
		typ: of[corev1.ResourceRequirements](), fits: sensible,
		path: func(s incident.Step) []string { return inContainer(s, "resources") }},
	"SetProbe": {what: "a probe of a container", kinds: template, harm: incident.Disruptive, typ: of[corev1.Probe](),
		path: func(s incident.Step) []string {
			return inContainer(s, oneOf(s, "probe", "readinessProbe", "livenessProbe", "startupProbe"))
		}},
	"SetVolume": {what: "a volume of a pod template", kinds: template, harm: incident.Disruptive, typ: of[corev1.Volume](),
		path: func(s incident.Step) []string { return podSpec(s, "volumes", withName(s.Params["volume"])) }},
	"SetServiceAccount": {what: "the ServiceAccount of a pod template", kinds: template, harm: incident.Disruptive, typ: of[string](),
		fits:   some,
		path:   func(s incident.Step) []string { return podSpec(s, "serviceAccountName") },
		beside: func(s incident.Step) []string { return podSpec(s, "serviceAccount") }},
	"SetNodeSelector": {what: "the node selector of a pod template", kinds: template, harm: incident.Disruptive, typ: of[map[string]string](),
		path: func(s incident.Step) []string { return podSpec(s, "nodeSelector") }},
	"SetTolerations": {what: "the tolerations of a pod template", kinds: template, harm: incident.Disruptive, typ: of[[]corev1.Toleration](),
		path: func(s incident.Step) []string { return podSpec(s, "tolerations") }},
	"SetPodField": {what: "a name in a pod template: its priority class, runtime class, scheduler or DNS policy", kinds: template,
		harm: incident.Disruptive, typ: of[string](), path: func(s incident.Step) []string {
			return podSpec(s, oneOf(s, "field", "priorityClassName", "runtimeClassName", "schedulerName", "dnsPolicy"))
		}},
	"SetServiceLinks": {what: "whether a pod template's environment tells of the namespace's Services", kinds: template,
		harm: incident.Disruptive,
		typ:  of[bool](), path: func(s incident.Step) []string { return podSpec(s, "enableServiceLinks") }},
	"SetHostAliases": {what: "what a pod template writes into the hosts file of its pods", kinds: template, harm: incident.Disruptive,
		typ: of[[]corev1.HostAlias](), path: func(s incident.Step) []string { return podSpec(s, "hostAliases") }},
	"SetDNSConfig": {what: "the name servers and search domains of a pod template", kinds: template, harm: incident.Disruptive,
		typ: of[corev1.PodDNSConfig](), path: func(s incident.Step) []string { return podSpec(s, "dnsConfig") }},
	"SetImagePullSecrets": {what: "the Secrets with which a pod template's images are pulled", kinds: template, harm: incident.Disruptive,
		typ: of[[]corev1.LocalObjectReference](), path: func(s incident.Step) []string { return podSpec(s, "imagePullSecrets") }},

	"Scale": {what: "the number of pods of a workload", kinds: []string{"Deployment", "StatefulSet"}, harm: incident.Disruptive,
		typ: of[int32](), fits: between(0, 100), path: fixed("spec", "replicas"), say: func(c setting) string {
			return fmt.Sprintf("Scale %s from %v to %v", inWords(c.step.Target.Object), c.before, c.after)
		}},
	TryAgain: {what: "the mark by which a workload's controller makes its missing pods at once, rather than when its pause is over",
		kinds: rolled, harm: incident.Safe, lasting: true, typ: of[time.Time](), path: fixed("metadata", "annotations", triedAgain),
		say: func(c setting) string {
			return "Have the missing pods of " + inWords(c.step.Target.Object) + " made at once"
		}},
	"SetPaused": {what: "whether a Deployment's rollout is paused", kinds: []string{"Deployment"}, harm: incident.Disruptive, typ: of[bool](),
		path: fixed("spec", "paused"), say: onOff("Pause", "Resume", "the rollout of ")},
	"SetStrategy": {what: "how a Deployment replaces its pods", kinds: []string{"Deployment"}, harm: incident.Disruptive,
		typ: of[appsv1.DeploymentStrategy](), path: fixed("spec", "strategy")},
	"SetJobDeadline": {what: "how long a Job may take, in seconds from its start", kinds: []string{"Job"}, harm: incident.Destructive,
		lasting: true, typ: of[int64](), fits: between(1, 366*24*3600), path: fixed("spec", "activeDeadlineSeconds"),
		say: func(c setting) string {
			return fmt.Sprintf("End %s once it has taken %v s", inWords(c.step.Target.Object), c.after)
		}},
	"SetSuspended": {what: "whether a CronJob, a Job or what Flux reconciles is suspended",
		kinds: []string{"CronJob", "Job", "Kustomization", "HelmRelease"}, harm: incident.Disruptive, typ: of[bool](),
		path: fixed("spec", "suspend"), say: onOff("Suspend", "Resume", "")},
	"SetAutoSync": {what: "whether and how Argo CD syncs an Application by itself", kinds: []string{"Application"}, harm: incident.Disruptive,
		typ: of[map[string]any](), path: fixed("spec", "syncPolicy", "automated"), say: func(c setting) string {
			if c.after == nil {
				return "Suspend the automatic sync of " + inWords(c.step.Target.Object)
			}
			return "Resume the automatic sync of " + inWords(c.step.Target.Object)
		}},
	"SetCronJobField": {what: "when and how a CronJob starts", kinds: []string{"CronJob"}, harm: incident.Safe, typ: of[any](),
		path: func(s incident.Step) []string {
			return []string{"spec", oneOf(s, "field", "schedule", "timeZone", "startingDeadlineSeconds", "concurrencyPolicy")}
		}},
	"SetAutoscaler": {what: "the bounds or the target of a HorizontalPodAutoscaler", kinds: []string{"HorizontalPodAutoscaler"},
		harm: incident.Disruptive, typ: of[any](), path: func(s incident.Step) []string {
			return []string{"spec", oneOf(s, "field", "minReplicas", "maxReplicas", "scaleTargetRef")}
		}},
	"SetBudget": {what: "the rules of a PodDisruptionBudget", kinds: []string{"PodDisruptionBudget"}, harm: incident.Safe,
		typ: of[policyv1.PodDisruptionBudgetSpec](), path: fixed("spec")},

	"SetServiceSelector": {what: "which pods a Service has", kinds: []string{"Service"}, harm: incident.Disruptive,
		typ:  of[map[string]string](),
		fits: some, path: fixed("spec", "selector")},
	"SetServicePorts": {what: "the ports of a Service", kinds: []string{"Service"}, harm: incident.Disruptive, typ: of[[]corev1.ServicePort](),
		fits: some, path: fixed("spec", "ports")},
	"SetServiceField": {what: "whether a Service names pods that are not ready, where it keeps traffic, or what name it stands for",
		kinds: []string{"Service"}, harm: incident.Disruptive, typ: of[any](), path: func(s incident.Step) []string {
			return []string{"spec", oneOf(s, "field", "publishNotReadyAddresses", "internalTrafficPolicy", "externalName")}
		}},
	"SetIngressRules": {what: "the rules of an Ingress", kinds: []string{"Ingress"}, harm: incident.Disruptive,
		typ:  of[[]networkingv1.IngressRule](),
		fits: some, path: fixed("spec", "rules")},
	"SetIngressClass": {what: "the class of an Ingress", kinds: []string{"Ingress"}, harm: incident.Disruptive, typ: of[string](), fits: some,
		path: fixed("spec", "ingressClassName")},
	"SetIngressTLS": {what: "the certificates of an Ingress", kinds: []string{"Ingress"}, harm: incident.Disruptive,
		typ: of[[]networkingv1.IngressTLS](), path: fixed("spec", "tls")},
	"SetPolicySelector": {what: "which pods a NetworkPolicy is for", kinds: []string{"NetworkPolicy"}, harm: incident.Disruptive,
		typ: of[metav1.LabelSelector](), fits: some, path: fixed("spec", "podSelector")},
	"AllowIngress": {what: "what a NetworkPolicy lets in", kinds: []string{"NetworkPolicy"}, harm: incident.Safe,
		typ: of[[]networkingv1.NetworkPolicyIngressRule](), fits: onlyMore, path: fixed("spec", "ingress")},
	"AllowEgress": {what: "what a NetworkPolicy lets out", kinds: []string{"NetworkPolicy"}, harm: incident.Safe,
		typ: of[[]networkingv1.NetworkPolicyEgressRule](), fits: onlyMore, path: fixed("spec", "egress")},

	"SetQuota": {what: "one hard limit of a ResourceQuota", kinds: []string{"ResourceQuota"}, harm: incident.Safe,
		typ:  of[resource.Quantity](),
		fits: upTo(2), path: func(s incident.Step) []string { return []string{"spec", "hard", s.Params["resource"]} }},
	"SetLimitRange": {what: "the limits of a LimitRange", kinds: []string{"LimitRange"}, harm: incident.Safe,
		typ:  of[[]corev1.LimitRangeItem](),
		fits: some, path: fixed("spec", "limits")},
	"SetRules": {what: "the rules of a Role", kinds: []string{"Role", "ClusterRole"}, harm: incident.Disruptive,
		typ:  of[[]rbacv1.PolicyRule](),
		fits: noWildcards, path: fixed("rules")},
	"SetSubjects": {what: "whom a RoleBinding binds", kinds: []string{"RoleBinding", "ClusterRoleBinding"}, harm: incident.Disruptive,
		typ: of[[]rbacv1.Subject](), fits: noStrangers, path: fixed("subjects")},
	"SetPodSecurity": {what: "the Pod Security level that a Namespace enforces", kinds: []string{"Namespace"}, harm: incident.Disruptive,
		typ: of[string](), fits: among("privileged", "baseline", "restricted"),
		path: fixed("metadata", "labels", "pod-security.kubernetes.io/enforce")},

	"ExpandClaim": {what: "the size of a PersistentVolumeClaim, which never shrinks", kinds: []string{"PersistentVolumeClaim"},
		harm: incident.Destructive, lasting: true, typ: of[resource.Quantity](), fits: upTo(2),
		path: fixed("spec", "resources", "requests", "storage")},
	"ReleaseVolume": {what: "which claim a PersistentVolume is kept for", kinds: []string{"PersistentVolume"}, harm: incident.Disruptive,
		typ: of[corev1.ObjectReference](), path: fixed("spec", "claimRef"), say: func(c setting) string {
			if to := asMap(c.after); c.after != nil && to["uid"] == nil {
				return fmt.Sprintf("Let claim %v/%v bind PersistentVolume %s, with the data that it holds", to["namespace"], to["name"],
					c.step.Target.Object.Name)
			}
			if c.after == nil {
				return "Let another claim bind PersistentVolume " + c.step.Target.Object.Name + ", with the data that it holds"
			}
			return "Keep PersistentVolume " + c.step.Target.Object.Name + " for its former claim"
		}},
	"SetDefaultClass": {what: "whether a StorageClass or IngressClass is the default one", kinds: []string{"StorageClass", "IngressClass"},
		harm: incident.Safe, typ: of[string](), fits: among("true", "false"), path: func(s incident.Step) []string {
			group := "storageclass.kubernetes.io"
			if s.Target.Object.Kind == "IngressClass" {
				group = "ingressclass.kubernetes.io"
			}
			return []string{"metadata", "annotations", group + "/is-default-class"}
		}},
	"SetCordon": {what: "whether a node takes new pods", kinds: []string{"Node"}, harm: incident.Safe, typ: of[bool](),
		path: fixed("spec", "unschedulable"), say: onOff("Cordon", "Uncordon", "")},
	"SetTaint": {what: "a taint of a node", kinds: []string{"Node"}, harm: incident.Disruptive, typ: of[corev1.Taint](),
		path: func(s incident.Step) []string { return []string{"spec", "taints", "[key=" + s.Params["key"] + "]"} }},
	"SetNodeLabel": {what: "a label of a node", kinds: []string{"Node"}, harm: incident.Disruptive, typ: of[string](),
		path: func(s incident.Step) []string { return []string{"metadata", "labels", s.Params["label"]} }},
	"RemoveFinalizer": {what: "the finalizers of an object that is to go, to all but one", kinds: []string{"PersistentVolumeClaim",
		"PersistentVolume", "Pod", "Service", "Ingress", "Job", "Deployment"}, harm: incident.Destructive, lasting: true, ending: true,
		typ: of[[]string](), fits: oneLess, path: fixed("metadata", "finalizers"), say: func(c setting) string {
			return "Take finalizer " + c.step.Params["finalizer"] + " from " + inWords(c.step.Target.Object) + ", so that it can go"
		}},
}

// oneOf is a parameter that names one of a closed list; another value finds nothing.
func oneOf(s incident.Step, param string, all ...string) string {
	if slices.Contains(all, s.Params[param]) {
		return s.Params[param]
	}
	return "(" + param + ")" // no such field
}

// onOff is the title of a step that sets a switch.
func onOff(on, off, what string) func(setting) string {
	return func(c setting) string {
		verb := off
		if c.after == true {
			verb = on
		}
		return verb + " " + what + inWords(c.step.Target.Object)
	}
}

func some(c setting) string {
	switch v := c.after.(type) {
	case nil:
		return "it cannot be empty"
	case string:
		if strings.TrimSpace(v) == "" || strings.ContainsAny(v, " \t\n") {
			return fmt.Sprintf("%q is none", v)
		}
	case []any:
		if len(v) == 0 {
			return "it cannot be empty"
		}
	case map[string]any:
		if len(v) == 0 {
			return "it cannot be empty"
		}
	}
	return ""
}

func among(values ...string) func(setting) string {
	return func(c setting) string {
		if v, _ := c.after.(string); c.after != nil && !slices.Contains(values, v) {
			return fmt.Sprintf("%q is none of %s", v, strings.Join(values, ", "))
		}
		return ""
	}
}

func between(least, most int64) func(setting) string {
	return func(c setting) string {
		if n, ok := c.after.(int64); !ok || n < least || n > most {
			return fmt.Sprintf("%v is not between %d and %d", c.after, least, most)
		}
		return ""
	}
}

// upTo bounds a quantity: at most so many times as much as it is and, as whoever undoes that needs it, as little.
func upTo(times int64) func(setting) string {
	return func(c setting) string {
		was, a := quantity(c.before)
		is, b := quantity(c.after)
		if !a || !b || was.Sign() < 0 || is.Sign() < 0 {
			return "there is nothing to begin from, or nothing to come to"
		}
		most, least := was.DeepCopy(), is.DeepCopy()
		switch {
		case !most.Mul(times) || is.Cmp(most) > 0:
			return fmt.Sprintf("%s is more than %d times %s", is.String(), times, was.String())
		case !least.Mul(times) || least.Cmp(was) < 0:
			return fmt.Sprintf("%s is less than a %dth of %s", is.String(), times, was.String())
		}
		return ""
	}
}

func quantity(v any) (resource.Quantity, bool) {
	q, err := resource.ParseQuantity(fmt.Sprint(v))
	return q, v != nil && err == nil
}

// sensible: no request above its limit, which the API server refuses, and none below zero.
func sensible(c setting) string {
	r, _ := c.after.(map[string]any)
	for name, v := range asMap(r["requests"]) {
		want, ok := quantity(v)
		if !ok || want.Sign() < 0 {
			return fmt.Sprintf("a request of %v %s is none", v, name)
		}
		if limit, ok := quantity(asMap(r["limits"])[name]); ok && want.Cmp(limit) > 0 {
			return fmt.Sprintf("the request of %s %s is above its limit of %s", want.String(), name, limit.String())
		}
	}
	return ""
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// onlyMore: what a policy allows is added to, so that nothing that works is cut off. Undone, what was added goes.
func onlyMore(c setting) string {
	was, _ := c.before.([]any)
	is, _ := c.after.([]any)
	long, short := is, was
	if len(is) < len(was) {
		long, short = was, is
	}
	for _, added := range long[len(short):] {
		if len(asMap(added)) == 0 {
			return "a rule for everything is more than what is missing"
		}
	}
	for i := range short {
		if string(encode(short[i])) != string(encode(long[i])) {
			return "a rule that is there would be changed"
		}
	}
	return ""
}

// oneLess: an object that is to go, and a finalizer that it has.
func oneLess(c setting) string {
	if c.object.at("metadata", "deletionTimestamp") == nil {
		return "nobody has deleted it"
	}
	if slices.Contains(byKubernetes, c.step.Params["finalizer"]) {
		return "Kubernetes itself takes that away, once nothing needs the object any more"
	}
	was, _ := c.before.([]any)
	is, _ := c.after.([]any)
	rest := slices.DeleteFunc(slices.Clone(was), func(v any) bool { return v == c.step.Params["finalizer"] })
	if len(rest) != len(was)-1 || string(encode(rest)) != string(encode(append([]any{}, is...))) {
		return fmt.Sprintf("it is not %q that would go", c.step.Params["finalizer"])
	}
	return ""
}
