package ingress

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var (
	// emerg is nginx' word of a configuration that it does not take.
	emerg  = regexp.MustCompile(`\[emerg\] (?:\d+#\d+: )?([^\n]{1,300})`)
	quoted = regexp.MustCompile(`"([^"\s]{2,128})"`)
	// requeued is the controller's word of what waits for the configuration to be taken.
	requeued = regexp.MustCompile(`"requeuing"[^\n]{0,300} key="?([^"\s/]{1,63})/([^"\s]{1,253})"`)
)

// reloaded are the last words of a reload that went well.
const reloaded = "Backend successfully reloaded"

// checkIngressReload finds controllers of nginx that cannot take up a new configuration. They go on serving the old one and stay ready, so
// that all that is changed since is without effect.
func checkIngressReload(s *snapshot.Snapshot, r *finding.Report) {
	told := map[incident.Object]bool{}
	look := func(p *corev1.Pod) {
		w := s.WorkloadOf(p)
		nginx := isController("k8s.io/ingress-nginx", &p.Spec) || isController("nginx.org/", &p.Spec)
		if told[w] || !nginx {
			return
		}
		why, waiting, seen, since := reloadFails(s, p)
		if why == "" {
			return
		}
		told[w] = true
		reportReload(s, r, p, why, seen, since).Refs = waitingFor(s, waiting)
	}
	for i := range s.Events {
		if e := &s.Events[i]; e.Reason == "RELOAD" && e.Type == corev1.EventTypeWarning {
			if p := s.Pod(e.InvolvedObject.Namespace, e.InvolvedObject.Name); p != nil {
				look(p)
			}
		}
	}
	for _, p := range readings.PodsWithLogs(s) {
		look(p)
	}
}

// reloadFails is why the pod's last reload failed, "" if it did not; and the Ingresses that it could not take up, as far as its log says.
func reloadFails(s *snapshot.Snapshot, p *corev1.Pod) (why string, waiting []incident.Object, seen []incident.Evidence, since time.Time) {
	if e := kube.LastEvent(s, finding.PodObject(p), "RELOAD"); e != nil && e.Type == corev1.EventTypeWarning &&
		s.At.Sub(snapshot.EventTime(e).Time) < finding.StillTold.For {
		if m := emerg.FindStringSubmatch(e.Message); m != nil {
			why, since, seen = m[1], kube.BeganAt(e), []incident.Evidence{finding.SeenEvent(e)}
		}
	}
	for i := range p.Spec.Containers {
		l := s.Log(p.Namespace, p.Name, p.Spec.Containers[i].Name, false)
		if l == nil {
			continue
		}
		text := l.Text[max(0, strings.LastIndex(l.Text, reloaded)):]
		m := emerg.FindStringSubmatch(text)
		switch {
		case m != nil && strings.Contains(text, "test failed"):
			why = m[1]
			seen = append(seen, finding.SeenLog(p, p.Spec.Containers[i].Name, false, finding.OneLine(m[0], finding.MaxLine)))
		case strings.HasPrefix(text, reloaded):
			return "", nil, nil, since // it has gone well since
		}
		for _, m := range requeued.FindAllStringSubmatch(text, maxWaiting) {
			waiting = finding.Union(waiting, []incident.Object{snapshot.ObjectOf("Ingress", m[1], m[2])})
		}
	}
	return why, waiting, seen, since
}

// maxWaiting bounds the Ingresses that are read from one log.
const maxWaiting = 32

