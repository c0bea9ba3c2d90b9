package storage

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The words of the attach/detach controller and the kubelet.
var (
	multiAttach  = regexp.MustCompile(`Multi-Attach error for volume "([^"]+)" (.*)`)
	hostPathType = regexp.MustCompile(`hostPath type check failed: (\S+) (is not an? [a-z ]+)`)
	localPath    = regexp.MustCompile(`for volume "([^"]+)" : path "([^"]+)" does not exist`)
	noCSIDriver  = regexp.MustCompile(`driver name (\S+) not found in the list of registered CSI drivers`)
	noHelper     = regexp.MustCompile(`you might need a /sbin/mount\.<type> helper program|/sbin/mount\.(\w+): not found|unknown filesystem type '(\w+)'`)
	mountType    = regexp.MustCompile(`mount -t (\w+)|Mounting arguments: -t (\w+)`)
)

// checkMounts reads why pods that have a node wait for their volumes.
func checkMounts(s *snapshot.Snapshot, r *finding.Report) {
	m := mounts{s: s, r: r, found: map[string]*finding.Finding{}}
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.Status.Phase != corev1.PodPending || p.Spec.NodeName == "" || p.DeletionTimestamp != nil {
			continue
		}
		m.normal = finding.Lasts(finding.Settling, p.CreationTimestamp.Time)
		if e := kube.LastEvent(s, finding.PodObject(p), "FailedAttachVolume"); e != nil {
			m.attach(p, e)
		}
		if e := mountEvent(s, p); e != nil {
			m.mount(p, e)
		}
	}
}

// mountEvent is the newest event that says why a volume is not mounted: between two tries the kubelet also says which volumes it still
// waits for, without a reason.
func mountEvent(s *snapshot.Snapshot, p *corev1.Pod) *corev1.Event {
	var waits *corev1.Event
	events := s.EventsOf(finding.PodObject(p))
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		if e.Reason != "FailedMount" && e.Reason != "FailedMapVolume" {
			continue
		}
		if !strings.HasPrefix(e.Message, "Unable to attach or mount volumes") {
			return e
		}
		if waits == nil {
			waits = e
		}
	}
	return waits
}

type mounts struct {
	s       *snapshot.Snapshot
	r       *finding.Report
	found   map[string]*finding.Finding
	holders map[incident.Object][]*corev1.Pod // by claim; made when first asked for
	normal  finding.Term                      // until when what the pod that is looked at waits for may pass
}

// note adds a pod to the finding of what it waits for. Pods that have waited for a moment only have one of their own.
func (m *mounts) note(p *corev1.Pod, e *corev1.Event, code string, o incident.Object, alike, title string) *finding.Finding {
	id := fmt.Sprintf("%s\x00%s\x00%s\x00%v", code, o, alike, m.normal.Over(m.s.At))
	f := m.found[id]
	if f == nil {
		f = m.r.Find(code, o, title)
		m.found[id] = f
	}
	f.Pods, f.Nodes, f.Since = append(f.Pods, p), finding.Union(f.Nodes, []string{p.Spec.NodeName}), finding.Earlier(f.Since, kube.BeganAt(e))
	return f.Cite(finding.SeenEvent(e)).MayPassWithin(m.normal)
}

// claimOf is the claim that a volume is bound to, by the volume's word or else by that of the pod's claims; zero if neither tells.
func (m *mounts) claimOf(p *corev1.Pod, volume string) incident.Object {
	if v := m.s.PersistentVolume(volume); v != nil && v.Spec.ClaimRef != nil {
		return snapshot.ObjectOf("PersistentVolumeClaim", v.Spec.ClaimRef.Namespace, v.Spec.ClaimRef.Name)
	}
	for _, o := range kube.ClaimsOf(p) {
		if c := m.s.PersistentVolumeClaim(o.Namespace, o.Name); c != nil && c.Spec.VolumeName == volume {
			return o
		}
	}
	return incident.Object{}
}

