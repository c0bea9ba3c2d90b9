package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Where the cluster's DNS is found: its Service's namespace and name, and the label of its pods that bears the name.
const (
	dnsNamespace = metav1.NamespaceSystem
	dnsName      = "kube-dns"
	dnsLabel     = "k8s-app"
)

// dnsService is the Service that answers names in the cluster; nil if none is seen.
func dnsService(s *snapshot.Snapshot) *corev1.Service {
	if v := s.Service(dnsNamespace, dnsName); v != nil {
		return v
	}
	for i := range s.Services {
		if v := &s.Services[i]; v.Namespace == dnsNamespace && v.Labels[dnsLabel] == dnsName && v.Spec.ClusterIP != corev1.ClusterIPNone {
			return v
		}
	}
	return nil
}

// resolver is the cluster's DNS: its Service, pods, workload and configuration.
type resolver struct {
	service  *corev1.Service // nil if not seen
	pods     []*corev1.Pod
	workload incident.Object
	replicas int32           // that the workload wants; 1 where it can't be seen
	spec     *corev1.PodSpec // of a pod, or of the template
	config   *corev1.ConfigMap
}

// findResolver finds the cluster's DNS; ok is false where neither its Service nor its pods are seen.
func findResolver(s *snapshot.Snapshot) (resolver, bool) {
	d := resolver{service: dnsService(s), replicas: 1}
	selector := map[string]string{dnsLabel: dnsName}
	if d.service != nil && len(d.service.Spec.Selector) > 0 {
		selector = d.service.Spec.Selector
	}
	for _, p := range s.PodsSelected(dnsNamespace, selector) {
		if p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
			d.pods = append(d.pods, p)
		}
	}
	for _, t := range kube.TemplatesIn(s, dnsNamespace) {
		if t.Object.Kind != "Pod" && kube.Matches(selector, t.Labels) {
			d.workload, d.replicas = t.Object, t.Replicas
			d.spec = kube.TemplateSpec(s, t.Object)
			break
		}
	}
	if len(d.pods) > 0 {
		d.spec = &d.pods[0].Spec
		if d.workload.IsZero() {
			d.workload = s.WorkloadOf(d.pods[0])
		}
	}
	d.config = corefileMap(s, d.spec)
	return d, d.service != nil || d.spec != nil
}

// DNSReady says whether a pod of the cluster's DNS is seen to be ready.
func DNSReady(s *snapshot.Snapshot) bool {
	type key struct{}
	return snapshot.Once(s, key{}, func() bool {
		d, _ := findResolver(s)
		return slices.ContainsFunc(d.pods, kube.IsReady)
	})
}

// corefileMap is the ConfigMap of the DNS pods' volumes that holds the Corefile, or the one that has always been called so.
func corefileMap(s *snapshot.Snapshot, spec *corev1.PodSpec) *corev1.ConfigMap {
	if spec != nil {
		for i := range spec.Volumes {
			if v := spec.Volumes[i].ConfigMap; v != nil {
				if c := s.ConfigMap(dnsNamespace, v.Name); c != nil && c.Data["Corefile"] != "" {
					return c
				}
			}
		}
	}
	return s.ConfigMap(dnsNamespace, "coredns")
}

func checkDNS(s *snapshot.Snapshot, r *finding.Report) {
	r.Judges("services", "pods")
	d, ok := findResolver(s)
	if !ok {
		return
	}
	if d.replicas == 0 && len(d.pods) == 0 && !finding.NotSeen(s, "pods", dnsNamespace) {
		f := d.about(r.Find(DNSScaledToZero, d.workload, fmt.Sprintf("The cluster's DNS is switched off: %s is scaled to 0", finding.Short(d.workload))))
		f.Cite(finding.SeenAPI(d.workload, "spec.replicas", time.Time{}, "0"))
		return
	}
	d.checkDown(s, r)
	log, pod := d.fatal(s)
	d.checkLoop(s, r, log, pod)
	d.checkCorefile(r, log, pod)
	d.checkAddress(s, r)
	d.checkUpstream(s, r)
	d.checkClients(s, r)
	d.checkPast(s, r)
	d.checkTemplates(s, r)
}

