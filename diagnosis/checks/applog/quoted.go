package applog

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on what an error quotes, and on where it is looked for.
const (
	leastQuoted = 5   // bytes of a fragment
	mostQuoted  = 80  // bytes of a fragment
	fragments   = 12  // of one error
	mostFed     = 400 // objects that feed one workload
	mostText    = 64 << 10
)

var (
	// refusesSettings are the words by which a program says that it cannot take what it was given.
	refusesSettings = regexp.MustCompile(`(?i)\b(config\w*|pars(e|ed|ing|er)|syntax|invalid|unknown|unexpected|unsupported|unmarshal\w*|` +
		`yaml|malformed|bad|format|expected|directives?|fields?|settings?|rules?|templates?|reload\w*|matchers?|expressions?|illegal|` +
		`duplicated?s?|undefined|unrecognized|compil\w+|validat\w+|schema|reject\w*|refus\w*|registered)\b`)
	// inQuotes are what stands in quotation marks of each kind: one kind may stand within another.
	inQuotes = []*regexp.Regexp{regexp.MustCompile(`"([^"\\]+)\\?"`), regexp.MustCompile(`'([^']+)'`), regexp.MustCompile("`([^`]+)`")}
	// coined is a word that is none of prose: with a hyphen, an underscore or a dot in it.
	coined = regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*(?:[-_.:][A-Za-z0-9]+)+`)
	// ofSource names a place in a program, or a time, which nobody wrote into a setting.
	ofSource = regexp.MustCompile(`\.(go|py|js|ts|java|rs|rb|c|cc|cpp|lua|php)(:\d+)?$|^\d|^[0-9:.TZ+-]+$|^(https?|file)$`)
)

// quotedIn are the fragments that an error quotes, or coins, as it stands in what was set.
func quotedIn(p *corev1.Pod, w incident.Object, x logs.Repeat) []string {
	var out []string
	text := x.Says + "\n" + x.Whole
	add := func(word string) {
		word = strings.TrimSpace(word)
		if len(word) < leastQuoted || len(word) > mostQuoted || len(out) == fragments || ofSource.MatchString(word) ||
			slices.Contains(out, word) || strings.Contains(p.Name, word) || strings.Contains(w.Name, word) || word == p.Namespace {
			return
		}
		out = append(out, word)
	}
	for _, quotes := range inQuotes {
		for _, m := range quotes.FindAllStringSubmatch(text, fragments) {
			add(m[1])
		}
	}
	for _, word := range coined.FindAllString(x.Says, fragments) {
		add(word)
	}
	return out
}

// fed is an object that a workload may get its settings from, and all that stands in it.
type fed struct {
	object incident.Object
	text   string
}

// has says whether a fragment stands in the object by itself.
func (f fed) has(word string) bool {
	for rest := f.text; ; {
		i := strings.Index(rest, word)
		if i < 0 {
			return false
		}
		before, after := i == 0 || !partOfWord(rest[i-1]), i+len(word) == len(rest) || !partOfWord(rest[i+len(word)])
		if before && after {
			return true
		}
		rest = rest[i+len(word):]
	}
}

func partOfWord(b byte) bool {
	return b == '_' || b == '-' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// settingOf finds the one object among those that feed a workload in which stands what its error quotes, and of that at least one fragment
// that stands in no other; of several such objects the one of which much more stands there. Sure says that several fragments do, or one
// that nobody writes by chance.
func settingOf(s *snapshot.Snapshot, p *corev1.Pod, w incident.Object, x logs.Repeat) (o incident.Object, words []string, sure bool) {
	if !refusesSettings.MatchString(x.Says) && !refusesSettings.MatchString(x.Whole) ||
		slices.ContainsFunc(x.Facts, func(f logs.Fact) bool { return f.Kind.Network() }) {
		return incident.Object{}, nil, false
	}
	said := quotedIn(p, w, x)
	if len(said) == 0 {
		return incident.Object{}, nil, false
	}
	alone := map[incident.Object][]string{}
	for _, word := range said {
		var in []incident.Object
		for _, f := range feeding(s, p, w) {
			if f.has(word) {
				in = append(in, f.object)
			}
		}
		if len(in) == 1 {
			alone[in[0]] = append(alone[in[0]], word)
		}
	}
	best, second := 0, 0
	for one, of := range alone {
		switch n := weightOf(of); {
		case n > best:
			o, words, best, second = one, of, n, best
		case n > second:
			second = n
		}
	}
	if best < 2*second || best == 0 || setElsewhere(s, p, w, x, o) {
		return incident.Object{}, nil, false
	}
	return o, words, best >= coinedWeight || len(words) > 1
}

// refusedValue is the value that an error could not take, as it quotes it: parsing "tcp://10.43.0.7:80".
var refusedValue = regexp.MustCompile(`(?i)(?:\bpars(?:e|ing)|\bconvert(?:ing)?|\binput string:?|\binvalid value:?) \\?"([^"\\]+)\\?"`)

