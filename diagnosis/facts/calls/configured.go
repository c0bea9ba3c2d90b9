package calls

import (
	"iter"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on what of a pod's configuration is read for names.
const (
	mostNamed = 24       // Services that a pod calls
	mostText  = 32 << 10 // bytes of one ConfigMap's values, or of a container's settings
)

// hostLike is a host name, with a port where it has one, in a setting: "postgres://db.shop:5432/x" has "db.shop" and "5432".
var hostLike = regexp.MustCompile(`(?i)([a-z][a-z0-9+.-]*://(?:[^\s/@"']*@)?)?\b([a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*)\.?(:[0-9]{2,5})?\b`)

// addressVar is how variables are called whose value is a host.
var addressVar = regexp.MustCompile(`(?i)(HOST|HOSTNAME|ADDR|ADDRESS|SERVER|SERVERS|ENDPOINT|URL|URI|DSN|BROKERS?|SERVICE)$`)

// Configured lists the Services that a pod's settings name: its variables, arguments, and the ConfigMaps that it takes them from. They are
// Services that exist; each once, at most mostNamed. It is what the pod probably calls, and no proof that it does.
func Configured(s *snapshot.Snapshot, p *corev1.Pod) []incident.Object { return configuredOf(s, p).all }

// Behind goes through the Services of [Configured] that select pods, each with those pods, whether these have ended or not.
func Behind(s *snapshot.Snapshot, p *corev1.Pod) iter.Seq2[incident.Object, []*corev1.Pod] {
	return func(yield func(incident.Object, []*corev1.Pod) bool) {
		for _, o := range Configured(s, p) {
			v := s.Service(o.Namespace, o.Name)
			if v != nil && len(v.Spec.Selector) > 0 && !yield(o, s.PodsSelected(o.Namespace, v.Spec.Selector)) {
				return
			}
		}
	}
}

// ByItself says whether a pod's settings name a Service by its own name, and not only by those of pods below it, as a headless Service's
// are: whoever asks for its own name is given the address of any pod that it selects.
func ByItself(s *snapshot.Snapshot, p *corev1.Pod, service incident.Object) bool {
	return slices.Contains(configuredOf(s, p).itself, service)
}

// configured are the Services that a workload's settings name, and those that they name by their own names.
type configured struct{ all, itself []incident.Object }

func configuredOf(s *snapshot.Snapshot, p *corev1.Pod) configured {
	type key struct{ workload incident.Object }
	return snapshot.Once(s, key{s.WorkloadOf(p)}, func() configured { return readConfigured(s, p) })
}

func readConfigured(s *snapshot.Snapshot, p *corev1.Pod) configured {
	var out gatheredNames
	maps := map[string]bool{}
	for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
		for _, e := range c.Env {
			out.Add(namedIn(s, p.Namespace, e.Value, addressVar.MatchString(e.Name))...)
			if v := e.ValueFrom; v != nil && v.ConfigMapKeyRef != nil {
				if m := s.ConfigMap(p.Namespace, v.ConfigMapKeyRef.Name); m != nil {
					out.Add(namedIn(s, p.Namespace, m.Data[v.ConfigMapKeyRef.Key], addressVar.MatchString(e.Name))...)
				}
			}
		}
		for _, from := range c.EnvFrom {
			if from.ConfigMapRef != nil {
				maps[from.ConfigMapRef.Name] = true
			}
		}
		out.Add(namedIn(s, p.Namespace, expanded(strings.Join(slices.Concat(c.Command, c.Args), "\n"), c.Env), false)...)
	}
	for i := range p.Spec.Volumes {
		if v := p.Spec.Volumes[i].ConfigMap; v != nil {
			maps[v.Name] = true
		}
	}
	for name := range maps {
		if m := s.ConfigMap(p.Namespace, name); m != nil {
			for k, value := range m.Data {
				out.Add(namedIn(s, p.Namespace, value, addressVar.MatchString(k))...)
			}
		}
	}
	slices.SortFunc(out.all.List, incident.Object.Compare)
	return configured{out.all.List[:min(len(out.all.List), mostNamed)], out.itself.List}
}

// gatheredNames are Services that settings name, each once.
type gatheredNames struct {
	all, itself finding.Gathered[incident.Object]
}

// Add adds what a setting names.
func (g *gatheredNames) Add(all ...namedService) {
	for _, x := range all {
		g.all.Add(x.service)
		if x.itself {
			g.itself.Add(x.service)
		}
	}
}

// namedService is a Service that a setting names, by its own name or by that of a pod below it.
type namedService struct {
	service incident.Object
	itself  bool
}

// variable is a variable in a command, as Kubernetes or a shell puts its value in.
var variable = regexp.MustCompile(`\$\(\w+\)|\$\{\w+\}`)

// expanded is a command with the values of its plain variables.
func expanded(text string, env []corev1.EnvVar) string {
	text = text[:min(len(text), mostText)]
	if !strings.Contains(text, "$") {
		return text
	}
	return variable.ReplaceAllStringFunc(text, func(v string) string {
		name := v[2 : len(v)-1]
		i := slices.IndexFunc(env, func(e corev1.EnvVar) bool { return e.Name == name && e.Value != "" })
		if i < 0 {
			return v
		}
		return env[i].Value
	})
}

// namedIn are the Services that a setting names: by a name with its namespace, or, in an address or the value of a variable that is one, by
// the name alone.
func namedIn(s *snapshot.Snapshot, namespace, text string, address bool) []namedService {
	text = text[:min(len(text), mostText)]
	var out []namedService
	for _, m := range hostLike.FindAllStringSubmatch(text, -1) {
		scheme, host, port := m[1], m[2], m[3]
		if !strings.Contains(host, ".") && scheme == "" && port == "" && !address {
			continue
		}
		if o, ok := kube.ServiceOf(s, host, namespace); ok && s.Service(o.Namespace, o.Name) != nil {
			out = append(out, namedService{o, strings.HasPrefix(strings.ToLower(host)+".", o.Name+".")})
		}
	}
	return out
}
