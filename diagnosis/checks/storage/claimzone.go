package storage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// outside says that a class allows volumes only where no node is: the scheduler then finds none that could have the claim's volume.
func outside(s *snapshot.Snapshot, class *storagev1.StorageClass) pending {
	if len(class.AllowedTopologies) == 0 || len(s.Nodes) == 0 || finding.NotSeen(s, "nodes", "") {
		return pending{}
	}
	for i := range s.Nodes {
		if slices.ContainsFunc(class.AllowedTopologies, func(t corev1.TopologySelectorTerm) bool { return within(&s.Nodes[i], t) }) {
			return pending{}
		}
	}
	var allowed, there []string
	for _, t := range class.AllowedTopologies {
		for _, e := range t.MatchLabelExpressions {
			allowed = finding.Union(allowed, []string{e.Key + " " + strings.Join(e.Values, " or ")})
			for i := range s.Nodes {
				if v := s.Nodes[i].Labels[e.Key]; v != "" {
					there = finding.Union(there, []string{v})
				}
			}
		}
	}
	slices.Sort(there)
	o := snapshot.ObjectOf("StorageClass", "", class.Name)
	return pending{why: fmt.Sprintf("StorageClass %s allows volumes in %s only, and no node is there%s", class.Name, finding.FirstFew(allowed),
		kube.DidYouMean(there[:min(len(there), 3)])), fault: o, final: true,
		seen: []incident.Evidence{finding.SeenAPI(o, "allowedTopologies", time.Time{}, strings.Join(allowed, ", "))}}
}

// within says whether a node is where a term allows; all of its expressions must be met.
func within(n *corev1.Node, t corev1.TopologySelectorTerm) bool {
	return !slices.ContainsFunc(t.MatchLabelExpressions, func(e corev1.TopologySelectorLabelRequirement) bool {
		return !slices.Contains(e.Values, n.Labels[e.Key])
	})
}
