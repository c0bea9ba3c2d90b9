package storage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func volumeObject(name string) incident.Object {
	return snapshot.ObjectOf("PersistentVolume", "", name)
}

// namedVolume is a claim that names its volume and is not bound to it.
func namedVolume(s *snapshot.Snapshot, c *corev1.PersistentVolumeClaim) pending {
	o, name := claimObject(c), c.Spec.VolumeName
	if finding.NotSeen(s, "persistentvolumes", "") {
		return saidPending(s, c)
	}
	v := s.PersistentVolume(name)
	if v == nil {
		var names []string
		for i := range s.PersistentVolumes {
			names = append(names, s.PersistentVolumes[i].Name)
		}
		alike := kube.Nearest(name, names)
		return pending{why: fmt.Sprintf("it names PersistentVolume %s, which does not exist%s", name, kube.DidYouMean(alike)),
			fault: volumeObject(name), final: len(alike) > 0,
			seen: []incident.Evidence{finding.SeenAPI(o, "spec.volumeName", time.Time{}, name)}}
	}
	if reasons := misfits(c, v); len(reasons) > 0 {
		return pending{why: fmt.Sprintf("it names PersistentVolume %s, which %s", name, strings.Join(reasons, " and ")),
			fault: volumeObject(name), refs: []incident.Object{volumeObject(name)}, final: true,
			seen: []incident.Evidence{finding.SeenAPI(o, "spec.volumeName", time.Time{}, name), volumeEvidence(v)}}
	}
	return saidPending(s, c)
}

// byHand compares a claim with the volumes made by hand and names the one that comes nearest; nothing where none is of its class.
func byHand(s *snapshot.Snapshot, c *corev1.PersistentVolumeClaim, class string) pending {
	if finding.NotSeen(s, "persistentvolumes", "") {
		return saidPending(s, c)
	}
	var best *corev1.PersistentVolume
	var reasons []string
	for _, v := range candidates(s, c, class) {
		why := misfits(c, v)
		if len(why) == 0 {
			if where := placed(v); where != "" && waitsUnplaced(s, c) {
				why = []string{where}
			} else {
				return saidPending(s, c) // the controller is about to bind it
			}
		}
		if best == nil || nearer(c, v, best, why, reasons) {
			best, reasons = v, why
		}
	}
	if best == nil {
		if class == "" || s.StorageClass(class) == nil {
			return saidPending(s, c)
		}
		return pending{why: fmt.Sprintf("its class %s makes no volumes by itself (%s), and there is no PersistentVolume of that class", class,
			noProvisioner),
			fault: snapshot.ObjectOf("StorageClass", "", class)}
	}
	return pending{why: fmt.Sprintf("no PersistentVolume fits; %s comes nearest, but %s", best.Name, strings.Join(reasons, " and ")),
		fault: volumeObject(best.Name), refs: []incident.Object{volumeObject(best.Name)},
		seen: []incident.Evidence{wantEvidence(c), volumeEvidence(best)}}
}

// nearer prefers the volume with fewer misfits; a volume that once was this claim's to any other; then one that is free.
func nearer(c *corev1.PersistentVolumeClaim, a, b *corev1.PersistentVolume, why, than []string) bool {
	if mine, yours := claimedBy(a, c), claimedBy(b, c); mine != yours {
		return mine
	}
	if len(why) != len(than) {
		return len(why) < len(than)
	}
	return a.Spec.ClaimRef == nil && b.Spec.ClaimRef != nil
}

// claimedBy says whether a volume is kept for a claim of that name, whichever it was.
func claimedBy(v *corev1.PersistentVolume, c *corev1.PersistentVolumeClaim) bool {
	return v.Spec.ClaimRef != nil && v.Spec.ClaimRef.Namespace == c.Namespace && v.Spec.ClaimRef.Name == c.Name
}

