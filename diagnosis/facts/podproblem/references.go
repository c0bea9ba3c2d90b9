package podproblem

import (
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// ItemKeys are the keys that a volume takes from a ConfigMap or a Secret.
func ItemKeys(items []corev1.KeyToPath) []string {
	var keys []string
	for _, i := range items {
		keys = append(keys, i.Key)
	}
	return keys
}

// The kubelet's words for what is missing.
var (
	notFound = regexp.MustCompile(`\b(configmap|secret)s? "([^"]+)" not found`)
	noKey    = regexp.MustCompile(`couldn't find key (\S+) in (ConfigMap|Secret) ([^/\s]+)/(\S+)`)
	noItem   = regexp.MustCompile(`references non-existent (secret|config) key: (\S+)`)
)

// MissingIn is the object, and maybe the key in it, that the kubelet's words say a pod lacks.
func MissingIn(p *corev1.Pod, message string) (o incident.Object, key string, ok bool) {
	if m := noKey.FindStringSubmatch(message); m != nil {
		return snapshot.ObjectOf(m[2], m[3], strings.Trim(m[4], `".,`)), strings.Trim(m[1], `"`), true
	}
	if m := notFound.FindStringSubmatch(message); m != nil {
		kind := map[string]string{"configmap": "ConfigMap", "secret": "Secret"}[m[1]]
		return snapshot.ObjectOf(kind, p.Namespace, m[2]), "", true
	}
	if m := noItem.FindStringSubmatch(message); m != nil {
		for i := range p.Spec.Volumes {
			v := &p.Spec.Volumes[i]
			if v.Secret != nil && m[1] == "secret" && slices.Contains(ItemKeys(v.Secret.Items), m[2]) {
				return snapshot.ObjectOf("Secret", p.Namespace, v.Secret.SecretName), m[2], true
			}
			if v.ConfigMap != nil && m[1] == "config" && slices.Contains(ItemKeys(v.ConfigMap.Items), m[2]) {
				return snapshot.ObjectOf("ConfigMap", p.Namespace, v.ConfigMap.Name), m[2], true
			}
		}
	}
	return incident.Object{}, "", false
}

// badConfig is the pod's side of it.
func badConfig(p *corev1.Pod, c kube.Container, w *corev1.ContainerStateWaiting) Problem {
	if a, ok := refusedFor(p, c.Spec.Name, w.Message); ok {
		a.Seen = append(a.Seen, finding.SeenAPI(finding.PodObject(p), c.Field(), time.Time{}, w.Reason+": "+w.Message))
		return a
	}
	a := Problem{Code: PodConfigError, Container: c.Spec.Name, Alike: c.Spec.Name, Since: p.CreationTimestamp.Time, Reason: w.Message,
		Predicate: finding.Say("cannot be configured%s: %s", c.In(p), w.Message),
		Seen:      []incident.Evidence{finding.SeenAPI(finding.PodObject(p), c.Field(), time.Time{}, w.Reason+": "+w.Message)}}
	if o, _, ok := MissingIn(p, w.Message); ok {
		a.Refs = []incident.Object{o}
	}
	return a
}
