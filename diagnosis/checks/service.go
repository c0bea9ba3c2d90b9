package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var networkChecks = []Check{
	{"services", serviceCodes, checkServices},
	{"dns", dnsCodes, checkDNS},
}

// The codes of findings about Services.
const (
	ServiceNoEndpoints  = "ServiceNoEndpoints"
	ServicePodsUnready  = "ServicePodsUnready"
	ServicePortMismatch = "ServicePortMismatch"
	ServiceMissing      = "ServiceMissing"
	ServiceIdle         = "ServiceIdle"
)

var serviceCodes = []Code{
	{Code: ServiceNoEndpoints, Severity: incident.Critical, Root: true,
		Meaning: "A Service's selector matches no pod, so nothing answers behind its name.",
		Next:    "Compare its selector with the labels of the pods that it means.",
		Example: `Service web selects no pod: its selector has app=web, the pods of Deployment web have app=webapp`},
	{Code: ServicePodsUnready, Severity: incident.Critical,
		Meaning: "A Service's pods exist, but none is ready, so nothing answers behind its name.",
		Next:    "Look at its pods.",
		Example: "Service chromadb has no endpoint: its 1 pod is not ready"},
	{Code: ServicePortMismatch, Severity: incident.Critical, Root: true,
		Meaning: "A Service sends traffic to a port that no container of its pods has.",
		Next:    "Correct the Service's targetPort, or the container's ports.",
		Example: `Service web sends port 80 to "htpp", which its pods don't have (there is http)`},
	{Code: ServiceMissing, Severity: incident.Critical, Root: true,
		Meaning: "A program calls a Service that does not exist.",
		Next:    "Create the Service, or correct the name in the program's configuration.",
		Example: "Service shop/databse does not exist (there is database), Deployment web calls it"},
	{Code: ServiceIdle, Severity: incident.Info,
		Meaning: "A Service has no pods because its workload is scaled to zero.",
		Example: "Service reports has no pods: Deployment reports is scaled to 0"},
}

func checkServices(s *snapshot.Snapshot, r *Report) {
	if notSeen(s, "pods") {
		return
	}
	pods := newPodLabels(s)
	dns := dnsService(s)
	for i := range s.Services {
		v := &s.Services[i]
		if len(v.Spec.Selector) == 0 || v.Spec.Type == corev1.ServiceTypeExternalName || v == dns || newly(s, v.CreationTimestamp.Time) {
			continue
		}
		checkService(s, r, v, pods.selected(v.Namespace, v.Spec.Selector))
	}
	checkCalled(s, r)
}

func serviceObject(v *corev1.Service) incident.Object {
	return snapshot.ObjectOf("Service", v.Namespace, v.Name)
}

// podLabels finds pods by label, so that many Services in one namespace do not each go through all its pods.
type podLabels map[labelKey][]*corev1.Pod

type labelKey struct{ namespace, key, value string }

func newPodLabels(s *snapshot.Snapshot) podLabels {
	m := make(podLabels, len(s.Pods))
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		for k, v := range p.Labels {
			m[labelKey{p.Namespace, k, v}] = append(m[labelKey{p.Namespace, k, v}], p)
		}
	}
	return m
}

// selected returns the pods that have all the labels and have not ended, by name.
func (m podLabels) selected(namespace string, selector map[string]string) []*corev1.Pod {
	var fewest []*corev1.Pod
	first := true
	for k, v := range selector {
		if with := m[labelKey{namespace, k, v}]; first || len(with) < len(fewest) {
			fewest, first = with, false
		}
	}
	var out []*corev1.Pod
	for _, p := range fewest {
		if matches(selector, p.Labels) {
			out = append(out, p)
		}
	}
	return out
}

func matches(selector, labels map[string]string) bool {
	for k, v := range selector {
		if have, ok := labels[k]; !ok || have != v {
			return false
		}
	}
	return true
}

