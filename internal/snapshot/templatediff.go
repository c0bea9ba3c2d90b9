package snapshot

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

// maxDiffs bounds what TemplateDiff tells.
const maxDiffs = 8

// TemplateDiff says in words what differs between two versions of a pod template, the most telling first: "image shop/web:v3 →
// shop/web:v4", "env DB_HOST db → database", "memory limit 256Mi → 64Mi". Values of variables whose names sound secret are not told. It
// is empty for templates that are alike, or differ in labels alone.
func TemplateDiff(before, now *corev1.PodTemplateSpec) []string {
	d := &differ{}
	d.containers("init container ", before.Spec.InitContainers, now.Spec.InitContainers)
	d.containers("", before.Spec.Containers, now.Spec.Containers)
	d.named("volume", volumes(before), volumes(now))
	d.value("serviceAccountName", before.Spec.ServiceAccountName, now.Spec.ServiceAccountName)
	d.value("priorityClassName", before.Spec.PriorityClassName, now.Spec.PriorityClassName)
	d.value("dnsPolicy", string(before.Spec.DNSPolicy), string(now.Spec.DNSPolicy))
	d.value("hostNetwork", fmt.Sprint(before.Spec.HostNetwork), fmt.Sprint(now.Spec.HostNetwork))
	d.named("nodeSelector", before.Spec.NodeSelector, now.Spec.NodeSelector)
	d.same("affinity", before.Spec.Affinity, now.Spec.Affinity)
	d.same("tolerations", before.Spec.Tolerations, now.Spec.Tolerations)
	d.same("topologySpreadConstraints", before.Spec.TopologySpreadConstraints, now.Spec.TopologySpreadConstraints)
	d.same("securityContext", before.Spec.SecurityContext, now.Spec.SecurityContext)
	d.same("imagePullSecrets", before.Spec.ImagePullSecrets, now.Spec.ImagePullSecrets)
	d.same("dnsConfig", before.Spec.DNSConfig, now.Spec.DNSConfig)
	d.annotations(before.Annotations, now.Annotations)
	if len(d.out) > maxDiffs {
		return append(d.out[:maxDiffs], fmt.Sprintf("%d more differences", len(d.out)-maxDiffs))
	}
	return d.out
}

type differ struct{ out []string }

func (d *differ) say(format string, args ...any) { d.out = append(d.out, fmt.Sprintf(format, args...)) }

// value compares two plain values; empty means not set.
func (d *differ) value(what, before, now string) {
	switch {
	case before == now:
	case before == "":
		d.say("%s set to %s", what, brief(now))
	case now == "":
		d.say("%s %s removed", what, brief(before))
	default:
		d.say("%s %s → %s", what, brief(before), brief(now))
	}
}

// same says that what is too long to tell differs.
func (d *differ) same(what string, before, now any) {
	if !equality.Semantic.DeepEqual(before, now) {
		d.say("%s changed", what)
	}
}

// named compares values by name, in order.
func (d *differ) named(what string, before, now map[string]string) {
	for _, name := range keys(before, now) {
		b, had := before[name]
		n, has := now[name]
		switch {
		case had && has && b == n:
		case !had:
			d.say("%s %s added", what, withValue(name, n))
		case !has:
			d.say("%s %s removed", what, name)
		case secretive.MatchString(name):
			d.say("%s %s changed", what, name)
		default:
			d.say("%s %s %s → %s", what, name, brief(b), brief(n))
		}
	}
}

// keys are those of either map, sorted.
func keys[M ~map[K]V, K cmp.Ordered, V any](a, b M) []K {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}

// secretive are names whose values are nobody's business.
var secretive = regexp.MustCompile(`(?i)pass|secret|token|key|cred|auth|dsn|private|cert`)

func withValue(name, value string) string {
	if value == "" || secretive.MatchString(name) {
		return name
	}
	return name + "=" + brief(value)
}

func brief(s string) string {
	return clip.Runes(strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " "), 61)
}

