package resolvers

import (
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Where the cluster's DNS is found: its Service's namespace and name, and the label of its pods that bears the name.
const (
	DNSNamespace = metav1.NamespaceSystem
	DNSName      = "kube-dns"
	DNSLabel     = "k8s-app"
)

// Service is the Service that answers names in the cluster; nil if none is seen.
func Service(s *snapshot.Snapshot) *corev1.Service {
	if v := s.Service(DNSNamespace, DNSName); v != nil {
		return v
	}
	for i := range s.Services {
		if v := &s.Services[i]; v.Namespace == DNSNamespace && v.Labels[DNSLabel] == DNSName && v.Spec.ClusterIP != corev1.ClusterIPNone {
			return v
		}
	}
	return nil
}

// Resolver is the cluster's DNS: its Service, pods, workload and configuration.
type Resolver struct {
	Service  *corev1.Service // nil if not seen
	Pods     []*corev1.Pod
	Workload incident.Object
	Replicas int32           // that the workload wants; 1 where it can't be seen
	Spec     *corev1.PodSpec // of a pod, or of the template
	Config   *corev1.ConfigMap
}

// Find finds the cluster's DNS; ok is false where neither its Service nor its pods are seen.
func Find(s *snapshot.Snapshot) (Resolver, bool) {
	d := Resolver{Service: Service(s), Replicas: 1}
	selector := map[string]string{DNSLabel: DNSName}
	if d.Service != nil && len(d.Service.Spec.Selector) > 0 {
		selector = d.Service.Spec.Selector
	}
	for _, p := range s.PodsSelected(DNSNamespace, selector) {
		if !kube.HasEnded(p) {
			d.Pods = append(d.Pods, p)
		}
	}
	for _, t := range kube.TemplatesIn(s, DNSNamespace) {
		if t.Object.Kind != "Pod" && kube.Matches(selector, t.Labels) {
			d.Workload, d.Replicas = t.Object, t.Replicas
			d.Spec = kube.TemplateSpec(s, t.Object)
			break
		}
	}
	if len(d.Pods) > 0 {
		d.Spec = &d.Pods[0].Spec
		if d.Workload.IsZero() {
			d.Workload = s.WorkloadOf(d.Pods[0])
		}
	}
	d.Config = corefileMap(s, d.Spec)
	return d, d.Service != nil || d.Spec != nil
}

// Ready says whether a pod of the cluster's DNS is seen to be ready.
func Ready(s *snapshot.Snapshot) bool {
	type key struct{}
	return snapshot.Once(s, key{}, func() bool {
		d, _ := Find(s)
		return slices.ContainsFunc(d.Pods, kube.IsReady)
	})
}

// corefileMap is the ConfigMap of the DNS pods' volumes that holds the Corefile, or the one that has always been called so.
func corefileMap(s *snapshot.Snapshot, spec *corev1.PodSpec) *corev1.ConfigMap {
	if spec != nil {
		for i := range spec.Volumes {
			if v := spec.Volumes[i].ConfigMap; v != nil {
				if c := s.ConfigMap(DNSNamespace, v.Name); c != nil && c.Data["Corefile"] != "" {
					return c
				}
			}
		}
	}
	return s.ConfigMap(DNSNamespace, "coredns")
}

// The lines with which CoreDNS says why it stops.
var (
	LoopLine     = regexp.MustCompile(`plugin/loop: Loop \(([^)]*)\) detected for zone "([^"]*)"`)
	ServedTwice  = regexp.MustCompile(`cannot serve (\S+) - (?:it is already defined|zone overlap.*)`)
	CorefileLine = regexp.MustCompile(`(\S*Corefile):(\d+)\s*-\s*Error during parsing: (.*)`)
)

// Fatal is the line with which a DNS pod says why it stops, if its log has one, and the evidence of it.
func (d Resolver) Fatal(s *snapshot.Snapshot) (incident.Evidence, *corev1.Pod) {
	for _, p := range d.Pods {
		for _, c := range p.Spec.Containers {
			for _, previous := range []bool{false, true} {
				l := s.Log(p.Namespace, p.Name, c.Name, previous)
				if l == nil {
					continue
				}
				for _, line := range slices.Backward(readings.Of(s, l).Telling) {
					if LoopLine.MatchString(line) || CorefileLine.MatchString(line) || ServedTwice.MatchString(line) {
						return finding.SeenLog(p, c.Name, previous, line), p
					}
				}
			}
		}
	}
	return incident.Evidence{}, nil
}

// AnswersNames says whether the workload is the cluster's DNS.
func AnswersNames(s *snapshot.Snapshot, workload incident.Object) bool {
	type key struct{}
	dns := snapshot.Once(s, key{}, func() incident.Object {
		d, _ := Find(s)
		return d.Workload
	})
	return !workload.IsZero() && dns == workload
}

// UsesClusterDNS says whether a pod asks the cluster's DNS for names. It follows the API's rule: ClusterFirst means the node's resolver for
// pods on the host network.
func UsesClusterDNS(p *corev1.Pod) bool {
	switch p.Spec.DNSPolicy {
	case corev1.DNSClusterFirstWithHostNet:
		return true
	case corev1.DNSClusterFirst, "":
		return !p.Spec.HostNetwork
	}
	return false
}

// NodeLocalDNS is the address at which the node-local cache of the cluster's DNS listens, where there is one.
const NodeLocalDNS = "169.254.20.10"
