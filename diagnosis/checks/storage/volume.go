package storage

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about volumes.
const (
	PVReleased         = "PVReleased"
	PVFailed           = "PVFailed"
	VolumeMultiAttach  = "VolumeMultiAttach"
	VolumeFull         = "VolumeFull"
	VolumeResizeWaits  = "VolumeResizeWaits"
	HostPathMissing    = "HostPathMissing"
	CSIDriverMissing   = "CSIDriverMissing"
	MountHelperMissing = "MountHelperMissing"
	VolumeRefused      = "VolumeRefused"
	VolumeDeviceBusy   = "VolumeDeviceBusy"
)

var volumeCodes = []finding.Code{
	{Code: PVReleased, Severity: incident.Critical, Root: true,
		Meaning: "A volume is kept for a claim that was deleted, and a new claim of that name waits for it.",
		Next: "If its data may be used again, remove spec.claimRef from the volume (kubectl patch pv NAME --type json -p " +
			"'[{\"op\":\"remove\",\"path\":\"/spec/claimRef\"}]'); the claim then binds.",
		Example: "PersistentVolume pv-db is Released: it is kept for the deleted claim shop/data-db-0, and the new claim of that name " +
			"waits for it"},
	{Code: PVFailed, Severity: incident.Warning, Root: true,
		Meaning: "A volume could not be deleted or recycled after its claim was gone; it is lost to others and may still cost money.",
		Next:    "Read the volume's message: the storage behind it refuses. Delete it there, then the PersistentVolume.",
		Example: "PersistentVolume pv-db has failed: error deleting volume: volume is still attached"},
	{Code: VolumeMultiAttach, Severity: incident.Critical, Root: true, Final: true, Trouble: finding.MountTrouble,
		Meaning: "A volume that only one node may hold at a time is still held by another node, so the pod cannot start.",
		Next: "Let the pod that holds it end: a Deployment with such a volume wants strategy Recreate and 1 replica. If its node is gone " +
			"for good, delete the pod by force or taint the node out-of-service.",
		Example: "Volume pv-db (claim data-db) is held by pod db-1 on node n1, so pod db-2 cannot start on node n2"},
	{Code: VolumeFull, Severity: incident.Critical, Root: true, Final: true,
		Meaning: "A volume has no space, or no inodes, left: writes to it fail.",
		Next:    "Free space in it, or raise the claim's spec.resources.requests.storage if its class allows expansion.",
		Example: "The volume of PersistentVolumeClaim data-db is full: its log says No space left on device"},
	{Code: VolumeResizeWaits, Severity: incident.Warning, Root: true,
		Meaning: "A claim was given a larger size and the volume has not got it.",
		Next:    "Restart the pod that uses the claim if that is what it waits for; otherwise read the resizer's message.",
		Example: "PersistentVolumeClaim data-db still has 5Gi of the 10Gi asked for: it waits for a pod restart to grow its file system"},
	{Code: HostPathMissing, Severity: incident.Critical, Root: true, Trouble: finding.MountTrouble,
		Meaning: "A pod mounts a path of its node that is not there, or is of another type.",
		Next:    "Create the path on the node, let the volume's type create it (DirectoryOrCreate), or keep the pod to nodes that have it.",
		Example: "Deployment web mounts hostPath /srv/data, which is not a directory on node n1"},
	{Code: CSIDriverMissing, Severity: incident.Critical, Root: true, Trouble: finding.MountTrouble,
		Meaning: "A node has no CSI driver of the name that a volume asks for, so the volume cannot be mounted there.",
		Next:    "See whether the driver's DaemonSet runs on the node, and its registrar's log.",
		Example: "Node n1 has no CSI driver ebs.csi.aws.com: volumes of it cannot be mounted there"},
	{Code: MountHelperMissing, Severity: incident.Critical, Root: true, Trouble: finding.MountTrouble,
		Meaning: "A node lacks the program that mounts a file system of this type, such as NFS.",
		Next:    "Install the client on the node (nfs-common or nfs-utils for NFS, cifs-utils for CIFS).",
		Example: "Node n1 cannot mount nfs: its mount helper is not installed"},
	{Code: VolumeRefused, Severity: incident.Critical, Root: true, Trouble: finding.MountTrouble,
		Meaning: "The server that holds a volume does not let a node mount it: its credentials, its network rules or its export refuse it.",
		Next: "Compare the keys in the Secret that the volume names with what the storage takes now, and see whether the storage lets " +
			"these nodes in.",
		Example: "The storage behind volume documents refuses access with what Secret share-key holds: mount error(13): Permission denied"},
	{Code: VolumeDeviceBusy, Severity: incident.Critical, Root: true, Trouble: finding.MountTrouble,
		Meaning: "A volume is attached to a node and cannot be formatted or mounted there, for something else on the node holds its device.",
		Next: "On the node: lsblk and dmsetup ls --tree show what lies on the device. If it is multipath, exclude such devices in " +
			"/etc/multipath.conf (blacklist), or stop multipathd; then flush the map (multipath -f NAME).",
		Example: "Node n1 cannot format volume pv-db: its device is in use by something else on the node; multipathd has taken a device there"},
}

