package storage

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// VolumeServerName is the code of a volume whose server has a name that only pods can resolve.
const VolumeServerName = "VolumeServerName"

var serverNameCodes = []finding.Code{
	{Code: VolumeServerName, Severity: incident.Critical, Root: true, Trouble: finding.MountTrouble,
		Meaning: "A volume names its server by a name of the cluster's DNS, and the node that mounts it cannot resolve that: a node asks the " +
			"name servers of its own host, which do not know the cluster's names.",
		Next: "Name the server by the address of its Service (spec.clusterIP), or let the nodes' name servers send the cluster's domain to " +
			"its DNS. A PersistentVolume's source cannot be edited: make it anew.",
		Example: "PersistentVolume films names its server nfs.media.svc.cluster.local, which node n1 cannot resolve: a node does not ask the " +
			"cluster's DNS"},
}

// notResolved is how mount programs and drivers say that a server's name is unknown to the node.
var notResolved = regexp.MustCompile(`(?i)name or service not known|failed to resolve|could ?n.t resolve|could not resolve|no such host|` +
	`unknown host|name resolution|name does not resolve|can't resolve`)

// unresolved reports a volume whose server the node cannot resolve since it is a name of the cluster's DNS; it says whether that is so.
func (m *mounts) unresolved(p *corev1.Pod, e *corev1.Event) bool {
	x := setUpFails.FindStringSubmatch(e.Message)
	if x == nil || !notResolved.MatchString(e.Message) {
		return false
	}
	o, field, server := m.server(p, x[1])
	if server == "" || !strings.Contains(e.Message, server) || !strings.Contains(server+".", ".svc.") {
		return false
	}
	service, ok := kube.ServiceOf(m.s, server, p.Namespace)
	if !ok {
		return false
	}
	name := finding.Short(o)
	if o.Kind != "PersistentVolume" {
		name = "Volume " + x[1] + " of " + name
	}
	f := m.note(p, e, VolumeServerName, o, server, fmt.Sprintf("%s names its server %s, which node %s cannot resolve: a node does not ask "+
		"the cluster's DNS", name, server, p.Spec.NodeName))
	f.Workload, f.Fault, f.Refs = m.s.WorkloadOf(p), []incident.Object{o}, []incident.Object{service}
	f.NormalUntil, f.Normal = time.Time{}, "" // no other try of the node's gives another answer
	f.Cite(finding.SeenAPI(o, field, time.Time{}, server))
	if v := m.s.Service(service.Namespace, service.Name); v != nil && v.Spec.ClusterIP != "" && v.Spec.ClusterIP != corev1.ClusterIPNone {
		f.Cite(finding.SeenAPI(service, "spec.clusterIP", time.Time{}, v.Spec.ClusterIP))
	}
	return true
}

// server is the host that serves a volume, and which object says so in which field: the PersistentVolume, or else the pod's workload.
func (m *mounts) server(p *corev1.Pod, volume string) (o incident.Object, field, host string) {
	if v := m.s.PersistentVolume(volume); v != nil {
		switch src := &v.Spec.PersistentVolumeSource; {
		case src.NFS != nil:
			return volumeObject(volume), "spec.nfs.server", src.NFS.Server
		case src.CSI != nil:
			for _, key := range []string{"server", "source", "share", "monitors"} {
				if host := hostOf(src.CSI.VolumeAttributes[key]); host != "" {
					return volumeObject(volume), "spec.csi.volumeAttributes." + key, host
				}
			}
		}
		return incident.Object{}, "", ""
	}
	for i := range p.Spec.Volumes {
		if v := &p.Spec.Volumes[i]; v.Name == volume && v.NFS != nil {
			return m.s.WorkloadOf(p), "spec.volumes[" + volume + "].nfs.server", v.NFS.Server
		}
	}
	return incident.Object{}, "", ""
}

// hostOf is the host of what a driver calls its server: a name, //HOST/SHARE, or HOST:/PATH.
func hostOf(value string) string {
	host := strings.TrimLeft(value, "/")
	if i := strings.IndexAny(host, ":/,"); i >= 0 {
		host = host[:i]
	}
	return host
}
