package storage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// VolumeNodeMissing is the code of a volume that lies on a node which does not exist.
const VolumeNodeMissing = "VolumeNodeMissing"

var volumePlaceCodes = []finding.Code{
	{Code: VolumeNodeMissing, Severity: incident.Critical, Root: true, RestsOn: []incident.Resource{finding.Nodes},
		Meaning: "A volume's node affinity names nodes of which none exists, so no pod that uses it can be scheduled.",
		Next: "If the volume was made by hand for another cluster, make it anew with the name of the node that has the data (node affinity " +
			"cannot be changed); if the node is gone for good, so is a local volume's data.",
		Example: "PersistentVolume data-1 lies on node worker-node01, which does not exist (there are n1, n2), and 1 pod waits for it"},
}

// checkPlaces reports volumes that lie nowhere and that pods wait for.
func checkPlaces(s *snapshot.Snapshot, r *finding.Report) {
	if len(s.Nodes) == 0 || finding.NotSeen(s, finding.Nodes, "") {
		return
	}
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.Spec.NodeName != "" || p.DeletionTimestamp != nil || kube.HasEnded(p) {
			continue
		}
		for _, o := range kube.ClaimsOf(p) {
			c := s.PersistentVolumeClaim(o.Namespace, o.Name)
			if c == nil || c.Spec.VolumeName == "" {
				continue
			}
			if v := s.PersistentVolume(c.Spec.VolumeName); v != nil {
				reportPlace(s, r, v, o, p)
			}
		}
	}
}

func reportPlace(s *snapshot.Snapshot, r *finding.Report, v *corev1.PersistentVolume, claim incident.Object, p *corev1.Pod) {
	names := hostsOf(v)
	if len(names) == 0 || slices.ContainsFunc(names, func(name string) bool { return hostExists(s, name) }) {
		return
	}
	o := volumeObject(v.Name)
	i := slices.IndexFunc(r.Findings, func(f *finding.Finding) bool { return f.Code == VolumeNodeMissing && f.Object == o })
	if i >= 0 {
		r.Findings[i].AddPod(p)
		return
	}
	var there []string
	for i := range s.Nodes {
		there = append(there, s.Nodes[i].Name)
	}
	f := r.Find(VolumeNodeMissing, o, fmt.Sprintf("PersistentVolume %s of claim %s lies on node %s, which does not exist: there is %s",
		v.Name, claim.Name, finding.ListWords(names, finding.ShownPods), finding.ListWords(there, finding.ShownPods)))
	f.Because = f.Title + "; no pod that uses it can be scheduled"
	f.Since, f.Refs = p.CreationTimestamp.Time, []incident.Object{claim}
	f.AddPod(p)
	f.Workload = s.WorkloadOf(p)
	f.Cite(finding.SeenAPI(o, "spec.nodeAffinity", v.CreationTimestamp.Time, "kubernetes.io/hostname in ("+strings.Join(names, ", ")+")"),
		finding.SeenAPI(claim, "spec.volumeName", time.Time{}, v.Name))
}

// hostsOf are the hosts that each term of a volume's node affinity asks for; nil where one asks for something else, or for none.
func hostsOf(v *corev1.PersistentVolume) []string {
	if v.Spec.NodeAffinity == nil || v.Spec.NodeAffinity.Required == nil {
		return nil
	}
	var out []string
	for _, t := range v.Spec.NodeAffinity.Required.NodeSelectorTerms {
		i := slices.IndexFunc(t.MatchExpressions, func(x corev1.NodeSelectorRequirement) bool {
			return x.Key == corev1.LabelHostname && x.Operator == corev1.NodeSelectorOpIn
		})
		if i < 0 {
			return nil
		}
		out = append(out, t.MatchExpressions[i].Values...)
	}
	return out
}

func hostExists(s *snapshot.Snapshot, name string) bool {
	return slices.ContainsFunc(s.Nodes, func(n corev1.Node) bool { return n.Labels[corev1.LabelHostname] == name || n.Name == name })
}
