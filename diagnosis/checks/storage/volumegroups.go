package storage

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// volumesByClass are the PersistentVolumes of a class, by name, as far as they differ to a claim.
type volumesByClass struct {
	all   []*corev1.PersistentVolume                          // the first of those that fit, or do not fit, for the same reasons
	keyed map[string]bool                                     // what is in all, in so many words
	kept  map[types.NamespacedName][]*corev1.PersistentVolume // by the claim that each is kept for
}

// candidates are the volumes of a class of which one may be the nearest to a claim, by name: of those that are alike to every claim but the
// one that they are kept for, only the first. A claim that selects by labels wants to see all of them.
func candidates(s *snapshot.Snapshot, c *corev1.PersistentVolumeClaim, class string) []*corev1.PersistentVolume {
	type key struct{ labels bool }
	byLabels := c.Spec.Selector != nil
	of := snapshot.Once(s, key{byLabels}, func() map[string]*volumesByClass { return groupVolumes(s, byLabels) })[class]
	if of == nil {
		return nil
	}
	own := of.kept[types.NamespacedName{Namespace: c.Namespace, Name: c.Name}]
	out := make([]*corev1.PersistentVolume, 0, len(of.all)+len(own))
	for _, v := range of.all {
		for len(own) > 0 && own[0].Name < v.Name {
			out, own = append(out, own[0]), own[1:]
		}
		if len(own) > 0 && own[0] == v {
			own = own[1:]
		}
		out = append(out, v)
	}
	return append(out, own...)
}

func groupVolumes(s *snapshot.Snapshot, byLabels bool) map[string]*volumesByClass {
	m := map[string]*volumesByClass{}
	for i := range s.PersistentVolumes {
		v := &s.PersistentVolumes[i]
		of := m[v.Spec.StorageClassName]
		if of == nil {
			of = &volumesByClass{keyed: map[string]bool{}, kept: map[types.NamespacedName][]*corev1.PersistentVolume{}}
			m[v.Spec.StorageClassName] = of
		}
		if ref := v.Spec.ClaimRef; ref != nil {
			k := types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
			of.kept[k] = append(of.kept[k], v)
		}
		size := v.Spec.Capacity[corev1.ResourceStorage]
		alike := fmt.Sprint(v.Spec.ClaimRef != nil, v.DeletionTimestamp != nil, size.String(), v.Spec.AccessModes,
			volumeMode(v.Spec.VolumeMode), placed(v) != "")
		if byLabels {
			alike += kube.LabelWords(v.Labels)
		}
		if !of.keyed[alike] {
			of.keyed[alike], of.all = true, append(of.all, v)
		}
	}
	return m
}
