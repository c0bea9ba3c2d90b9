package services

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of suspicions about what stands behind a Service.
const (
	ServiceMixesReleases  = "ServiceMixesReleases"
	ServicePortUndeclared = "ServicePortUndeclared"
	ServiceMayReachOthers = "ServiceMayReachOthers"
)

var strangerCodes = []finding.Code{
	{Code: ServiceMixesReleases, Severity: incident.Warning, Root: true,
		Meaning: "A Service selects the pods of another release beside its own: that share of the calls is answered by the other one.",
		Next:    "Add a label to the selector that only its own release has, such as app.kubernetes.io/instance.",
		Example: "Service shop/blue-web of release blue also sends to the pods of Deployment green-web of release green: its selector app=web " +
			"fits both"},
	{Code: ServiceMayReachOthers, Severity: incident.Warning, Root: true,
		Meaning: "A Service's selector fits the pods of a second workload, which do not declare its port: that share of the calls may " +
			"be refused.",
		Next: "Add a label to the Service's selector that only the pods that are meant have.",
		Example: "Service shop/api also sends to the pods of Deployment api-worker, which declare no port 8080: its selector app=api fits them " +
			"as well as Deployment api"},
	{Code: ServicePortUndeclared, Severity: incident.Warning, Root: true,
		Meaning: "A Service sends to a port that no container of its pods declares and no probe asks, though they declare others.",
		Next:    "Compare the Service's targetPort with the port on which the program listens.",
		Example: "Service shop/web sends port 80 to 8080, which no container of Deployment web declares (there is 8000)"},
}

// checkStrangers suspects what stands behind Services: pods that were not meant, and ports that are not there.
func checkStrangers(s *snapshot.Snapshot, r *finding.Report) {
	if finding.NotSeen(s, "pods", "") || finding.NotSeen(s, "services", "") {
		return
	}
	dns := resolvers.Service(s)
	for i := range s.Services {
		v := &s.Services[i]
		if v == dns || len(v.Spec.Selector) == 0 || kube.Newly(s, v.CreationTimestamp.Time) || slices.ContainsFunc(r.Findings,
			func(f *finding.Finding) bool {
				return f.Object == kube.ServiceObject(v) && f.Code == ServiceSelectsOthers
			}) {
			continue
		}
		behind := slices.DeleteFunc(kube.Selected(s, v.Namespace, v.Spec.Selector), func(p *corev1.Pod) bool { return !kube.IsReady(p) })
		if len(behind) == 0 || mixesReleases(s, r, v, behind) {
			continue
		}
		for _, port := range v.Spec.Ports {
			if reachesOthers(s, r, v, port) || portUndeclared(s, r, v, port, behind) {
				break
			}
		}
	}
}

// mixesReleases reports a Service behind which are pods of its own release and of another one.
func mixesReleases(s *snapshot.Snapshot, r *finding.Report, v *corev1.Service, behind []*corev1.Pod) bool {
	own := kube.ReleaseOf(v)
	if own == "" {
		return false
	}
	var mine, other *corev1.Pod
	theirs := ""
	for _, p := range behind {
		switch release := kube.WorkloadRelease(s, s.WorkloadOf(p)); {
		case release == own:
			mine = p
		case release != "" && other == nil:
			other, theirs = p, release
		}
	}
	if mine == nil || other == nil {
		return false
	}
	w, o := s.WorkloadOf(other), kube.ServiceObject(v)
	f := r.Find(ServiceMixesReleases, o, fmt.Sprintf(
		"Service %s/%s of release %s also sends to the pods of %s of release %s: its selector %s fits both", v.Namespace, v.Name, own,
		finding.Short(w), theirs, kube.LabelWords(v.Spec.Selector))).Suspected()
	f.Fault, f.Since, f.Pods = []incident.Object{o, w}, kube.Latest(v.CreationTimestamp.Time, other.CreationTimestamp.Time), behind
	f.Cite(finding.SeenAPI(o, "spec.selector", time.Time{}, kube.LabelWords(v.Spec.Selector)),
		finding.SeenAPI(finding.PodObject(mine), "metadata.labels", time.Time{}, kube.LabelWords(mine.Labels)),
		finding.SeenAPI(finding.PodObject(other), "metadata.labels", time.Time{}, kube.LabelWords(other.Labels)))
	return true
}

