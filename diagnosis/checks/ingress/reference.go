package ingress

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// IngressReferenceUnknown is the code of what an Ingress' annotation names and its controller does not know.
const IngressReferenceUnknown = "IngressReferenceUnknown"

var referenceCodes = []finding.Code{
	{Code: IngressReferenceUnknown, Severity: incident.Critical, Root: true,
		Meaning: "An annotation of an Ingress names something that its controller says is not there, so the controller leaves the Ingress' " +
			"routes out (404) or refuses what comes (503).",
		Next: "Write the name as the controller wants it (its namespace, its provider), make what it names, or let the controller read " +
			"objects of that kind.",
		Example: `Ingress shop/web names shop-auth@kubernetescrd (annotation traefik.ingress.kubernetes.io/router.middlewares), and Deployment ` +
			`traefik says: middleware "shop-auth@kubernetescrd" does not exist`},
}

var (
	// isUnknown and noSuch are how programs say of a name in quotation marks, which may be escaped, that what it names is not there: behind
	// the name, and before it.
	isUnknown = regexp.MustCompile(`(?i)` + nameQuoted + `[:,]? (?:(?:was|is|has|could|can|be|been) ){0,2}(?:does not exist|doesn't exist|` +
		`not found|not be found|no such|not defined|undefined|unknown|no object matching)\b`)
	noSuch = regexp.MustCompile(`(?i)\b(?:no such|cannot find|can't find|could not find|couldn't find|unknown|undefined|no object matching)` +
		`(?: [a-z]{2,30}){0,2}:? ` + nameQuoted)
)

const nameQuoted = `\\?["'` + "`" + `]([A-Za-z0-9][A-Za-z0-9._/@-]{2,252})\\?["'` + "`" + `]`

// beforeName is the word before a name in quotation marks.
var beforeName = regexp.MustCompile(`([A-Za-z]{3,30}):? \\?["'` + "`" + `]$`)

// Bounds on what is read of controllers' logs.
const (
	mostUnknown   = 400 // lines of one log that are looked at, the last ones
	leastRefers   = 5   // bytes of a name
	mostReferrers = 8   // Ingresses that are told of
)

// denial is a line in which a controller says that it does not know a name.
type denial struct {
	pod       *corev1.Pod
	container string
	line      string
}

// checkReferences finds what Ingresses' annotations name and their controllers do not know, by the controllers' own words. What was made
// since may be known by now.
func checkReferences(s *snapshot.Snapshot, r *finding.Report) {
	unknown, told := map[incident.Object]map[string]denial{}, 0
	for i := range s.Ingresses {
		g := &s.Ingresses[i]
		if g.DeletionTimestamp != nil || len(g.Annotations) == 0 || told == mostReferrers {
			continue
		}
		for _, p := range servedBy(s, g) {
			w := s.WorkloadOf(p)
			if unknown[w] == nil {
				unknown[w] = unknownBy(s, w)
			}
			if refersToUnknown(s, r, g, w, unknown[w]) {
				told++
				break
			}
		}
	}
}

// unknownBy are the names that the logs of a controller's pods say are not there, each with the last line that does.
func unknownBy(s *snapshot.Snapshot, w incident.Object) map[string]denial {
	out := map[string]denial{}
	for _, p := range kube.PodsOfWorkload(s, w) {
		for i := range p.Spec.Containers {
			l := s.Log(p.Namespace, p.Name, p.Spec.Containers[i].Name, false)
			if l == nil {
				continue
			}
			lines := strings.Split(l.Text, "\n")
			for _, line := range lines[max(0, len(lines)-mostUnknown):] {
				for _, m := range append(isUnknown.FindAllStringSubmatch(line, -1), noSuch.FindAllStringSubmatch(line, -1)...) {
					out[m[1]] = denial{p, p.Spec.Containers[i].Name, line}
				}
			}
		}
	}
	return out
}

