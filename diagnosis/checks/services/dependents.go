package services

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// neededServices are the Services that pods which are not well cannot do without: their logs say that they call them in vain, or their
// init containers wait for them.
func neededServices(s *snapshot.Snapshot) map[incident.Object][]*corev1.Pod {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[incident.Object][]*corev1.Pod {
		by := map[incident.Object]*finding.Gathered[*corev1.Pod]{}
		add := func(service incident.Object, p *corev1.Pod) {
			if by[service] == nil {
				by[service] = &finding.Gathered[*corev1.Pod]{}
			}
			by[service].Add(p)
		}
		for _, call := range calls.Failing(s) {
			if !call.Service.IsZero() {
				add(call.Service, call.Pod)
			}
		}
		for i := range s.Pods {
			p := &s.Pods[i]
			if len(p.Spec.InitContainers) == 0 || kube.Healthy(p) {
				continue
			}
			for _, a := range podproblem.Of(s, p) {
				if a.Code != podproblem.PodInitStuck {
					continue
				}
				for _, o := range a.Refs {
					add(o, p)
				}
			}
		}
		byService := make(map[incident.Object][]*corev1.Pod, len(by))
		for o, pods := range by {
			byService[o] = pods.List
		}
		return byService
	})
}

// needed makes a Service without pods a fault where somebody needs it: scaling its workload to zero is on purpose until then.
func needed(f *finding.Finding, s *snapshot.Snapshot, workload incident.Object) {
	by := neededServices(s)[f.Object]
	if len(by) == 0 {
		return
	}
	f.Severity, f.Root, f.Fault = incident.Critical, true, []incident.Object{workload}
	f.Retitle(fmt.Sprintf("%s, and %s needs it", f.Title, finding.Short(s.WorkloadOf(by[0]))))
	f.Next = "Scale " + finding.Short(workload) + " up again, or stop what calls it."
	f.Cite(finding.SeenAPI(workload, "spec.replicas", time.Time{}, "0 replicas"))
}
