package nodes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about GPUs.
const (
	GPUNotOffered     = "GPUNotOffered"
	GPUUnhealthy      = "GPUUnhealthy"
	GPUAbsent         = "GPUAbsent"
	GPUDriverMismatch = "GPUDriverMismatch"
)

var gpuCodes = []finding.Code{
	{Code: GPUNotOffered, Severity: incident.Critical, Root: true, Detail: GPU{},
		Meaning: "A node has a GPU, pods wait for one, and the node offers none: no device plugin has registered it with the kubelet.",
		Next:    "Install the vendor's device plugin or GPU operator, or see why its pod does not run on the node.",
		Example: "Node gpu-1 has a GPU but offers no nvidia.com/gpu: there is no device plugin DaemonSet in the cluster"},
	{Code: GPUUnhealthy, Severity: incident.Critical, Root: true, Detail: GPU{},
		Meaning: "The device plugin calls GPUs of the node unhealthy, so the kubelet does not give them to pods.",
		Next:    "Read the device plugin's log and the kernel's (NVRM, Xid) on the node; a reset or a reboot may be due.",
		Example: "Node gpu-1 offers 0 of its 2 nvidia.com/gpu: the device plugin calls the others unhealthy, or has stopped"},
	{Code: GPUAbsent, Severity: incident.Critical, Root: true,
		Meaning: "Pods ask for a GPU, and no node has one.",
		Next:    "Add a node with such a GPU, or take the request out of the pod's resources.",
		Example: "Deployment trainer asks for nvidia.com/gpu, which no node has"},
	{Code: GPUDriverMismatch, Severity: incident.Critical, Root: true,
		Meaning: "The NVIDIA driver that the kernel has loaded is of another version than its libraries: every program that uses the GPU fails " +
			"until it is loaded anew.",
		Next:    "Drain the node and reboot it, or unload and load the nvidia modules; hold the driver's packages back from automatic updates.",
		Example: "The NVIDIA driver of node gpu-1 (550.90.07) does not match its libraries (560.35.03)"},
}

// gpuVendors are the domains under which device plugins offer GPUs.
var gpuVendors = []string{"nvidia.com", "amd.com", "gpu.intel.com"}

// gpuLabels are set on nodes that have a GPU, by feature discovery and by clouds; the value "false" says that there is none.
var gpuLabels = []string{"nvidia.com/gpu.present", "feature.node.kubernetes.io/pci-10de.present",
	"feature.node.kubernetes.io/pci-0302_10de.present",
	"cloud.google.com/gke-accelerator", "k8s.amazonaws.com/accelerator", "accelerator"}

func isGPU(name corev1.ResourceName) bool {
	vendor, _, ok := strings.Cut(string(name), "/")
	return ok && slices.Contains(gpuVendors, vendor)
}

func checkGPUs(s *snapshot.Snapshot, r *finding.Report) {
	offered := map[corev1.ResourceName]bool{}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		for _, name := range gpusOf(n.Status.Capacity) {
			have, usable := n.Status.Capacity[name], n.Status.Allocatable[name]
			if usable.Sign() > 0 {
				offered[name] = true
			}
			if kube.NodeReady(n) && usable.Cmp(have) < 0 {
				reportUnhealthy(r, n, name, have.String(), usable.String())
			}
		}
	}
	for _, a := range askers(s) {
		if !offered[a.resource] {
			a.report(s, r)
		}
	}
	for i := range s.Hosts {
		if h := (hostlog.Host{Host: &s.Hosts[i], S: s, R: r}); hostlog.There(s, h.Host) {
			driver(h)
		}
	}
}