// reachesOthers reports a Service one of whose workloads declares its port while another one does not.
func reachesOthers(s *snapshot.Snapshot, r *finding.Report, v *corev1.Service, port corev1.ServicePort) bool {
	target, known := strangersPort(s, v, port)
	have, lack := split(calls.Callers{S: s, R: r}, v, target.IntVal, port.Protocol)
	if !known || len(have) == 0 || len(lack) == 0 || asksPort(lack[0], target.IntVal) ||
		addressless(v) && !askedForByItself(s, kube.ServiceObject(v)) {
		return false
	}
	meant, other, o := s.WorkloadOf(have[0]), s.WorkloadOf(lack[0]), kube.ServiceObject(v)
	f := r.Find(ServiceMayReachOthers, o, fmt.Sprintf(
		"Service %s/%s also sends to the pods of %s, which declare no port %s: its selector %s fits them as well as %s", v.Namespace, v.Name,
		finding.Short(other), target.String(), kube.LabelWords(v.Spec.Selector), finding.Short(meant))).Suspected()
	f.Fault, f.Since = []incident.Object{o, other}, kube.Latest(v.CreationTimestamp.Time, lack[0].CreationTimestamp.Time)
	if own := kube.OwnLabel(have, lack); own != "" {
		f.Next = fmt.Sprintf("Add %s to the selector of Service %s, which only the pods of %s have.", own, v.Name, finding.Short(meant))
	}
	f.Cite(finding.SeenAPI(o, "spec", time.Time{}, fmt.Sprintf("selector %s, targetPort %s", kube.LabelWords(v.Spec.Selector),
		target.String())),
		finding.SeenAPI(finding.PodObject(have[0]), "spec.containers.ports", time.Time{}, declaredWords(have[0])),
		finding.SeenAPI(finding.PodObject(lack[0]), "spec.containers.ports", time.Time{}, declaredWords(lack[0])))
	return true
}

// strangersPort is the port's number at the pods, if a Service sends calls there to whatever pod it selects. One that seeks its port by
// name picks out who has it; a headless one gives out the addresses of all.
func strangersPort(s *snapshot.Snapshot, v *corev1.Service, port corev1.ServicePort) (intstr.IntOrString, bool) {
	target := kube.TargetPort(port)
	if !addressless(v) {
		return target, target.Type == intstr.Int
	}
	number, known := behindPort(s, v, port)
	return intstr.Parse(number), known
}

func addressless(v *corev1.Service) bool { return v.Spec.ClusterIP == corev1.ClusterIPNone }

// askedForByItself says whether the settings of any workload name a Service by its own name. Of a headless one mostly those of pods below
// it are asked for, and then it does no harm that it selects others too.
func askedForByItself(s *snapshot.Snapshot, o incident.Object) bool {
	seen := map[incident.Object]bool{}
	for i := range s.Pods {
		p := &s.Pods[i]
		if w := s.WorkloadOf(p); !seen[w] {
			if seen[w] = true; calls.ByItself(s, p, o) {
				return true
			}
		}
	}
	return false
}

// asksPort says whether a probe of a ready pod asks the port, which then answers.
func asksPort(p *corev1.Pod, port int32) bool {
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		for _, probe := range []*corev1.Probe{c.ReadinessProbe, c.LivenessProbe, c.StartupProbe} {
			if probe == nil {
				continue
			}
			if h := probe.HTTPGet; h != nil && h.Port.IntVal == port {
				return true
			}
			if t := probe.TCPSocket; t != nil && t.Port.IntVal == port {
				return true
			}
			if g := probe.GRPC; g != nil && g.Port == port {
				return true
			}
		}
	}
	return false
}

// portUndeclared reports the only port of a Service whose pods, of one workload, declare others and are not asked there by their probes.
// Where all of a pod's containers declare their ports, ServicePortMismatch says so.
func portUndeclared(s *snapshot.Snapshot, r *finding.Report, v *corev1.Service, port corev1.ServicePort, behind []*corev1.Pod) bool {
	target, p := kube.TargetPort(port), behind[0]
	declared, complete := kube.DeclaredPorts(p, port.Protocol)
	if target.Type != intstr.Int || addressless(v) || len(v.Spec.Ports) != 1 || complete || len(declared) == 0 ||
		asksPort(p, target.IntVal) || reached(s, kube.ServiceObject(v)) ||
		slices.ContainsFunc(declared, func(c corev1.ContainerPort) bool { return c.ContainerPort == target.IntVal }) {
		return false
	}
	o := kube.ServiceObject(v)
	f := r.Find(ServicePortUndeclared, o, fmt.Sprintf("Service %s/%s sends port %d to %s, which no container of %s declares%s", v.Namespace,
		v.Name, port.Port, target.String(), finding.Short(s.WorkloadOf(p)),
		kube.DidYouMean(kube.ContainerPorts(declared, target.Type)))).Suspected()
	f.Pods, f.Since = behind, v.CreationTimestamp.Time
	f.Cite(finding.SeenAPI(o, "spec.ports", time.Time{}, fmt.Sprintf("port %d, targetPort %s", port.Port, target.String())),
		finding.SeenAPI(finding.PodObject(p), "spec.containers.ports", time.Time{}, declaredWords(p)))
	return true
}
