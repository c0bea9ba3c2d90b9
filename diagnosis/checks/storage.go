package checks

import (
	"fmt"
	"regexp"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var storageChecks = []Check{
	{"storage", storageCodes, checkStorage},
}

// The codes of findings about storage.
const (
	PVCPending = "PVCPending"
	PVCLost    = "PVCLost"
	PVCMissing = "PVCMissing"
)

var storageCodes = []Code{
	{Code: PVCPending, Severity: incident.Critical, Root: true,
		Meaning: "A claim for storage gets no volume, so the pods that use it can't start.",
		Next:    "Look at the claim's class and its events: the class may be missing, or its provisioner may not run.",
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

func checkStorage(s *snapshot.Snapshot, r *Report) {
	var users map[incident.Object][]*corev1.Pod
	for i := range s.PersistentVolumeClaims {
		c := &s.PersistentVolumeClaims[i]
		if c.Status.Phase == corev1.ClaimBound || newly(s, c.CreationTimestamp.Time) {
			continue
		}
		if users == nil {
			users = claimUsers(s)
		}
		o := snapshot.ObjectOf("PersistentVolumeClaim", c.Namespace, c.Name)
		switch c.Status.Phase {
		case corev1.ClaimLost:
			f := r.Find(PVCLost, o, fmt.Sprintf("PersistentVolumeClaim %s has lost its volume %s", c.Name, c.Spec.VolumeName))
			f.Pods, f.Refs = users[o], []incident.Object{o}
			f.See(seenAPI(o, "status.phase", time.Time{}, "Lost, volume "+c.Spec.VolumeName))
		default:
			reportPending(s, r, c, o, users[o])
		}
	}
	checkClaimed(s, r)
}

func claimUsers(s *snapshot.Snapshot) map[incident.Object][]*corev1.Pod {
	users := map[incident.Object][]*corev1.Pod{}
	for i := range s.Pods {
		for _, o := range claimsOf(&s.Pods[i]) {
			users[o] = append(users[o], &s.Pods[i])
		}
	}
	return users
}

// reportPending says why a claim waits. One whose class waits for its first consumer is well until a pod wants it, and while that pod
// waits for something else.
func reportPending(s *snapshot.Snapshot, r *Report, c *corev1.PersistentVolumeClaim, o incident.Object, users []*corev1.Pod) {
	why, fault := pendingWhy(s, c)
	said := lastEvent(s, o, "ProvisioningFailed", "FailedBinding", "ExternalProvisioning", "Provisioning")
	waits := lastEvent(s, o, "WaitForFirstConsumer", "WaitForPodScheduled")
	if why == "" {
		if said == nil || waits != nil && snapshot.EventTime(waits).After(snapshot.EventTime(said).Time) {
			return
		}
		why = shortest(said.Message)
	}
	f := r.Find(PVCPending, o, fmt.Sprintf("PersistentVolumeClaim %s gets no volume: %s", c.Name, why))
	f.Pods, f.Refs, f.Since = users, []incident.Object{o}, c.CreationTimestamp.Time
	if !fault.IsZero() {
		f.Fault = []incident.Object{o, fault}
	}
	if len(users) == 0 {
		f.Severity = incident.Warning
	}
	f.See(seenAPI(o, "status.phase", c.CreationTimestamp.Time, fmt.Sprintf("Pending, storageClassName %s", className(c))), seenEvent(said))
}

func className(c *corev1.PersistentVolumeClaim) string {
	if c.Spec.StorageClassName == nil {
		return "not set"
	}
	return fmt.Sprintf("%q", *c.Spec.StorageClassName)
}

// pendingWhy knows the reasons that lie in the class.
func pendingWhy(s *snapshot.Snapshot, c *corev1.PersistentVolumeClaim) (why string, fault incident.Object) {
	if notSeen(s, "storageclasses") || c.Spec.VolumeName != "" {
		return "", fault
	}
	if c.Spec.StorageClassName == nil {
		for i := range s.StorageClasses {
			a := s.StorageClasses[i].Annotations
			if a[defaultClass] == "true" || a[betaDefaultClass] == "true" {
				return "", fault
			}
		}
		return "it names no StorageClass, and the cluster has no default one", fault
	}
	name := *c.Spec.StorageClassName
	if name == "" || s.StorageClass(name) != nil {
		return "", fault
	}
	for i := range s.PersistentVolumes {
		if s.PersistentVolumes[i].Spec.StorageClassName == name {
			return "", fault // made by hand for a class that is only a name
		}
	}
	var names []string
	for i := range s.StorageClasses {
		names = append(names, s.StorageClasses[i].Name)
	}
	return fmt.Sprintf("StorageClass %s does not exist%s", name, didYouMean(near(name, names))), snapshot.ObjectOf("StorageClass", "", name)
}

var claimNotFound = regexp.MustCompile(`persistentvolumeclaim "([^"]+)" not found`)

// checkClaimed takes the scheduler's word for claims that do not exist.
func checkClaimed(s *snapshot.Snapshot, r *Report) {
	found := map[incident.Object]*Finding{}
	for _, p := range s.PodsOn("") {
		c := podCondition(p, corev1.PodScheduled)
		if c == nil || newly(s, p.CreationTimestamp.Time) {
			continue
		}
		m := claimNotFound.FindStringSubmatch(c.Message)
		if m == nil {
			continue
		}
		o := snapshot.ObjectOf("PersistentVolumeClaim", p.Namespace, m[1])
		f := found[o]
		if f == nil {
			var names []string
			for i := range s.PersistentVolumeClaims {
				if s.PersistentVolumeClaims[i].Namespace == p.Namespace {
					names = append(names, s.PersistentVolumeClaims[i].Name)
				}
			}
			f = r.Find(PVCMissing, o, fmt.Sprintf("PersistentVolumeClaim %s/%s does not exist%s, %s uses it", p.Namespace, m[1], didYouMean(near(m[1], names)), short(s.WorkloadOf(p))))
			f.Refs = []incident.Object{o}
			found[o] = f
		}
		f.Pods, f.Since = append(f.Pods, p), earlier(f.Since, p.CreationTimestamp.Time)
		f.See(seenAPI(podObject(p), "status.conditions[PodScheduled]", c.LastTransitionTime.Time, c.Message))
	}
}
