package storage

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// noDriver tells that a node lacks a CSI driver. Where the driver's pod there is not ready, that is its workload's, on however many nodes; or
// else the node's.
func (m *mounts) noDriver(p *corev1.Pod, e *corev1.Event, driver string) {
	node := snapshot.ObjectOf("Node", "", p.Spec.NodeName)
	of, sound := kube.NodeDriver(m.s, driver)
	if of.Kind == "DaemonSet" && slices.ContainsFunc(m.s.PodsOn(node.Name), func(p *corev1.Pod) bool {
		return m.s.WorkloadOf(p) == of && !kube.IsReady(p)
	}) {
		f := m.note(p, e, CSIDriverMissing, of, driver, "")
		f.Refs = finding.Union(f.Refs, []incident.Object{of, node})
		f.Retitle(fmt.Sprintf("%s %s/%s does not offer the CSI driver %s on %s %s: volumes of it cannot be mounted there; it %s", of.Kind,
			of.Namespace, of.Name, driver, finding.Inflect(len(f.Nodes), "{node|nodes}"), finding.FirstFew(f.Nodes), sound))
		return
	}
	title := fmt.Sprintf("Node %s has no CSI driver %s: volumes of it cannot be mounted there", node.Name, driver)
	if !of.IsZero() {
		title += fmt.Sprintf("; %s %s/%s %s", of.Kind, of.Namespace, of.Name, sound)
	}
	f := m.note(p, e, CSIDriverMissing, node, driver, title)
	if !of.IsZero() {
		f.Refs, f.Fault = finding.Union(f.Refs, []incident.Object{of}), []incident.Object{node, of}
	}
}