// gpusOf names the GPU resources of a list, in order. Most nodes have none.
func gpusOf(list corev1.ResourceList) []corev1.ResourceName {
	var names []corev1.ResourceName
	for name := range list {
		if isGPU(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// GPU is the detail of findings about GPUs that a node has and does not offer.
type GPU struct {
	Resource corev1.ResourceName // by which pods ask for them, such as nvidia.com/gpu
}

func reportUnhealthy(r *finding.Report, n *corev1.Node, name corev1.ResourceName, have, usable string) {
	f := r.Find(GPUUnhealthy, kube.NodeObject(n), fmt.Sprintf("Node %s offers %s of its %s %s: the device plugin calls the others "+
		"unhealthy, or has stopped", n.Name, usable, have, name)).On(n)
	f.Detail = GPU{name}
	if usable != "0" {
		f.Severity = incident.Warning
	}
	f.Cite(finding.SeenAPI(f.Object, "status.allocatable["+string(name)+"]", time.Time{}, fmt.Sprintf("%s; capacity %s", usable, have)))
}

// asker is a workload whose pods wait for a GPU.
type asker struct {
	workload incident.Object
	resource corev1.ResourceName
	pods     []*corev1.Pod
	early    bool // the next round of the scheduler may place them
}

// askers groups the pods that wait and ask for a GPU, in the order of workload and resource.
func askers(s *snapshot.Snapshot) []asker {
	type key struct {
		workload incident.Object
		resource corev1.ResourceName
		early    bool
	}
	by := map[key]*asker{}
	for _, p := range s.PodsOn("") {
		if c := kube.PodCondition(p, corev1.PodScheduled); c == nil || c.Status == corev1.ConditionTrue || p.DeletionTimestamp != nil {
			continue
		}
		asked := map[corev1.ResourceName]bool{}
		for i := range p.Spec.Containers {
			for _, name := range append(gpusOf(p.Spec.Containers[i].Resources.Limits), gpusOf(p.Spec.Containers[i].Resources.Requests)...) {
				asked[name] = true
			}
		}
		for name := range asked {
			k := key{s.WorkloadOf(p), name, !finding.Lasts(finding.Settling, p.CreationTimestamp.Time).Over(s.At)}
			if by[k] == nil {
				by[k] = &asker{workload: k.workload, resource: name, early: k.early}
			}
			by[k].pods = append(by[k].pods, p)
		}
	}
	var out []asker
	for a := range maps.Values(by) {
		out = append(out, *a)
	}
	slices.SortFunc(out, func(a, b asker) int {
		return cmp.Or(a.workload.Compare(b.workload), cmp.Compare(a.resource, b.resource),
			a.pods[0].CreationTimestamp.Compare(b.pods[0].CreationTimestamp.Time))
	})
	return out
}

// report blames the nodes that have such a GPU and do not offer it, or says that no node has one.
func (a asker) report(s *snapshot.Snapshot, r *finding.Report) {
	if a.early {
		defer r.MayPass(finding.Lasts(finding.Settling, newest(a.pods)))()
	}
	blamed := false
	for i := range s.Nodes {
		n := &s.Nodes[i]
		seen, ok := hasGPU(s, n, a.resource)
		if !ok {
			continue
		}
		blamed = true
		why, plugin := whyNotOffered(s, n)
		f := r.Find(GPUNotOffered, kube.NodeObject(n), fmt.Sprintf("Node %s has a GPU but offers no %s: %s", n.Name, a.resource,
			why)).On(n).Cite(seen)
		f.Pods, f.Since, f.Detail = a.pods, oldest(a.pods), GPU{a.resource}
		if !plugin.IsZero() {
			f.Fault = []incident.Object{plugin, f.Object}
			f.Cite(finding.SeenAPI(plugin, "status", time.Time{}, why))
		}
		seePending(f, a.pods)
	}
	if blamed || finding.NotSeen(s, "nodes", "") {
		return
	}
	f := r.Find(GPUAbsent, a.workload, fmt.Sprintf("%s asks for %s, which no node has", finding.Short(a.workload), a.resource))
	f.Workload, f.Pods, f.Since = a.workload, a.pods, oldest(a.pods)
	seePending(f, a.pods)
}

func oldest(pods []*corev1.Pod) time.Time {
	var t time.Time
	for _, p := range pods {
		t = finding.Earlier(t, p.CreationTimestamp.Time)
	}
	return t
}

// hasGPU looks for a sign that a node has a GPU of the resource's vendor: the resource itself with none left, a label, a device.
func hasGPU(s *snapshot.Snapshot, n *corev1.Node, resource corev1.ResourceName) (incident.Evidence, bool) {
	if q, ok := n.Status.Capacity[resource]; ok {
		return finding.SeenAPI(kube.NodeObject(n), "status.capacity["+string(resource)+"]", time.Time{}, q.String()), true
	}
	if !strings.HasPrefix(string(resource), "nvidia.com/") {
		return incident.Evidence{}, false
	}
	for _, l := range gpuLabels {
		if v, ok := n.Labels[l]; ok && v != "false" {
			return finding.SeenAPI(kube.NodeObject(n), "metadata.labels", time.Time{}, l+"="+v), true
		}
	}
	for i := range s.Hosts {
		if h := &s.Hosts[i]; h.Node == n.Name && h.GPU != nil && len(h.GPU.Devices) > 0 {
			return hostlog.Seen(h, h.GPU.Devices[0], time.Time{}, "NVIDIA device; driver "+h.GPU.Driver), true
		}
	}
	return incident.Evidence{}, false
}

// whyNotOffered says what is the matter with the device plugin, and which DaemonSet it is.
func whyNotOffered(s *snapshot.Snapshot, n *corev1.Node) (string, incident.Object) {
	if finding.NotSeen(s, "daemonsets.apps", "") {
		return "no device plugin has registered it", incident.Object{}
	}
	for i := range s.DaemonSets {
		d := &s.DaemonSets[i]
		if !strings.Contains(d.Name, "device-plugin") {
			continue
		}
		o := snapshot.ObjectOf("DaemonSet", d.Namespace, d.Name)
		for _, p := range s.PodsOn(n.Name) {
			if s.WorkloadOf(p) == o {
				if kube.IsReady(p) {
					return fmt.Sprintf("the pod of %s on it is ready, but has registered none", finding.Short(o)), o
				}
				return fmt.Sprintf("the pod of %s on it is not ready", finding.Short(o)), o
			}
		}
		return fmt.Sprintf("%s has no pod on it", finding.Short(o)), o
	}
	return "there is no device plugin DaemonSet in the cluster", incident.Object{}
}

// driver compares the versions; of several libraries, one that fits is enough.
func driver(h hostlog.Host) {
	if h.GPU == nil || h.GPU.Driver == "" || len(h.GPU.Libraries) == 0 || slices.Contains(h.GPU.Libraries, h.GPU.Driver) {
		return
	}
	libraries := strings.Join(h.GPU.Libraries, ", ")
	f := h.Find(GPUDriverMismatch, fmt.Sprintf("The NVIDIA driver of node %s (%s) does not match its libraries (%s)", h.Node, h.GPU.Driver,
		libraries))
	f.Cite(hostlog.Seen(h.Host, "/proc/driver/nvidia/version", time.Time{}, "loaded: "+h.GPU.Driver+"; libnvidia-ml and libcuda: "+
		libraries))
	h.SeeLine(f, h.LastLine(func(l snapshot.HostLine) bool {
		return strings.Contains(l.Text, "NVRM: API mismatch") && !l.At.Before(h.Boot)
	}))
	h.Cite(f, "nvidia")
}