func checkVolumes(s *snapshot.Snapshot, r *finding.Report) {
	checkPersistentVolumes(s, r)
	checkMounts(s, r)
	checkFull(s, r)
	checkResizes(s, r)
}

func checkPersistentVolumes(s *snapshot.Snapshot, r *finding.Report) {
	for i := range s.PersistentVolumes {
		v := &s.PersistentVolumes[i]
		o := volumeObject(v.Name)
		switch v.Status.Phase {
		case corev1.VolumeFailed:
			f := r.Find(PVFailed, o, fmt.Sprintf("PersistentVolume %s has failed: %s", v.Name, finding.ShortMessage(v.Status.Message)))
			f.Refs = []incident.Object{o}
			f.Cite(finding.SeenAPI(o, "status", time.Time{}, "Failed: "+v.Status.Message),
				finding.SeenEvent(kube.LastEvent(s, o, "VolumeFailedDelete", "VolumeFailedRecycle")))
		case corev1.VolumeReleased:
			reportReleased(s, r, v)
		}
	}
}

// reportReleased is about a kept volume that somebody waits for; one that nobody wants is as its policy has it.
func reportReleased(s *snapshot.Snapshot, r *finding.Report, v *corev1.PersistentVolume) {
	ref := v.Spec.ClaimRef
	if ref == nil {
		return
	}
	c := s.PersistentVolumeClaim(ref.Namespace, ref.Name)
	if c == nil || c.UID == ref.UID || c.Status.Phase != corev1.ClaimPending || !wants(c, v) {
		return
	}
	o, claim := volumeObject(v.Name), claimObject(c)
	f := r.Find(PVReleased, o, fmt.Sprintf("PersistentVolume %s is Released: it is kept for the deleted claim %s/%s, and the new claim of "+
		"that name waits for it", v.Name, ref.Namespace, ref.Name))
	f.Since, f.Refs = c.CreationTimestamp.Time, []incident.Object{claim}
	f.Cite(volumeEvidence(v), finding.SeenAPI(claim, "metadata.uid", c.CreationTimestamp.Time,
		fmt.Sprintf("%s, made %s", c.UID, finding.Clock(c.CreationTimestamp.Time)))).MayPass(finding.Settling, f.Since)
}

// wants says whether a claim can only mean the volume: it names it, or its class makes none.
func wants(c *corev1.PersistentVolumeClaim, v *corev1.PersistentVolume) bool {
	if c.Spec.VolumeName != "" {
		return c.Spec.VolumeName == v.Name
	}
	return c.Spec.StorageClassName != nil && *c.Spec.StorageClassName == v.Spec.StorageClassName || c.Spec.StorageClassName == nil &&
		v.Spec.StorageClassName == ""
}

func checkResizes(s *snapshot.Snapshot, r *finding.Report) {
	for i := range s.PersistentVolumeClaims {
		c := &s.PersistentVolumeClaims[i]
		for _, cond := range c.Status.Conditions {
			why := resizeWhy(cond)
			if cond.Status != corev1.ConditionTrue || why == "" {
				continue
			}
			o := claimObject(c)
			want, has := c.Spec.Resources.Requests[corev1.ResourceStorage], c.Status.Capacity[corev1.ResourceStorage]
			said := kube.LastEvent(s, o, "VolumeResizeFailed", "FileSystemResizeFailed", "ExternalExpanding")
			if said != nil && cond.Type != corev1.PersistentVolumeClaimFileSystemResizePending {
				why = finding.ShortMessage(said.Message)
			}
			f := r.Find(VolumeResizeWaits, o, fmt.Sprintf("PersistentVolumeClaim %s still has %s of the %s asked for: %s", c.Name, has.String(),
				want.String(), why))
			f.Since, f.Refs = cond.LastTransitionTime.Time, []incident.Object{o}
			f.Cite(finding.SeenAPI(o, "status.conditions["+string(cond.Type)+"]", f.Since, strings.TrimSpace(fmt.Sprintf("%s %s %s", cond.Status,
				cond.Reason, cond.Message))), finding.SeenEvent(said))
			failed := cond.Type == corev1.PersistentVolumeClaimControllerResizeError || cond.Type == corev1.PersistentVolumeClaimNodeResizeError
			if f.MayPass(finding.SlowResize, f.Since); !f.Early(s.At) {
				break
			} else if !failed {
				f.NotYet(finding.SlowResize, f.Since, s.At)
			}
		}
	}
}

func resizeWhy(c corev1.PersistentVolumeClaimCondition) string {
	switch c.Type {
	case corev1.PersistentVolumeClaimFileSystemResizePending:
		return "it waits for a pod restart to grow its file system"
	case corev1.PersistentVolumeClaimResizing:
		return "nothing has grown it"
	case corev1.PersistentVolumeClaimControllerResizeError, corev1.PersistentVolumeClaimNodeResizeError:
		return finding.ShortMessage(c.Message)
	}
	return ""
}