func checkService(s *snapshot.Snapshot, r *Report, v *corev1.Service, pods []*corev1.Pod) {
	headless := v.Spec.ClusterIP == corev1.ClusterIPNone
	if len(pods) == 0 {
		if !headless {
			selectsNothing(s, r, v)
		}
		return
	}
	checkTargetPorts(r, v, pods)
	if slices.ContainsFunc(pods, isReady) || v.Spec.PublishNotReadyAddresses || allStarting(s, pods) {
		return
	}
	f := r.Find(ServicePodsUnready, serviceObject(v), fmt.Sprintf("Service %s has no endpoint: ", v.Name)+inflect(fmt.Sprintf("its %d {pod is|pods are} not ready", len(pods)), len(pods)))
	f.Pods = pods
	for _, p := range pods {
		f.Since = latest(f.Since, unreadySince(p))
	}
	for _, p := range pods[:min(len(pods), shownPods)] {
		f.See(seenAPI(podObject(p), "status.conditions[Ready]", unreadySince(p), "not ready"))
	}
	f.See(sliceEvidence(s, v))
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func allStarting(s *snapshot.Snapshot, pods []*corev1.Pod) bool {
	for _, p := range pods {
		if !startingUp(s, p) {
			return false
		}
	}
	return true
}

// sliceEvidence is what the EndpointSlices say, where there are any.
func sliceEvidence(s *snapshot.Snapshot, v *corev1.Service) incident.Evidence {
	ready, total, name := 0, 0, ""
	for _, slice := range s.EndpointSlicesOf(v.Namespace, v.Name) {
		name = slice.Name
		for i := range slice.Endpoints {
			total++
			if c := slice.Endpoints[i].Conditions.Ready; c == nil || *c {
				ready++
			}
		}
	}
	if name == "" {
		return incident.Evidence{}
	}
	return seenAPI(snapshot.ObjectOf("EndpointSlice", v.Namespace, name), "endpoints", time.Time{}, fmt.Sprintf("%d of %d endpoints ready", ready, total))
}

// template is a workload's pod template, for Services whose pods do not exist.
type template struct {
	object   incident.Object
	replicas int32
	labels   map[string]string
}

// templatesIn lists the namespace's workloads. It is called only for Services without pods.
func templatesIn(s *snapshot.Snapshot, namespace string) []template {
	var out []template
	for i := range s.Deployments {
		if d := &s.Deployments[i]; d.Namespace == namespace {
			out = append(out, template{snapshot.ObjectOf("Deployment", namespace, d.Name), replicas(d.Spec.Replicas), d.Spec.Template.Labels})
		}
	}
	for i := range s.StatefulSets {
		if d := &s.StatefulSets[i]; d.Namespace == namespace {
			out = append(out, template{snapshot.ObjectOf("StatefulSet", namespace, d.Name), replicas(d.Spec.Replicas), d.Spec.Template.Labels})
		}
	}
	for i := range s.DaemonSets {
		if d := &s.DaemonSets[i]; d.Namespace == namespace {
			out = append(out, template{snapshot.ObjectOf("DaemonSet", namespace, d.Name), d.Status.DesiredNumberScheduled, d.Spec.Template.Labels})
		}
	}
	for _, p := range s.PodsIn(namespace) {
		if len(p.OwnerReferences) == 0 {
			out = append(out, template{podObject(p), 1, p.Labels})
		}
	}
	return out
}

func selectsNothing(s *snapshot.Snapshot, r *Report, v *corev1.Service) {
	o := serviceObject(v)
	seen := seenAPI(o, "spec.selector", time.Time{}, labelWords(v.Spec.Selector))
	templates := templatesIn(s, v.Namespace)
	for _, t := range templates {
		if !matches(v.Spec.Selector, t.labels) {
			continue
		}
		if t.replicas == 0 {
			f := r.Find(ServiceIdle, o, fmt.Sprintf("Service %s has no pods: %s is scaled to 0", v.Name, short(t.object))).See(seen)
			f.Workload = t.object
			return
		}
		f := r.Find(ServiceNoEndpoints, o, fmt.Sprintf("Service %s has no endpoint: %s has no pods", v.Name, short(t.object))).See(seen)
		f.Workload, f.Root = t.object, false
		return
	}
	title := fmt.Sprintf("Service %s selects no pod: nothing has %s", v.Name, labelWords(v.Spec.Selector))
	f := r.Find(ServiceNoEndpoints, o, title).See(seen)
	f.Since = v.CreationTimestamp.Time
	near, ok := nearestTemplate(v, templates)
	if !ok {
		f.Severity = incident.Warning // whose it is can't be seen: a leftover, perhaps
		return
	}
	f.Title = oneLine(fmt.Sprintf("Service %s selects no pod: its selector has %s, %s has %s", v.Name,
		labelWords(differing(v.Spec.Selector, near.labels)), short(near.object), labelWords(counterpart(v.Spec.Selector, near.labels))), maxTitle)
	f.See(seenAPI(near.object, "spec.template.metadata.labels", time.Time{}, labelWords(near.labels)))
}

// nearestTemplate finds the workload that a selector most likely means: most labels in common, then values or names that look alike.
func nearestTemplate(v *corev1.Service, templates []template) (best template, ok bool) {
	bestScore := 0
	for _, t := range templates {
		score := 0
		for k, want := range v.Spec.Selector {
			switch have, has := t.labels[k]; {
			case has && have == want:
				score += 4
			case has && len(near(want, []string{have})) > 0:
				score += 2
			case slices.Contains(slices.Collect(maps.Values(t.labels)), want):
				score += 2
			}
		}
		if t.object.Name == v.Name {
			score += 2
		}
		if score > bestScore {
			best, bestScore, ok = t, score, true
		}
	}
	return best, ok
}

// differing are the selector's labels that the others lack or have otherwise.
func differing(selector, labels map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range selector {
		if labels[k] != v {
			out[k] = v
		}
	}
	return out
}

// counterpart are the labels that stand where the differing ones should: the same keys, or all of them if none has the key.
func counterpart(selector, labels map[string]string) map[string]string {
	out := map[string]string{}
	for k := range differing(selector, labels) {
		if v, ok := labels[k]; ok {
			out[k] = v
		}
	}
	if len(out) == 0 {
		return labels
	}
	return out
}

func labelWords(labels map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, k+"="+labels[k])
	}
	if len(out) == 0 {
		return "no labels"
	}
	return strings.Join(out, ",")
}