// refersToUnknown reports the first annotation of an Ingress one of whose values its controller says is not there.
func refersToUnknown(s *snapshot.Snapshot, r *finding.Report, g *networkingv1.Ingress, w incident.Object, unknown map[string]denial) bool {
	if len(unknown) == 0 {
		return false
	}
	for _, key := range slices.Sorted(maps.Keys(g.Annotations)) {
		for _, name := range strings.FieldsFunc(g.Annotations[key], func(r rune) bool { return strings.ContainsRune(", \n\t", r) }) {
			said := name
			by, ok := unknown[said]
			if !ok {
				said = g.Namespace + "/" + name
				by, ok = unknown[said]
			}
			if !ok || len(name) < leastRefers {
				continue
			}
			meant, made := bears(s, g.Namespace, name)
			at := readings.Moment(logs.StampOf(by.line), s.At)
			x := reference{key, name, said, by, w, meant, at}
			if made.After(at) || exists(s, g.Namespace, name) || !x.lasts(s, g.Namespace) {
				continue // it has been made since, or may have been
			}
			reportReference(s, r, g, x)
			return true
		}
	}
	return false
}

// reference is a name in an annotation, who does not know it, and the custom resource that is meant by it, if one is there.
type reference struct {
	key, name string
	said      string // the name in the controller's words, which may have the namespace in front
	by        denial
	who       incident.Object
	meant     incident.Object
	at        time.Time
}

// kind is the word for what the name is of, in the controller's words; "" if there is none.
func (x reference) kind() string {
	at := strings.Index(x.by.line, x.said)
	m := beforeName.FindStringSubmatch(x.by.line[:max(at, 0)])
	if m == nil {
		return ""
	}
	return m[1]
}

// lasts says whether what the controller said is so still: it was said of late, or what is there can be seen, and it is not the thing.
func (x reference) lasts(s *snapshot.Snapshot, namespace string) bool {
	if !x.meant.IsZero() || s.At.Sub(x.at) < finding.RecentError.For {
		return true
	}
	k, ok := s.KindNamed(x.kind())
	return ok && k.Listed && k.Group != "" && !finding.NotSeen(s, incident.Resource(k.String()), namespace)
}

func reportReference(s *snapshot.Snapshot, r *finding.Report, g *networkingv1.Ingress, x reference) {
	o, what := ingressObject(g), "nothing of that name"
	if kind := x.kind(); kind != "" {
		what = "no such " + kind
	}
	there := ""
	if !x.meant.IsZero() {
		there = fmt.Sprintf(" (there is %s %s in namespace %s)", x.meant.Kind, x.meant.Name, x.meant.Namespace)
	}
	f := r.Find(IngressReferenceUnknown, o, fmt.Sprintf("Ingress %s/%s names %s in its annotation %s, and %s knows %s%s", g.Namespace, g.Name,
		x.name, x.key[strings.LastIndex(x.key, "/")+1:], finding.Short(x.who), what, there))
	f.AtMost = incident.Likely // it may have come to know it since
	f.Fault, f.Refs = []incident.Object{o}, []incident.Object{x.who}
	f.Since = x.at
	if !x.meant.IsZero() {
		f.Refs = append(f.Refs, x.meant)
		f.Next = fmt.Sprintf("Compare the name with what %s calls %s %s (its namespace and its provider belong to it), and look whether it "+
			"reads objects of that kind at all.", finding.Short(x.who), x.meant.Kind, x.meant.Name)
	}
	changed, _ := snapshot.Changed(g)
	f.Cite(finding.SeenAPI(o, "metadata.annotations["+x.key+"]", changed, finding.OneLine(g.Annotations[x.key], finding.MaxLine)),
		finding.SeenLog(x.by.pod, x.by.container, false, finding.OneLine(x.by.line, finding.MaxLine)))
}

// bears is the custom resource of the namespace that a name most likely means, for it has its name in it, and when that was made; of
// several the one with the longest name.
func bears(s *snapshot.Snapshot, namespace, name string) (meant incident.Object, made time.Time) {
	for i := range s.Customs {
		c := &s.Customs[i]
		if n := c.GetName(); c.GetNamespace() == namespace && len(n) > len(meant.Name) && len(n) >= leastRefers && lineWith(name, n) != "" {
			meant, made = snapshot.CustomObject(c), c.GetCreationTimestamp().Time
		}
	}
	return meant, made
}

// exists says whether there is a Secret, a ConfigMap or a Service by the very name, which may have a namespace in front.
func exists(s *snapshot.Snapshot, namespace, name string) bool {
	if ns, n, ok := strings.Cut(name, "/"); ok {
		namespace, name = ns, n
	}
	return s.ConfigMap(namespace, name) != nil || s.Service(namespace, name) != nil || kube.SecretNamed(s, namespace, name) != nil
}