func (m *mounts) attach(p *corev1.Pod, e *corev1.Event) {
	x := multiAttach.FindStringSubmatch(e.Message)
	if x == nil {
		return
	}
	own := m.normal
	m.normal = own.Max(finding.Lasts(finding.SlowDetach, kube.BeganAt(e)))
	defer func() { m.normal = own }()
	o, name := volumeObject(x[1]), "Volume "+x[1]
	if claim := m.claimOf(p, x[1]); !claim.IsZero() {
		o, name = claim, fmt.Sprintf("Volume %s (claim %s)", x[1], claim.Name)
	}
	attached := m.attachedTo(x[1], p.Spec.NodeName)
	holder := m.holder(o, p)
	var seen []incident.Evidence
	title := name + " is still attached to another node"
	node := ""
	switch {
	case holder != nil:
		node = holder.Spec.NodeName
		title = fmt.Sprintf("%s is held by pod %s on node %s", name, holder.Name, node)
		seen = append(seen, finding.SeenAPI(finding.PodObject(holder), "spec.nodeName", time.Time{}, node+", with claim "+o.Name))
	case attached != "":
		node = attached
		title = fmt.Sprintf("%s is still attached to node %s, where no pod uses it", name, node)
	}
	f := m.note(p, e, VolumeMultiAttach, o, x[1], fmt.Sprintf("%s, so pod %s cannot start on node %s", title, p.Name, p.Spec.NodeName))
	f.Workload = m.s.WorkloadOf(p)
	f.Refs = finding.Union(f.Refs, []incident.Object{o})
	if node != "" {
		f.Refs = finding.Union(f.Refs, []incident.Object{snapshot.ObjectOf("Node", "", node)})
	}
	if holder != nil {
		f.Refs = finding.Union(f.Refs, []incident.Object{finding.PodObject(holder)})
	}
	if w := m.s.WorkloadOf(p); w.Kind == "Deployment" && holder != nil && m.s.WorkloadOf(holder) == w {
		f.Fault = []incident.Object{o, w}
	}
	f.Cite(seen...)
	if attached != "" {
		f.Cite(finding.SeenAPI(o, "VolumeAttachment", time.Time{}, fmt.Sprintf("volume %s is attached to node %s", x[1], attached)))
	}
	f.NotYetWithin(m.normal, m.s.At)
}

// attachedTo is another node that the volume is attached to, or "".
func (m *mounts) attachedTo(volume, but string) string {
	for i := range m.s.VolumeAttachments {
		a := &m.s.VolumeAttachments[i]
		if a.Spec.Source.PersistentVolumeName != nil && *a.Spec.Source.PersistentVolumeName == volume && a.Status.Attached &&
			a.Spec.NodeName != but {
			return a.Spec.NodeName
		}
	}
	return ""
}

// holder is a pod on another node that uses the claim, or nil.
func (m *mounts) holder(claim incident.Object, p *corev1.Pod) *corev1.Pod {
	if m.holders == nil {
		m.holders = claimUsers(m.s)
	}
	for _, h := range m.holders[claim] {
		if h.Spec.NodeName != "" && h.Spec.NodeName != p.Spec.NodeName {
			return h
		}
	}
	return nil
}

func (m *mounts) mount(p *corev1.Pod, e *corev1.Event) {
	node := snapshot.ObjectOf("Node", "", p.Spec.NodeName)
	w := m.s.WorkloadOf(p)
	if x := hostPathType.FindStringSubmatch(e.Message); x != nil {
		f := m.note(p, e, HostPathMissing, w, x[1], fmt.Sprintf("%s mounts hostPath %s, which %s on node %s", finding.Short(w), x[1],
			strings.TrimSpace(x[2]), node.Name))
		f.Workload = w
		for i := range p.Spec.Volumes {
			if v := &p.Spec.Volumes[i]; v.HostPath != nil && v.HostPath.Path == x[1] {
				f.Cite(finding.SeenAPI(finding.PodObject(p), "spec.volumes["+v.Name+"].hostPath", time.Time{}, x[1]+hostPathKind(v.HostPath)))
			}
		}
		return
	}
	if x := localPath.FindStringSubmatch(e.Message); x != nil {
		if v := m.s.PersistentVolume(x[1]); v != nil {
			o := volumeObject(x[1])
			f := m.note(p, e, HostPathMissing, o, x[2], fmt.Sprintf("PersistentVolume %s lies at %s, which does not exist on node %s", x[1], x[2],
				node.Name))
			f.Fault = []incident.Object{o, node}
			return
		}
	}
	if x := noCSIDriver.FindStringSubmatch(e.Message); x != nil {
		m.noDriver(p, e, strings.Trim(x[1], `"',`))
		return
	}
	if m.deviceBusy(p, e) {
		return
	}
	if x := noHelper.FindStringSubmatch(e.Message); x != nil {
		kind := strings.Join(x[1:], "")
		if t := mountType.FindStringSubmatch(e.Message); kind == "" && t != nil {
			kind = strings.Join(t[1:], "")
		}
		if kind == "" || !slices.Contains([]string{"nfs", "nfs4", "cifs", "ceph", "glusterfs"}, kind) {
			return // another file system's damage, not a missing client
		}
		m.note(p, e, MountHelperMissing, node, kind, fmt.Sprintf("Node %s cannot mount %s: its mount helper is not installed", node.Name, kind))
		return
	}
	if !m.unresolved(p, e) {
		m.refused(p, e)
	}
}

func hostPathKind(v *corev1.HostPathVolumeSource) string {
	if v.Type == nil || *v.Type == corev1.HostPathUnset {
		return ""
	}
	return ", type " + string(*v.Type)
}