// about binds a finding to the DNS pods: they are what a remedy restarts.
func (d resolver) about(f *finding.Finding) *finding.Finding {
	f.Workload, f.Pods = d.workload, d.pods
	for _, p := range d.pods {
		if p.Spec.NodeName != "" {
			f.Nodes = finding.Union(f.Nodes, []string{p.Spec.NodeName})
		}
	}
	return f
}

// checkDown reports a DNS without a single ready pod.
func (d resolver) checkDown(s *snapshot.Snapshot, r *finding.Report) {
	if slices.ContainsFunc(d.pods, kube.IsReady) || d.service == nil || finding.NotSeen(s, "pods", dnsNamespace) {
		return
	}
	crashing := slices.ContainsFunc(d.pods, func(p *corev1.Pod) bool { return len(sickContainers(s, p)) > 0 })
	if len(d.pods) > 0 && !crashing && allStarting(s, d.pods) {
		return
	}
	title := fmt.Sprintf("The cluster's DNS is down: none of its %d pods is ready", len(d.pods))
	switch len(d.pods) {
	case 0:
		title = "The cluster's DNS is down: it has no pods"
	case 1:
		title = "The cluster's DNS is down: its pod is not ready"
	}
	f := d.about(r.Find(DNSDown, kube.ServiceObject(d.service), title))
	d.checkSelector(s, f)
	for _, p := range d.pods {
		f.Since = kube.Latest(f.Since, kube.UnreadySince(p))
		f.Cite(finding.SeenAPI(finding.PodObject(p), "status.conditions[Ready]", kube.UnreadySince(p), "not ready"))
	}
	if len(d.pods) == 0 {
		f.Cite(finding.SeenAPI(f.Object, "spec.selector", time.Time{}, "no pod in "+dnsNamespace+" has "+kube.LabelWords(d.service.Spec.Selector)))
	}
	f.Cite(kube.SliceEvidence(s, d.service))
	f.Cite(failedLookups(s)...)
}

// checkSelector tells a Service that selects nothing from one whose pods are gone: the DNS pods are there under their usual label.
func (d resolver) checkSelector(s *snapshot.Snapshot, f *finding.Finding) {
	usual := map[string]string{dnsLabel: dnsName}
	there := s.PodsSelected(dnsNamespace, usual)
	if len(d.pods) > 0 || !d.workload.IsZero() || len(there) == 0 {
		return
	}
	w := s.WorkloadOf(there[0])
	f.Root, f.Workload = true, w
	f.Title = finding.OneLine(fmt.Sprintf("The cluster's DNS has no endpoint: Service %s selects %s, %s has %s", d.service.Name, kube.LabelWords(d.service.Spec.Selector), finding.Short(w), kube.LabelWords(usual)), finding.MaxTitle)
	f.Cite(finding.SeenAPI(f.Object, "spec.selector", time.Time{}, kube.LabelWords(d.service.Spec.Selector)), finding.SeenAPI(finding.PodObject(there[0]), "metadata.labels", time.Time{}, kube.LabelWords(there[0].Labels)))
}

func failedLookups(s *snapshot.Snapshot) []incident.Evidence {
	var out []incident.Evidence
	for _, l := range s.Lookups {
		if l.Error != "" {
			out = append(out, finding.NewEvidence(incident.SourceProbe, snapshot.ObjectOf("Service", dnsNamespace, dnsName), "lookup "+l.Name, time.Time{},
				fmt.Sprintf("%s asked %s for %s: %s", l.From, l.Server, l.Name, l.Error)))
		}
	}
	return out
}

// The lines with which CoreDNS says why it stops.
var (
	loopLine     = regexp.MustCompile(`plugin/loop: Loop \(([^)]*)\) detected for zone "([^"]*)"`)
	corefileLine = regexp.MustCompile(`(\S*Corefile):(\d+)\s*-\s*Error during parsing: (.*)`)
)