// setElsewhere says whether an error quotes the value that it refuses and this does not stand in the object: whatever else of the error
// does, such as the name of the file, the value came from elsewhere.
func setElsewhere(s *snapshot.Snapshot, p *corev1.Pod, w incident.Object, x logs.Repeat, o incident.Object) bool {
	m := refusedValue.FindStringSubmatch(x.Says + "\n" + x.Whole)
	return m != nil && !slices.ContainsFunc(feeding(s, p, w), func(f fed) bool { return f.object == o && strings.Contains(f.text, m[1]) })
}

// coinedWeight is how much more a coined word tells than one of prose.
const coinedWeight = 3

func weightOf(words []string) int {
	n := 0
	for _, w := range words {
		if coined.MatchString(w) || len(w) >= 3*leastQuoted {
			n += coinedWeight
		} else {
			n++
		}
	}
	return n
}

// feeding are the objects that a workload may get its settings from: the custom resources of the groups whose operator made it or that its
// account may read, Ingresses if it may read these, and the ConfigMaps that its pods take and nothing has made of other settings.
func feeding(s *snapshot.Snapshot, p *corev1.Pod, w incident.Object) []fed {
	type key struct{ of incident.Object }
	return snapshot.Once(s, key{w}, func() []fed {
		var out []fed
		groups := kube.GroupsRead(s, p)
		if owner := s.Custom(kube.OwnersOf(s)[w]); owner != nil {
			groups[owner.GroupVersionKind().Group] = true
		}
		for i := range s.Customs {
			if o := &s.Customs[i]; (groups[o.GroupVersionKind().Group] || takes(o, p)) && len(out) < mostFed {
				out = append(out, fed{snapshot.CustomObject(o), textOf(o)})
			}
		}
		for i := range s.Ingresses {
			g := &s.Ingresses[i]
			if !groups["networking.k8s.io"] || len(out) >= mostFed {
				break
			}
			lines := []string{}
			for _, k := range slices.Sorted(maps.Keys(g.Annotations)) {
				lines = append(lines, k+" "+g.Annotations[k])
			}
			for _, x := range kube.RoutesOf(g) {
				lines = append(lines, x.Host, x.Path)
			}
			out = append(out, fed{snapshot.ObjectOf("Ingress", g.Namespace, g.Name), strings.Join(lines, "\n")})
		}
		for _, o := range kube.TakenFrom(p) {
			if m := s.ConfigMap(o.Namespace, o.Name); o.Kind == "ConfigMap" && m != nil && metav1.GetControllerOf(m) == nil && len(out) < mostFed {
				out = append(out, fed{o, textOfMap(m)})
			}
		}
		return out
	})
}

// takes says whether a custom resource of a pod's namespace selects it by its labels: who turns that into settings hands them to the pod.
func takes(o *unstructured.Unstructured, p *corev1.Pod) bool {
	if o.GetNamespace() != p.Namespace {
		return false
	}
	for _, key := range []string{"workloadSelector", "podSelector", "selector", "endpointSelector"} {
		for _, inner := range []string{"labels", "matchLabels"} {
			labels, _, err := unstructured.NestedStringMap(o.Object, "spec", key, inner)
			if err == nil && len(labels) > 0 && kube.Matches(labels, p.Labels) {
				return true
			}
		}
		labels, _, err := unstructured.NestedStringMap(o.Object, "spec", key)
		if err == nil && len(labels) > 0 && kube.Matches(labels, p.Labels) {
			return true
		}
	}
	return false
}

func textOfMap(m *corev1.ConfigMap) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m.Data)) {
		if b.Len() < mostText {
			fmt.Fprintf(&b, "%s\n%s\n", k, m.Data[k])
		}
	}
	return b.String()
}

// textOf is what stands in the spec of a custom resource: its keys and its plain values.
func textOf(o *unstructured.Unstructured) string {
	var b strings.Builder
	queue := []any{o.Object["spec"]}
	for n := 0; n < len(queue) && n < mostKeys && b.Len() < mostText; n++ {
		switch of := queue[n].(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(of)) {
				b.WriteString(key + "\n")
				queue = append(queue, of[key])
			}
		case []any:
			queue = append(queue, of...)
		case nil:
		default:
			fmt.Fprintf(&b, "%v\n", of)
		}
	}
	return b.String()
}

// blamesQuoted is the object in which stands what an error quotes.
func blamesQuoted(s *snapshot.Snapshot, p *corev1.Pod, x logs.Repeat) (blamed, bool) {
	w := s.WorkloadOf(p)
	o, words, sure := settingOf(s, p, w, x)
	if o.IsZero() {
		return blamed{}, false
	}
	return blamed{object: o, error: x, part: x.Says, quoted: words, sure: sure}, true
}

// quotedWords say what of an error stands in an object.
func (b blamed) quotedWords() string {
	if len(b.quoted) == 0 {
		return ""
	}
	var words []string
	for _, w := range b.quoted {
		words = append(words, fmt.Sprintf("%q", w))
	}
	return ", where " + finding.ListWords(words, finding.ShownPods) + finding.Inflect(len(words), " {stands|stand}")
}
