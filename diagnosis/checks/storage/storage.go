package storage

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Checks look at claims, volumes and the classes of storage.
var Checks = []finding.Check{
	{Name: "claims", Codes: claimCodes, Run: checkClaims},
	{Name: "volumes", Codes: slices.Concat(volumeCodes, serverNameCodes), Run: checkVolumes},
	{Name: "where volumes lie", Codes: volumePlaceCodes, Run: checkPlaces},
	{Name: "storageclasses", Codes: classCodes, Run: checkClasses},
	{Name: "registration of drivers", Codes: registrationCodes, Run: checkRegistration},
}

// The codes of findings about claims.
const (
	PVCPending = "PVCPending"
	PVCLost    = "PVCLost"
	PVCMissing = "PVCMissing"
)

var claimCodes = []finding.Code{
	{Code: PVCPending, Severity: incident.Critical, Root: true,
		Meaning: "A claim for storage gets no volume, so the pods that use it can't start.",
		Next:    "Give the claim a class that exists and whose provisioner runs, or a volume of its class, size and access mode.",
		Example: "PersistentVolumeClaim data-db-0 gets no volume: StorageClass fast does not exist (there is fast-ssd)"},
	{Code: PVCLost, Severity: incident.Critical, Root: true,
		Meaning: "A claim has lost its volume; the data may be gone.",
		Next:    "Find out what became of the PersistentVolume before anything else touches it.",
		Example: "PersistentVolumeClaim data-db-0 has lost its volume pvc-1234"},
	{Code: PVCMissing, Severity: incident.Critical, Root: true,
		Meaning: "A pod uses a claim that does not exist.",
		Next:    "Create the claim, or correct its name in the workload.",
		Example: "PersistentVolumeClaim shop/data does not exist (there is data-db-0), Deployment db uses it"},
}

const (
	defaultClass     = "storageclass.kubernetes.io/is-default-class"
	betaDefaultClass = "storageclass.beta.kubernetes.io/is-default-class"
)

func checkClaims(s *snapshot.Snapshot, r *finding.Report) {
	r.Judges("persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io")
	for i := range s.PersistentVolumeClaims {
		c := &s.PersistentVolumeClaims[i]
		if c.Status.Phase == corev1.ClaimBound {
			continue
		}
		marked := r.MayPass(finding.Lasts(finding.Settling, c.CreationTimestamp.Time))
		o := claimObject(c)
		users := claimUsers(s)[o]
		switch c.Status.Phase {
		case corev1.ClaimLost:
			f := r.Find(PVCLost, o, fmt.Sprintf("PersistentVolumeClaim %s has lost its volume %s", c.Name, c.Spec.VolumeName))
			f.Pods, f.Refs = users, []incident.Object{o}
			f.Cite(finding.SeenAPI(o, "status.phase", time.Time{}, "Lost, volume "+c.Spec.VolumeName))
		default:
			reportPending(s, r, c, users)
		}
		marked()
	}
	checkClaimed(s, r)
}

func claimObject(c *corev1.PersistentVolumeClaim) incident.Object {
	return snapshot.ObjectOf("PersistentVolumeClaim", c.Namespace, c.Name)
}

// claimUsers is the pods that use each claim, those that have ended left out.
func claimUsers(s *snapshot.Snapshot) map[incident.Object][]*corev1.Pod {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[incident.Object][]*corev1.Pod {
		users := map[incident.Object][]*corev1.Pod{}
		for i := range s.Pods {
			p := &s.Pods[i]
			if kube.HasEnded(p) {
				continue
			}
			for _, o := range kube.ClaimsOf(p) {
				users[o] = append(users[o], p)
			}
		}
		return users
	})
}

// reportPending says why a claim waits. One whose class waits for its first consumer is well until a pod wants it, and while that pod
// waits for something else.
func reportPending(s *snapshot.Snapshot, r *finding.Report, c *corev1.PersistentVolumeClaim, users []*corev1.Pod) {
	o := claimObject(c)
	w := pendingWhy(s, c, users)
	if w.why == "" {
		return
	}
	f := r.Find(PVCPending, o, fmt.Sprintf("PersistentVolumeClaim %s gets no volume: %s", c.Name, w.why))
	f.Pods, f.Since = users, c.CreationTimestamp.Time
	f.Final = w.final && !slices.ContainsFunc(users, func(p *corev1.Pod) bool { // who made their workload may have named the class
		o := s.WorkloadOf(p)
		made := s.StatefulSet(o.Namespace, o.Name)
		return o.Kind == "StatefulSet" && made != nil && metav1.GetControllerOf(made) != nil
	})
	f.Refs = append([]incident.Object{o}, w.refs...)
	if !w.fault.IsZero() {
		f.Fault = []incident.Object{o, w.fault}
	}
	if w.next != "" {
		f.Next = w.next
	}
	if c.Spec.VolumeName == "" && w.why != saidPending(s, c).why {
		f.Unless(finding.StorageClasses) // by which it is known who should make the volume
	}
	if len(users) == 0 {
		f.Severity = incident.Warning
	}
	f.Cite(finding.SeenAPI(o, "status.phase", c.CreationTimestamp.Time,
		fmt.Sprintf("Pending, storageClassName %s", className(c)))).Cite(w.seen...)
	f.NotYetWithin(w.silent, s.At)
}

func className(c *corev1.PersistentVolumeClaim) string {
	if c.Spec.StorageClassName == nil {
		return "not set"
	}
	return fmt.Sprintf("%q", *c.Spec.StorageClassName)
}

var claimNotFound = regexp.MustCompile(`persistentvolumeclaim "([^"]+)" not found`)

// checkClaimed takes the scheduler's word for claims that do not exist.
func checkClaimed(s *snapshot.Snapshot, r *finding.Report) {
	type key struct {
		object incident.Object
		early  bool // the pod has waited for a moment only
	}
	found := map[key]*finding.Finding{}
	for _, p := range s.PodsOn("") {
		c := kube.PodCondition(p, corev1.PodScheduled)
		if c == nil {
			continue
		}
		m := claimNotFound.FindStringSubmatch(c.Message)
		if m == nil {
			continue
		}
		o := snapshot.ObjectOf("PersistentVolumeClaim", p.Namespace, m[1])
		k := key{o, kube.Newly(s, p.CreationTimestamp.Time)}
		f := found[k]
		if f == nil {
			var names []string
			for i := range s.PersistentVolumeClaims {
				if s.PersistentVolumeClaims[i].Namespace == p.Namespace {
					names = append(names, s.PersistentVolumeClaims[i].Name)
				}
			}
			alike := kube.DidYouMean(kube.Nearest(m[1], names))
			f = r.Find(PVCMissing, o, fmt.Sprintf("PersistentVolumeClaim %s/%s does not exist%s, %s uses it", p.Namespace, m[1], alike,
				finding.Short(s.WorkloadOf(p)))).Absent(alike)
			f.Refs = []incident.Object{o}
			found[k] = f
		}
		f.Pods, f.Since = append(f.Pods, p), finding.Earlier(f.Since, p.CreationTimestamp.Time)
		f.Cite(finding.SeenAPI(finding.PodObject(p), "status.conditions[PodScheduled]", c.LastTransitionTime.Time, c.Message)).
			MayPass(finding.Settling, p.CreationTimestamp.Time)
	}
}
