package storage

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// noProvisioner is the provisioner of classes whose volumes are made by hand.
const noProvisioner = "kubernetes.io/no-provisioner"

// pending is why a claim waits; the zero value: for nothing that is wrong.
type pending struct {
	why   string
	fault incident.Object   // beside the claim
	refs  []incident.Object // whose trouble would explain it
	seen  []incident.Evidence
	next  string // what to do, where it is not what the code says
	final bool   // the claim's own settings, or its class's, shut out every volume that there is: nothing has to stand behind it

	silent finding.Term // until when a silence may be a provisioner's at its work
}

// pendingWhy goes the way of the volume controller: the volume that the claim names, its class, the volumes made by hand, and the
// provisioner.
func pendingWhy(s *snapshot.Snapshot, c *corev1.PersistentVolumeClaim, users []*corev1.Pod) pending {
	if c.Spec.VolumeName != "" {
		return namedVolume(s, c)
	}
	if finding.NotSeen(s, "storageclasses.storage.k8s.io", "") {
		return saidPending(s, c)
	}
	if c.Spec.StorageClassName == nil {
		if hasDefaultClass(s) {
			return saidPending(s, c)
		}
		if w := byHand(s, c, ""); !w.fault.IsZero() {
			return w
		}
		return pending{why: "it names no StorageClass, and the cluster has no default one", final: true}
	}
	name := *c.Spec.StorageClassName
	class := s.StorageClass(name)
	switch {
	case name == "":
		return byHand(s, c, name)
	case class == nil:
		if w := byHand(s, c, name); !w.fault.IsZero() {
			return w // a class may be a name alone
		}
		if slices.ContainsFunc(s.PersistentVolumes, func(v corev1.PersistentVolume) bool { return v.Spec.StorageClassName == name }) {
			return saidPending(s, c)
		}
		alike := kube.Nearest(name, classNames(s))
		return pending{why: fmt.Sprintf("StorageClass %s does not exist%s", name, kube.DidYouMean(alike)),
			fault: snapshot.ObjectOf("StorageClass", "", name), final: len(alike) > 0}
	case class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer && !placing(users):
		return saidPending(s, c)
	case class.Provisioner == noProvisioner:
		return byHand(s, c, name)
	}
	if w := saidPending(s, c); w.why != "" {
		return refusedByCloud(s, class, w)
	}
	if w := outside(s, class); w.why != "" {
		return w
	}
	return unprovisioned(s, c, class)
}

func hasDefaultClass(s *snapshot.Snapshot) bool {
	return slices.ContainsFunc(s.StorageClasses, func(c storagev1.StorageClass) bool {
		return c.Annotations[defaultClass] == "true" || c.Annotations[betaDefaultClass] == "true"
	})
}

func classNames(s *snapshot.Snapshot) []string {
	var names []string
	for i := range s.StorageClasses {
		names = append(names, s.StorageClasses[i].Name)
	}
	return names
}

// noVolumeWords are the scheduler's words for a pod that waits for volumes, rather than for a node.
var noVolumeWords = regexp.MustCompile(`didn't find available persistent volumes to bind|did not have enough free storage|unbound immediate PersistentVolumeClaims|binding volumes`)

// placing says whether one of the claim's pods is far enough for a volume to be wanted: it has its node, or the scheduler says that
// volumes are what is missing.
func placing(users []*corev1.Pod) bool {
	return slices.ContainsFunc(users, func(p *corev1.Pod) bool {
		c := kube.PodCondition(p, corev1.PodScheduled)
		return p.Spec.NodeName != "" || c == nil || c.Message == "" || noVolumeWords.MatchString(c.Message)
	})
}

// saidPending takes the events' word, unless a newer one says that the claim waits for its pod.
func saidPending(s *snapshot.Snapshot, c *corev1.PersistentVolumeClaim) pending {
	o := claimObject(c)
	said := kube.LastEvent(s, o, "ProvisioningFailed", "FailedBinding")
	waits := kube.LastEvent(s, o, "WaitForFirstConsumer", "WaitForPodScheduled")
	if said == nil || waits != nil && snapshot.EventTime(waits).After(snapshot.EventTime(said).Time) {
		return pending{}
	}
	return pending{why: finding.ShortMessage(said.Message), seen: []incident.Evidence{finding.SeenEvent(said)}}
}

var waitsForProvisioner = regexp.MustCompile(`[Ww]aiting for a volume to be created,? either by (?:the )?external provisioner ["']([^"']+)["']`)

// unprovisioned is a claim whose provisioner has not said a word: the controller waits for it, and it does not even begin.
func unprovisioned(s *snapshot.Snapshot, c *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) pending {
	o := claimObject(c)
	waits := kube.LastEvent(s, o, "ExternalProvisioning")
	if waits == nil || kube.LastEvent(s, o, "Provisioning") != nil ||
		!waitsForProvisioner.MatchString(waits.Message) {
		return pending{}
	}
	w := pending{silent: finding.Lasts(finding.SlowProvisioning, kube.BeganAt(waits)), seen: []incident.Evidence{finding.SeenEvent(waits),
		finding.SeenAPI(snapshot.ObjectOf("StorageClass", "", class.Name), "provisioner", time.Time{}, class.Provisioner)}}
	of, sound := kube.DriverWorkload(s, class.Provisioner)
	switch {
	case of.IsZero() && s.Namespace == "" && !finding.NotSeen(s, "pods", ""):
		w.fault = snapshot.ObjectOf("StorageClass", "", class.Name)
		w.why = fmt.Sprintf("its class %s is provisioned by %s, which has not answered for %s, and no workload of that name runs", class.Name,
			class.Provisioner, finding.Duration(s.At.Sub(kube.BeganAt(waits))))
	case of.IsZero():
		w.why = fmt.Sprintf("its class %s is provisioned by %s, which has not answered for %s", class.Name, class.Provisioner,
			finding.Duration(s.At.Sub(kube.BeganAt(waits))))
	default:
		w.fault, w.refs = of, []incident.Object{of}
		w.why = fmt.Sprintf("its provisioner %s has not answered for %s; %s", class.Provisioner, finding.Duration(s.At.Sub(kube.BeganAt(waits))),
			of.Kind+" "+of.Namespace+"/"+of.Name+" "+sound)
	}
	return w
}
