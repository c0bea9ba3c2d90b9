package cause

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// deviceRules are about what the nodes have of devices.
var deviceRules = []Rule{
	{"device-unoffered", slices.Concat([]string{workloads.PodsRefused}, workloadFaults, podFaults), []string{podproblem.PodUnschedulable},
		deviceUnoffered,
		"the pods of 1 workload wait for a device", "the pods of %d workloads wait for a device"},
}

// pluginFolder is where the kubelet listens for those who offer devices.
const pluginFolder = "/var/lib/kubelet/device-plugin"

// deviceUnoffered: what no node has any of is offered by a DaemonSet that speaks to the kubelet about devices and bears the name of the
// device's domain. Where that one has no pods that run, nobody offers it.
func deviceUnoffered(c *Context, from, to *finding.Finding) (Link, bool) {
	w := workloadOf(from)
	u, _ := finding.DetailOf[podproblem.Unschedulable](to)
	spec := kube.TemplateSpec(c.Snapshot, w)
	if w.Kind != "DaemonSet" || spec == nil || !slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool {
		return v.HostPath != nil && strings.HasPrefix(v.HostPath.Path, pluginFolder)
	}) {
		return Link{}, false
	}
	for _, name := range u.Short {
		domain, _, extended := strings.Cut(string(name), "/")
		if extended && !c.anyNodeHas(name) && bearsDomain(w, domain) {
			return Link{Inferred: true, Reason: "no node has any " + string(name) + ", and " + finding.Short(w) +
				" is to offer the kubelet the devices of " + domain}, true
		}
	}
	return Link{}, false
}

func (c *Context) anyNodeHas(name corev1.ResourceName) bool {
	return slices.ContainsFunc(c.Snapshot.Nodes, func(n corev1.Node) bool {
		have := n.Status.Allocatable[name]
		return !have.IsZero()
	})
}

// bearsDomain says whether an object's name, or its namespace's, has a word of a domain, but for its last.
func bearsDomain(o incident.Object, domain string) bool {
	parts := strings.Split(domain, ".")
	words := strings.FieldsFunc(o.Namespace+"-"+o.Name, func(r rune) bool { return r == '-' || r == '.' })
	return slices.ContainsFunc(parts[:len(parts)-1], func(p string) bool { return len(p) > 2 && slices.Contains(words, p) })
}