func (d *differ) containers(kind string, before, now []corev1.Container) {
	for i := range now {
		n := &now[i]
		j := slices.IndexFunc(before, func(b corev1.Container) bool { return b.Name == n.Name })
		if j < 0 {
			d.say("%scontainer %s added (%s)", strings.TrimSuffix(kind, "container "), n.Name, brief(n.Image))
			continue
		}
		in := ""
		if kind != "" || len(now) > 1 {
			in = " of " + kind + n.Name
		}
		d.container(in, &before[j], n)
	}
	for i := range before {
		if !slices.ContainsFunc(now, func(n corev1.Container) bool { return n.Name == before[i].Name }) {
			d.say("%scontainer %s removed", strings.TrimSuffix(kind, "container "), before[i].Name)
		}
	}
}

func (d *differ) container(in string, b, n *corev1.Container) {
	d.value("image"+in, b.Image, n.Image)
	d.value("command"+in, strings.Join(b.Command, " "), strings.Join(n.Command, " "))
	d.value("args"+in, strings.Join(b.Args, " "), strings.Join(n.Args, " "))
	d.named("env"+in, environment(b), environment(n))
	d.same("envFrom"+in, b.EnvFrom, n.EnvFrom)
	d.resources(in+" request", b.Resources.Requests, n.Resources.Requests)
	d.resources(in+" limit", b.Resources.Limits, n.Resources.Limits)
	d.same("ports"+in, b.Ports, n.Ports)
	d.same("readinessProbe"+in, b.ReadinessProbe, n.ReadinessProbe)
	d.same("livenessProbe"+in, b.LivenessProbe, n.LivenessProbe)
	d.same("startupProbe"+in, b.StartupProbe, n.StartupProbe)
	d.same("volumeMounts"+in, b.VolumeMounts, n.VolumeMounts)
	d.same("securityContext"+in, b.SecurityContext, n.SecurityContext)
	d.same("lifecycle"+in, b.Lifecycle, n.Lifecycle)
	d.value("imagePullPolicy"+in, string(b.ImagePullPolicy), string(n.ImagePullPolicy))
}

// resources speaks of them as people do: "memory limit 256Mi → 64Mi".
func (d *differ) resources(what string, before, now corev1.ResourceList) {
	for _, name := range keys(before, now) {
		b, had := before[name]
		n, has := now[name]
		old, current := "", ""
		if had {
			old = b.String()
		}
		if has {
			current = n.String()
		}
		if had != has || b.Cmp(n) != 0 {
			d.value(string(name)+what, old, current)
		}
	}
}

// environment is a container's variables: their values, or where these come from.
func environment(c *corev1.Container) map[string]string {
	env := map[string]string{}
	for _, e := range c.Env {
		env[e.Name] = e.Value
		switch v := e.ValueFrom; {
		case v == nil:
		case v.ConfigMapKeyRef != nil:
			env[e.Name] = "from ConfigMap " + v.ConfigMapKeyRef.Name + ", key " + v.ConfigMapKeyRef.Key
		case v.SecretKeyRef != nil:
			env[e.Name] = "from Secret " + v.SecretKeyRef.Name + ", key " + v.SecretKeyRef.Key
		case v.FieldRef != nil:
			env[e.Name] = "from " + v.FieldRef.FieldPath
		}
	}
	return env
}

// volumes is what a template mounts: each volume's source in a word or two.
func volumes(t *corev1.PodTemplateSpec) map[string]string {
	out := map[string]string{}
	for i := range t.Spec.Volumes {
		switch v := &t.Spec.Volumes[i]; {
		case v.ConfigMap != nil:
			out[v.Name] = "ConfigMap " + v.ConfigMap.Name
		case v.Secret != nil:
			out[v.Name] = "Secret " + v.Secret.SecretName
		case v.PersistentVolumeClaim != nil:
			out[v.Name] = "PersistentVolumeClaim " + v.PersistentVolumeClaim.ClaimName
		case v.HostPath != nil:
			out[v.Name] = "hostPath " + v.HostPath.Path
		default:
			out[v.Name] = ""
		}
	}
	return out
}

// annotations tells restarts, and that some others differ, such as a configuration's checksum.
func (d *differ) annotations(before, now map[string]string) {
	const restartedAt = "kubectl.kubernetes.io/restartedAt"
	if before[restartedAt] != now[restartedAt] {
		d.say("restarted by kubectl rollout restart")
	}
	for _, name := range keys(before, now) {
		if name != restartedAt && before[name] != now[name] {
			d.say("annotation %s changed", brief(name))
		}
	}
}