func reportReload(s *snapshot.Snapshot, r *finding.Report, p *corev1.Pod, why string, seen []incident.Evidence,
	since time.Time) *finding.Finding {
	w := s.WorkloadOf(p)
	why, _, _ = strings.Cut(why, " in /tmp/")
	word := ""
	if m := quoted.FindStringSubmatch(why); m != nil {
		word = m[1]
	}
	var by []*networkingv1.Ingress
	var annotations []string
	for i := range s.Ingresses {
		if a := annotationWith(&s.Ingresses[i], word); a != "" {
			by, annotations = append(by, &s.Ingresses[i]), append(annotations, a)
		}
	}
	if len(by) != 1 {
		f := r.Find(IngressReloadFails, w, fmt.Sprintf("%s cannot take up its new configuration: %s; changes to Ingresses have no effect",
			finding.Short(w), finding.OneLine(why, 120)))
		f.Since = since
		return unlessReloaded(s, f, p).Cite(seen...)
	}
	g, o := by[0], ingressObject(by[0])
	f := r.Find(IngressReloadFails, o, fmt.Sprintf("Ingress %s/%s keeps %s from taking up any change of Ingresses: %s (annotation %s)",
		g.Namespace, g.Name, finding.Short(w), finding.OneLine(why, 120), annotations[0]))
	f.Since = since
	changed, _ := snapshot.Changed(g)
	return unlessReloaded(s, f, p).Cite(seen...).Cite(finding.SeenAPI(o, "metadata.annotations["+annotations[0]+"]", changed,
		finding.OneLine(lineWith(g.Annotations[annotations[0]], word), finding.MaxLine)))
}

// unlessReloaded says that the pod's log would tell of a reload that has gone well since. What an event alone tells, where the log was not
// read, may be over.
func unlessReloaded(s *snapshot.Snapshot, f *finding.Finding, p *corev1.Pod) *finding.Finding {
	f.Unless(finding.PodLogs)
	if !slices.ContainsFunc(p.Spec.Containers, func(c corev1.Container) bool { return s.Log(p.Namespace, p.Name, c.Name, false) != nil }) {
		f.AtMost = incident.Likely
	}
	return f
}

// annotationWith is the first of an Ingress' annotations for nginx that has the word by itself, snippets before others; "" if none has.
func annotationWith(g *networkingv1.Ingress, word string) string {
	var keys []string
	for k, v := range g.Annotations {
		if word != "" && g.DeletionTimestamp == nil && (strings.HasPrefix(k, "nginx.ingress.kubernetes.io/") ||
			strings.HasPrefix(k, "nginx.org/")) && lineWith(v, word) != "" {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return ""
	}
	slices.SortFunc(keys, func(a, b string) int {
		if x, y := strings.Contains(a, "snippet"), strings.Contains(b, "snippet"); x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return keys[0]
}

// lineWith is the first line of a text that has a word by itself, "" if none has.
func lineWith(text, word string) string {
	isWord := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	for line := range strings.SplitSeq(text, "\n") {
		for from := 0; ; {
			i := strings.Index(line[from:], word)
			if i < 0 {
				break
			}
			i += from
			end := i + len(word)
			if (i == 0 || !isWord(line[i-1])) && (end == len(line) || !isWord(line[end])) {
				return line
			}
			from = end
		}
	}
	return ""
}

// waitingFor are the Ingresses that are not taken up, and the failed Jobs whose log names a host of one.
func waitingFor(s *snapshot.Snapshot, ingresses []incident.Object) []incident.Object {
	var hosts []string
	for i := range s.Ingresses {
		if !slices.Contains(ingresses, ingressObject(&s.Ingresses[i])) {
			continue
		}
		for _, rule := range s.Ingresses[i].Spec.Rules {
			if rule.Host != "" && !strings.HasPrefix(rule.Host, "*") {
				hosts = finding.Union(hosts, []string{rule.Host})
			}
		}
	}
	refs := slices.Clone(ingresses)
	if len(hosts) == 0 {
		return refs
	}
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || !kube.OwnedByJob(p) || !slices.ContainsFunc(hosts, func(h string) bool { return strings.Contains(l.Text, h) }) {
			continue
		}
		for _, owner := range p.OwnerReferences {
			if owner.Kind == "Job" {
				refs = finding.Union(refs, []incident.Object{snapshot.ObjectOf("Job", p.Namespace, owner.Name)})
			}
		}
	}
	return refs
}
