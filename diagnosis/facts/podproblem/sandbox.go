package podproblem

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var (
	cniPlugin  = regexp.MustCompile(`plugin type="([^"]+)"`)
	pauseImage = regexp.MustCompile(`failed to get sandbox image "([^"]+)"`)
	noHandler  = regexp.MustCompile(`no runtime for "([^"]+)" is configured`)
)

// SandboxFailed is the detail of PodSandboxFailed.
type SandboxFailed struct {
	Plugin bool // the runtime speaks of the CNI plugin or its configuration
}

// pluginOn is the workload that has put the CNI plugin which fails on a node, by its name; nil if there is none to be found.
func pluginOn(s *snapshot.Snapshot, node, message string) []incident.Object {
	m := cniPlugin.FindStringSubmatch(message)
	if m == nil {
		return nil
	}
	name, _, _ := strings.Cut(m[1], "-") // "cilium-cni"
	for _, p := range kube.NetworkPods(s, node) {
		if w := s.WorkloadOf(p); strings.Contains(w.Name, name) {
			return []incident.Object{w}
		}
	}
	return nil
}

// runtimeFails are the layers below a pod that its node alone answers for: neither its image nor its settings have any part in them yet.
var runtimeFails = []string{"cgroups", "container runtime"}

// ofThePod are the words of a sandbox's error that speak of what the pod asks for.
var ofThePod = regexp.MustCompile(`(?i)memory limit|oom|sysctl|seccomp|apparmor|selinux|hostport|quota|user namespace`)

// runtimeOf is the node whose container runtime makes no sandbox, where the error is of a layer that asks nothing of the pod.
func runtimeOf(node, layer, message string) []incident.Object {
	if !slices.Contains(runtimeFails, layer) || ofThePod.MatchString(message) {
		return nil
	}
	return []incident.Object{snapshot.ObjectOf("Node", "", node)}
}

// handlerElsewhere is a pod that runs on another node by the RuntimeClass for which a pod's own node has no handler: that node lacks what
// its equals have. Nil if there is none.
func handlerElsewhere(s *snapshot.Snapshot, p *corev1.Pod, message string) *corev1.Pod {
	if !noHandler.MatchString(message) || p.Spec.RuntimeClassName == nil {
		return nil
	}
	for i := range s.Pods {
		o := &s.Pods[i]
		if c := o.Spec.RuntimeClassName; c != nil && *c == *p.Spec.RuntimeClassName && o.Spec.NodeName != p.Spec.NodeName && kube.IsReady(o) {
			return o
		}
	}
	return nil
}

// sandboxLayer names the layer that fails while a pod's sandbox is made, by the words of containerd, CRI-O and the CNI plugins.
func sandboxLayer(message string) string {
	if m := cniPlugin.FindStringSubmatch(message); m != nil {
		return "CNI plugin " + m[1]
	}
	if m := pauseImage.FindStringSubmatch(message); m != nil {
		return "the node cannot get the sandbox image " + m[1]
	}
	if m := noHandler.FindStringSubmatch(message); m != nil {
		return "the node's runtime has no handler " + m[1] + ", which the pod's RuntimeClass asks for"
	}
	for _, x := range []struct{ words, layer string }{
		{"network", "pod network"}, {"cni", "pod network"}, {"cgroup", "cgroups"}, {"containerd.sock", "container runtime"},
		{"crio.sock", "container runtime"}, {"oci runtime", "container runtime"},
		{"shim", "container runtime"}, {"failed to reserve sandbox name", "container runtime"}, {"deadline exceeded", "container runtime"},
	} {
		if strings.Contains(strings.ToLower(message), x.words) {
			return x.layer
		}
	}
	return ""
}
