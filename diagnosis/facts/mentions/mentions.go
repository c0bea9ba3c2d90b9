package mentions

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on what is read of a text.
const (
	maxText  = 4 << 10 // bytes
	mostSaid = 8       // objects
	// telling is the length of a name that is unlikely to be a word of prose: with a hyphen or a dot in it.
	telling = 8
	// apart is how many words may lie between a kind and the name that it goes with: "failed to get the Service named moderation".
	apart = 3
)

// passing are kinds whose objects come and go, or follow from others: what names them means what they belong to, or nothing.
var passing = []string{"Pod", "ReplicaSet", "Event", "EndpointSlice", "Endpoints", "Lease", "ControllerRevision", "Namespace",
	"VolumeAttachment", "Node"}

// word is a name as Kubernetes has them (RFC 1123), perhaps behind its namespace, or a word of prose.
var word = regexp.MustCompile(`[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?(?:/[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)?`)

// In lists the objects that a text names, as it is written by something in the namespace, in the order in which they are named, at most
// mostSaid. An object is named by its namespace and name ("dev2/moderation"), by its kind and name ("secret \"web-tls\" not found"), or by
// a name that is no word of prose ("kps-grafana-datasource") and that one object alone has where it can be meant; a ConfigMap also by the
// name of a file that is one of its keys ("datasource.yaml"), and an Ingress by its host, unless many have it.
func In(s *snapshot.Snapshot, namespace, text string) []incident.Object {
	names := namesOf(s)
	words := word.FindAllString(text[:min(len(text), maxText)], -1)
	kinds := names.kindsIn(words)
	var out finding.Gathered[incident.Object]
	for i, w := range words {
		out.Add(names.joined(w)...)
		if i > 0 && strings.EqualFold(words[i-1], "namespace") {
			continue // it says where something is, whatever else has that name
		}
		ns, name, both := strings.Cut(w, "/")
		if !both {
			ns, name = "", w
		}
		named := names.named[name]
		if len(named) == 0 {
			out.Add(names.files[key{namespace, name}]...)
			out.Add(names.hosts[strings.ToLower(name)]...)
			continue
		}
		kind := nearKind(kinds, i)
		fits := func(o incident.Object) bool {
			return (kind == "" || o.Kind == kind) && (ns == "" || o.Namespace == ns) &&
				(ns != "" || o.Namespace == "" || o.Namespace == namespace || kind != "" && slices.Contains(words, o.Namespace))
		}
		var meant []incident.Object
		for _, o := range named {
			if fits(o) {
				meant = append(meant, o)
			}
		}
		switch {
		case len(meant) == 0:
		case both || kind != "":
			out.Add(meant...)
		case len(meant) == 1 && len(name) >= telling && strings.ContainsAny(name, "-."):
			out.Add(meant...)
		}
	}
	return out.List[:min(len(out.List), mostSaid)]
}

// kindsIn are the kinds that words stand for. One that is written as several words ("service account") stands at the last of these.
func (n names) kindsIn(words []string) []string {
	const most = 3 // "persistent volume claim"
	kinds := make([]string, len(words))
	for i := 0; i < len(words); i++ {
		kinds[i] = n.kinds[strings.ToLower(words[i])]
		for more := min(most, len(words)-i); more > 1; more-- {
			if kind := n.kinds[strings.ToLower(strings.Join(words[i:i+more], ""))]; kind != "" {
				kinds[i], kinds[i+more-1] = "", kind
				i += more - 1
				break
			}
		}
	}
	return kinds
}

// joined are the objects whose namespace and name, joined by an underscore, a word begins with, as proxies call their back ends:
// "dev2_web_80".
func (n names) joined(w string) []incident.Object {
	parts := strings.Split(w, "_")
	if len(parts) < 2 {
		return nil
	}
	var out []incident.Object
	for _, o := range n.named[parts[1]] {
		if o.Namespace == parts[0] && slices.Contains(served, o.Kind) {
			out = append(out, o)
		}
	}
	return out
}

// served are the kinds that back ends of proxies are named after.
var served = []string{"Service", "Ingress", "HTTPRoute"}

