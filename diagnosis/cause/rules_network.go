package cause

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
)

// networkRules are about Services.
var networkRules = []Rule{
	{"service-called", serviceFaults, crashes, serviceCalled,
		"1 workload fails because a Service that it calls does not answer", "%d workloads fail because Services that they call do not answer"},
	{"pods-of-service", podFaults, []string{checks.ServicePodsUnready}, podsOfService,
		"1 Service has no endpoint", "%d Services have no endpoint"},
	{"no-pods-for-service", append(slices.Clone(workloadFaults), checks.PodsRefused), []string{checks.ServiceNoEndpoints}, sameWorkload("there is no pod that it could select"),
		"1 Service has no pods", "%d Services have no pods"},
}

// serviceCalled follows a log to the Service that it names. An unresolved name is the Service's fault only where it does not exist, or
// is headless and so without a name while no pod is ready.
func serviceCalled(c *Context, from, to *checks.Finding) (Link, bool) {
	if len(to.Pods) == 0 {
		return Link{}, false
	}
	for _, d := range to.Said {
		if !d.Kind.Network() {
			continue
		}
		o, ok := c.byIP[d.Host]
		if !ok {
			o, ok = checks.ServiceOf(c.Snapshot, d.Host, to.Pods[0].Namespace)
		}
		if !ok || o != from.Object {
			continue
		}
		if d.Kind == logs.NameUnresolved && from.Code != checks.ServiceMissing {
			v := c.Snapshot.Service(o.Namespace, o.Name)
			if v == nil || v.Spec.ClusterIP != corev1.ClusterIPNone {
				continue
			}
		}
		return Link{Reason: fmt.Sprintf("its log says: %s, and that is Service %s/%s", d.String(), o.Namespace, o.Name)}, true
	}
	return Link{}, false
}

func podsOfService(c *Context, from, to *checks.Finding) (Link, bool) {
	if !c.share(from, to) {
		return Link{}, false
	}
	return Link{Reason: "these are the pods behind it"}, true
}
