package applog

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// environment is what a container's spec sets, as far as can be seen.
type environment struct {
	names  []string
	empty  []string // of names: those that are set to nothing
	hidden []string // Secrets whose keys are not looked at
}

func environmentOf(s *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container) environment {
	var e environment
	for _, v := range c.Env {
		e.names = append(e.names, v.Name)
		if v.Value == "" && v.ValueFrom == nil {
			e.empty = append(e.empty, v.Name)
		}
	}
	for _, from := range c.EnvFrom {
		if from.SecretRef != nil {
			e.hidden = append(e.hidden, from.SecretRef.Name)
		}
		if from.ConfigMapRef == nil {
			continue
		}
		if m := s.ConfigMap(p.Namespace, from.ConfigMapRef.Name); m != nil {
			for _, k := range kube.KeysOf(m) {
				e.names = append(e.names, from.Prefix+k)
				if m.Data[k] == "" {
					e.empty = append(e.empty, from.Prefix+k)
				}
			}
		}
	}
	return e
}

// missingEnv compares the name with what the container's spec sets. A name that it does set is not missing for Kubernetes: then the
// program means something else.
func missingEnv(s *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container, f logs.Fact) (root, bool) {
	if f.Name == "" {
		return root{what: finding.Say("{needs|need} an environment variable that is not set: %s", quote(f))}, true
	}
	e := environmentOf(s, p, c)
	name := f.Name
	if is := func(n string) bool { return sameSetting(n, f.Name) }; slices.ContainsFunc(e.names, is) {
		if !slices.ContainsFunc(e.empty, is) {
			return root{}, false
		}
		return root{what: finding.Say("{needs|need} %s, which {its|their} container sets to nothing", name),
			seen: []incident.Evidence{e.seen(p, c)}}, true
	}
	x := root{what: finding.Say("{needs|need} %s, which {its|their} container does not set%s", name,
		kube.DidYouMean(kube.Nearest(name, e.names)))}
	x.seen = []incident.Evidence{e.seen(p, c)}
	return x, true
}

// sameSetting says whether an environment variable sets a setting, whose name may be written in other ways: "payment.api-key".
func sameSetting(variable, setting string) bool {
	return variable == setting || strings.EqualFold(variable, strings.NewReplacer(".", "_", "-", "").Replace(setting))
}

func (e environment) seen(p *corev1.Pod, c *corev1.Container) incident.Evidence {
	words := "sets " + strings.Join(e.names, ", ")
	if len(e.names) == 0 {
		words = "sets nothing that can be seen"
	}
	if len(e.hidden) > 0 {
		words += "; and takes what Secret " + strings.Join(e.hidden, ", ") + " has, whose keys are not looked at"
	}
	return finding.SeenAPI(finding.PodObject(p), "spec.containers["+c.Name+"].env", time.Time{}, clip.Bytes(words, finding.MaxLine))
}

// serviceLink wants the value to be that of a Service in the pod's namespace, for which the kubelet sets the variable.
func serviceLink(s *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container, f logs.Fact) (root, bool) {
	if p.Spec.EnableServiceLinks != nil && !*p.Spec.EnableServiceLinks {
		return root{}, false
	}
	o := kube.ServicesByIP(s)[strings.Trim(f.Host, "[]")]
	if o.IsZero() || o.Namespace != p.Namespace {
		return root{}, false
	}
	name := strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_")) + "_PORT"
	if slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == name }) {
		return root{}, false
	}
	x := root{what: finding.Say("{takes|take} %s for {its|their} own setting, which Kubernetes sets to tcp://%s:%s for Service %s "+
		"(enableServiceLinks)", name, f.Host, f.Port, o.Name)}
	x.seen = append(x.seen, finding.SeenAPI(finding.PodObject(p), "spec.enableServiceLinks", time.Time{}, "true (the default)"),
		finding.SeenAPI(o, "spec.clusterIP", time.Time{}, f.Host))
	return x, true
}