// nearKind is the kind that stands just before a word, or just behind it; "": none does.
func nearKind(kinds []string, at int) string {
	for i := at - 1; i >= max(0, at-apart); i-- {
		if kinds[i] != "" {
			return kinds[i]
		}
	}
	if at+1 < len(kinds) {
		return kinds[at+1]
	}
	return ""
}

// key is a ConfigMap's, by the namespace.
type key struct{ namespace, name string }

// mostSharing is how many ConfigMaps of a namespace may have a key for its name to mean them.
const mostSharing = 2

// names are the objects of a Snapshot by name, the kinds by the words for them, in small letters, and the ConfigMaps by their keys, as far
// as these are file names.
type names struct {
	named map[string][]incident.Object
	kinds map[string]string
	files map[key][]incident.Object
	hosts map[string][]incident.Object // Ingresses by their hosts
}

func namesOf(s *snapshot.Snapshot) names {
	type once struct{}
	return snapshot.Once(s, once{}, func() names {
		n := names{map[string][]incident.Object{}, map[string]string{}, filesOf(s), hostsOf(s)}
		for _, k := range s.KindsNamed() {
			if slices.Contains(passing, k.Kind) {
				continue
			}
			if low := strings.ToLower(k.Kind); n.kinds[low] == "" {
				n.kinds[low], n.kinds[k.Resource] = k.Kind, k.Kind
				n.kinds[k.Resource+"."+k.Group] = k.Kind
			}
			for _, o := range s.ObjectsOf(k) {
				if s.Node(o.Name) == nil { // what bears a node's name is about the node
					n.named[o.Name] = append(n.named[o.Name], o)
				}
			}
		}
		return n
	})
}

func hostsOf(s *snapshot.Snapshot) map[string][]incident.Object {
	hosts := map[string][]incident.Object{}
	for i := range s.Ingresses {
		g := &s.Ingresses[i]
		for _, r := range g.Spec.Rules {
			if o := snapshot.ObjectOf("Ingress", g.Namespace, g.Name); r.Host != "" && !slices.Contains(hosts[r.Host], o) {
				hosts[r.Host] = append(hosts[r.Host], o)
			}
		}
	}
	maps.DeleteFunc(hosts, func(_ string, of []incident.Object) bool { return len(of) > mostSharing })
	return hosts
}

func filesOf(s *snapshot.Snapshot) map[key][]incident.Object {
	files := map[key][]incident.Object{}
	for i := range s.ConfigMaps {
		m := &s.ConfigMaps[i]
		for name := range m.Data {
			if len(name) >= telling && strings.Contains(strings.Trim(name, "."), ".") {
				k := key{m.Namespace, name}
				files[k] = append(files[k], snapshot.ObjectOf("ConfigMap", m.Namespace, m.Name))
			}
		}
	}
	maps.DeleteFunc(files, func(_ key, of []incident.Object) bool { return len(of) > mostSharing })
	return files
}

// path is an absolute path in a text.
var path = regexp.MustCompile(`/[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)+`)

// Mounted lists the ConfigMaps and Secrets of a pod that hold a file which the text names, going by where they are mounted in its
// containers: of the container, or, where it is "", of any.
func Mounted(p *corev1.Pod, container, text string) []incident.Object {
	var out finding.Gathered[incident.Object]
	for _, file := range path.FindAllString(text[:min(len(text), maxText)], -1) {
		for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
			if container != "" && c.Name != container {
				continue
			}
			if o := mountedAt(p, &c, file); !o.IsZero() {
				out.Add(o)
			}
		}
	}
	return out.List[:min(len(out.List), mostSaid)]
}

// mountedAt is the ConfigMap or Secret in whose mount a file lies.
func mountedAt(p *corev1.Pod, c *corev1.Container, file string) incident.Object {
	switch _, v := kube.MountOf(p, c, file); {
	case v == nil:
	case v.ConfigMap != nil:
		return snapshot.ObjectOf("ConfigMap", p.Namespace, v.ConfigMap.Name)
	case v.Secret != nil:
		return snapshot.ObjectOf("Secret", p.Namespace, v.Secret.SecretName)
	}
	return incident.Object{}
}