// checkTargetPorts compares target ports with the pods' containers. A number that no container declares counts only where every
// container declares some: to declare a port is a habit, not a duty.
func checkTargetPorts(r *Report, v *corev1.Service, pods []*corev1.Pod) {
	p := pods[0]
	for _, port := range v.Spec.Ports {
		ports, complete := declaredPorts(p, port.Protocol)
		target := port.TargetPort
		if target.Type == intstr.Int && target.IntVal == 0 {
			target = intstr.FromInt32(port.Port)
		}
		var names []string
		found := false
		for _, c := range ports {
			found = found || target.Type == intstr.String && c.Name == target.StrVal || target.Type == intstr.Int && c.ContainerPort == target.IntVal
			if c.Name != "" && target.Type == intstr.String {
				names = append(names, c.Name)
			} else {
				names = append(names, fmt.Sprint(c.ContainerPort))
			}
		}
		if found || target.Type == intstr.Int && !complete {
			continue
		}
		there := didYouMean(names)
		what := target.String()
		if target.Type == intstr.String {
			what = fmt.Sprintf("%q", what)
		}
		f := r.Find(ServicePortMismatch, serviceObject(v), fmt.Sprintf("Service %s sends port %d to %s, which its pods don't have%s", v.Name, port.Port, what, there))
		f.Pods = pods
		f.See(seenAPI(f.Object, "spec.ports", time.Time{}, fmt.Sprintf("port %d, targetPort %s", port.Port, target.String())),
			seenAPI(podObject(p), "spec.containers[].ports", time.Time{}, "has "+strings.Join(names, ", ")))
	}
}

func declaredPorts(p *corev1.Pod, protocol corev1.Protocol) (ports []corev1.ContainerPort, complete bool) {
	complete = true
	add := func(c *corev1.Container) {
		complete = complete && len(c.Ports) > 0
		for _, port := range c.Ports {
			if port.Protocol == protocol || port.Protocol == "" || protocol == "" {
				ports = append(ports, port)
			}
		}
	}
	for i := range p.Spec.InitContainers {
		if isSidecar(&p.Spec.InitContainers[i]) {
			add(&p.Spec.InitContainers[i])
		}
	}
	for i := range p.Spec.Containers {
		add(&p.Spec.Containers[i])
	}
	return ports, complete && len(ports) > 0
}

// checkCalled finds Services that failing pods' logs call and that do not exist.
func checkCalled(s *snapshot.Snapshot, r *Report) {
	if notSeen(s, "services") || s.Namespace != "" {
		return
	}
	called := map[incident.Object]*Finding{}
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || healthy(p) {
			continue
		}
		for _, d := range readingOf(s, l).Facts {
			o, ok := ServiceOf(s, d.Host, l.Namespace)
			if !ok || d.Kind != logs.NameUnresolved || s.Service(o.Namespace, o.Name) != nil {
				continue
			}
			f := called[o]
			if f == nil {
				f = r.Find(ServiceMissing, o, fmt.Sprintf("Service %s/%s does not exist%s, %s calls it", o.Namespace, o.Name, didYouMean(near(o.Name, servicesIn(s, o.Namespace))), short(s.WorkloadOf(p))))
				called[o] = f
			}
			f.Pods = union(f.Pods, []*corev1.Pod{p})
			f.See(seenLog(p, l.Container, l.Previous, d.Line))
		}
	}
}

func servicesIn(s *snapshot.Snapshot, namespace string) []string {
	var names []string
	for i := range s.Services {
		if s.Services[i].Namespace == namespace {
			names = append(names, s.Services[i].Name)
		}
	}
	return names
}