// misfits says why the volume controller does not bind the claim to the volume, by its own rules (pkg/controller/volume/persistentvolume).
func misfits(c *corev1.PersistentVolumeClaim, v *corev1.PersistentVolume) []string {
	var why []string
	if ref := v.Spec.ClaimRef; ref != nil {
		switch {
		case claimedBy(v, c) && (ref.UID == "" || ref.UID == c.UID): // it is kept for this very claim
		case claimedBy(v, c):
			why = append(why, fmt.Sprintf("is %s: it is still kept for a deleted claim of the same name", v.Status.Phase))
		case v.Status.Phase == corev1.VolumeReleased:
			why = append(why, fmt.Sprintf("is Released: it is still kept for the deleted claim %s/%s", ref.Namespace, ref.Name))
		default:
			why = append(why, fmt.Sprintf("belongs to claim %s/%s", ref.Namespace, ref.Name))
		}
	}
	if v.DeletionTimestamp != nil {
		why = append(why, "is being deleted")
	}
	if want, has := c.Spec.Resources.Requests[corev1.ResourceStorage], v.Spec.Capacity[corev1.ResourceStorage]; has.Cmp(want) < 0 {
		why = append(why, fmt.Sprintf("has %s of the %s that are wanted", has.String(), want.String()))
	}
	for _, m := range c.Spec.AccessModes {
		if !slices.Contains(v.Spec.AccessModes, m) {
			why = append(why, fmt.Sprintf("offers access mode %s, not %s", modeWords(v.Spec.AccessModes), m))
			break
		}
	}
	if want, has := volumeMode(c.Spec.VolumeMode), volumeMode(v.Spec.VolumeMode); want != has {
		why = append(why, fmt.Sprintf("has volumeMode %s, not %s", has, want))
	}
	if c.Spec.Selector != nil {
		if sel, err := metav1.LabelSelectorAsSelector(c.Spec.Selector); err == nil && !sel.Matches(labels.Set(v.Labels)) {
			why = append(why, fmt.Sprintf("has %s, not what the claim selects (%s)", kube.LabelWords(v.Labels),
				metav1.FormatLabelSelector(c.Spec.Selector)))
		}
	}
	if c.Spec.VolumeName != "" && c.Spec.StorageClassName != nil && *c.Spec.StorageClassName != v.Spec.StorageClassName {
		why = append(why, fmt.Sprintf("is of class %q, not %q", v.Spec.StorageClassName, *c.Spec.StorageClassName))
	}
	return why
}

func volumeMode(m *corev1.PersistentVolumeMode) corev1.PersistentVolumeMode {
	if m == nil {
		return corev1.PersistentVolumeFilesystem
	}
	return *m
}

func modeWords(modes []corev1.PersistentVolumeAccessMode) string {
	var out []string
	for _, m := range modes {
		out = append(out, string(m))
	}
	return strings.Join(out, ", ")
}

// placed says where a volume that is not everywhere lies, in the words of its node affinity.
func placed(v *corev1.PersistentVolume) string {
	if v.Spec.NodeAffinity == nil || v.Spec.NodeAffinity.Required == nil {
		return ""
	}
	var out []string
	for _, t := range v.Spec.NodeAffinity.Required.NodeSelectorTerms {
		for _, e := range t.MatchExpressions {
			out = append(out, e.Key+" "+strings.ToLower(string(e.Operator))+" "+strings.Join(e.Values, ", "))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "lies where " + strings.Join(out, ", ") + ", and no node there can take the pod"
}

// waitsUnplaced says that the scheduler has looked for a volume for the claim's pod and found none.
func waitsUnplaced(s *snapshot.Snapshot, c *corev1.PersistentVolumeClaim) bool {
	for _, p := range claimUsers(s)[claimObject(c)] {
		if p.Spec.NodeName != "" {
			continue
		}
		if cond := kube.PodCondition(p, corev1.PodScheduled); cond != nil &&
			strings.Contains(cond.Message, "didn't find available persistent volumes to bind") {
			return true
		}
	}
	return false
}

func wantEvidence(c *corev1.PersistentVolumeClaim) incident.Evidence {
	size := c.Spec.Resources.Requests[corev1.ResourceStorage]
	words := fmt.Sprintf("wants %s, %s, volumeMode %s", size.String(), modeWords(c.Spec.AccessModes), volumeMode(c.Spec.VolumeMode))
	if c.Spec.Selector != nil {
		words += ", selector " + metav1.FormatLabelSelector(c.Spec.Selector)
	}
	return finding.SeenAPI(claimObject(c), "spec", time.Time{}, words)
}

func volumeEvidence(v *corev1.PersistentVolume) incident.Evidence {
	size := v.Spec.Capacity[corev1.ResourceStorage]
	words := fmt.Sprintf("%s: %s, %s, volumeMode %s, class %q", v.Status.Phase, size.String(), modeWords(v.Spec.AccessModes),
		volumeMode(v.Spec.VolumeMode), v.Spec.StorageClassName)
	if ref := v.Spec.ClaimRef; ref != nil {
		words += fmt.Sprintf(", claimRef %s/%s uid %s", ref.Namespace, ref.Name, ref.UID)
	}
	return finding.SeenAPI(volumeObject(v.Name), "spec", time.Time{}, words)
}