// fatal is the line with which a DNS pod says why it stops, if its log has one, and the evidence of it.
func (d resolver) fatal(s *snapshot.Snapshot) (incident.Evidence, *corev1.Pod) {
	for _, p := range d.pods {
		for _, c := range p.Spec.Containers {
			for _, previous := range []bool{false, true} {
				l := s.Log(p.Namespace, p.Name, c.Name, previous)
				if l == nil {
					continue
				}
				for _, line := range slices.Backward(readingOf(s, l).Telling) {
					if loopLine.MatchString(line) || corefileLine.MatchString(line) {
						return finding.SeenLog(p, c.Name, previous, line), p
					}
				}
			}
		}
	}
	return incident.Evidence{}, nil
}

func (d resolver) corefileObject() incident.Object {
	if d.config != nil {
		return snapshot.ObjectOf("ConfigMap", d.config.Namespace, d.config.Name)
	}
	return snapshot.ObjectOf("ConfigMap", dnsNamespace, "coredns")
}

// changed is when the ConfigMap was last written, going by its field managers.
func (d resolver) changed() time.Time {
	var t time.Time
	if d.config != nil {
		for _, m := range d.config.ManagedFields {
			if m.Time != nil {
				t = kube.Latest(t, m.Time.Time)
			}
		}
	}
	return t
}

// tellChange says in the finding's reason when the Corefile was last changed, and by whom.
func (d resolver) tellChange(f *finding.Finding) {
	t := d.changed()
	if t.IsZero() || !t.After(d.config.CreationTimestamp.Time) {
		return
	}
	for _, m := range d.config.ManagedFields {
		if m.Time != nil && m.Time.Time.Equal(t) {
			f.Because += fmt.Sprintf("; it was last changed at %s by %s", finding.Clock(t), m.Manager)
			f.Told = append(f.Told, t)
			return
		}
	}
}

// checkCorefile reports what CoreDNS says about its configuration, or braces that don't match while it is not well.
func (d resolver) checkCorefile(r *finding.Report, log incident.Evidence, pod *corev1.Pod) {
	m := corefileLine.FindStringSubmatch(log.Excerpt)
	well := slices.ContainsFunc(d.pods, kube.IsReady)
	switch {
	case m != nil && pod != nil && !kube.IsReady(pod):
		f := d.about(r.Find(DNSCorefileError, d.corefileObject(), fmt.Sprintf("CoreDNS cannot read its Corefile: line %s, %s", m[2], m[3])))
		f.Because = "CoreDNS' log names the line"
		d.tellChange(f)
		f.Cite(log)
		if d.config != nil {
			f.Cite(finding.SeenAPI(f.Object, "data.Corefile", d.changed(), "line "+m[2]+": "+lineOf(d.config.Data["Corefile"], m[2])))
		}
	case d.config != nil && len(d.pods) > 0 && !well:
		c := parseCorefile(d.config.Data["Corefile"])
		if c.err == "" && d.config.Data["Corefile"] != "" {
			return
		}
		what := fmt.Sprintf("line %d, %s", c.errLine, c.err)
		if d.config.Data["Corefile"] == "" {
			what = fmt.Sprintf("ConfigMap %s has no key Corefile", d.config.Name)
		}
		f := d.about(r.Find(DNSCorefileError, d.corefileObject(), "CoreDNS cannot read its Corefile: "+what))
		f.Because = "Its structure is broken"
		d.tellChange(f)
		f.Cite(finding.SeenAPI(f.Object, "data.Corefile", d.changed(), what))
	}
}

func lineOf(text, number string) string {
	for i, line := range strings.Split(text, "\n") {
		if fmt.Sprint(i+1) == number {
			return finding.OneLine(line, finding.MaxLine)
		}
	}
	return "not in the ConfigMap any more"
}
