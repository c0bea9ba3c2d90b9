package app

import (
	"cmp"
	"context"
	"fmt"

	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/metrics"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/redact"
)

// besideRemedies say what to do where reading beside the known kinds is forbidden; what is not among them are custom resources of a group.
var besideRemedies = map[incident.Resource]string{
	incident.ServerHealth:    "apply deploy/kubernetes/rbac.yaml, which lets the bot get /readyz",
	incident.CustomResources: "apply deploy/kubernetes/rbac.yaml, which lets the bot get /apis",
	incident.Secrets:         "apply deploy/kubernetes/rbac-secrets.yaml.example, or take cluster.secrets out of the configuration",
}

const customRemedy = "to have them seen, label a ClusterRole that may list them paramedic-bot.github.io/aggregate-to-read=true"

// doctorBeside looks at what a diagnosis reads beside the known kinds. Custom resources of a group that are not seen are less to diagnose
// by, and nothing broken.
func doctorBeside(ctx context.Context, reader *cluster.Reader, secrets bool) []incident.Check {
	const name = "reading beside the kinds"
	blind := reader.Blind(ctx, secrets)
	if len(blind) == 0 {
		seen := "custom resources and the API server's health"
		if secrets {
			seen += ", and Secrets without their values"
		}
		return []incident.Check{good(name, "%s", seen)}
	}
	var checks []incident.Check
	for _, n := range blind {
		remedy, known := besideRemedies[n.Resources[0]]
		check := incident.Check{Name: name, OK: !known, Detail: fmt.Sprintf("not seen: %s: %s", n.What, n.Why)}
		if n.Forbidden {
			check.Detail += "; " + cmp.Or(remedy, customRemedy)
		}
		checks = append(checks, check)
	}
	return checks
}

// doctorMetrics asks the Prometheus that is configured for what probes ask most.
func doctorMetrics(ctx context.Context, c MetricsConfig) []incident.Check {
	name := "Prometheus at " + c.URL
	p, err := metrics.New(c.URL, func() string { return c.BearerToken }, c.way(false))
	if err != nil {
		return []incident.Check{bad("Prometheus", err)}
	}
	const series = "container_memory_working_set_bytes"
	n, ok, err := p.Query(ctx, "count("+series+")")
	if err != nil {
		return []incident.Check{{Name: name, Detail: err.Error() + "; is metrics.url reachable from here, and is metrics.bearerToken right?"}}
	}
	if !ok {
		return []incident.Check{{Name: name, Detail: "it answers, and knows no " + series +
			": memory is not seen; let it scrape the kubelets' cAdvisor"}}
	}
	return []incident.Check{good(name, "it answers, and knows the memory of %.0f containers", n)}
}

// doctorCNI reads the CNI directory as the keeper of last-good copies does.
func doctorCNI(ctx context.Context, h *host.Host) incident.Check {
	name := "keeping copies of " + h.CNIDir()
	a, _, err := h.Archive(ctx, h.CNIDir())
	if err != nil {
		return bad(name, err)
	}
	if what := recovery.Withheld(a.Encode(), redact.New().String); what != "" {
		return incident.Check{Name: name, Detail: what +
			" holds what looks like a secret, so that no copy is kept and nothing there can be restored; keep the secret elsewhere"}
	}
	return good(name, "possible, of %d files now", len(a.Files))
}

func doctorHost(ctx context.Context, c HostConfig) []incident.Check {
	if c.Root == "" {
		return []incident.Check{good("host", "none is configured: files on nodes are neither seen nor restored")}
	}
	h, err := host.New(host.Config{Root: c.Root, Node: c.Node, CNIDir: c.CNIDir})
	if err != nil {
		return []incident.Check{bad("host", err)}
	}
	name := "host " + h.Node()
	facts, blind := h.Facts(ctx)
	checks := []incident.Check{doctorCNI(ctx, h), good(name,
		"CNI directory %s with %d files, %d settings, %d telling lines of logs, %d changes, %d certificates, %d disks",
		h.CNIDir(), len(facts.CNIFiles), len(facts.Sysctls), len(facts.ServiceLog)+len(facts.Log), len(facts.Changes), len(facts.Certificates),
		len(facts.Disks))}
	for _, n := range blind {
		checks = append(checks, good(name, "not seen: %s: %s", n.What, n.Why)) // less to diagnose by, and nothing broken
	}
	absent, err := h.Absent(ctx)
	if err != nil {
		checks = append(checks, bad(name, err))
	}
	for _, p := range absent {
		checks = append(checks, good(name, "not there: %s (%s); if the node has it, mount it below %s as deploy/kubernetes/deployment.yaml does",
			p.Path, p.For, c.Root))
	}
	if err := h.CanRestore(ctx, h.CNIDir()); err != nil {
		checks = append(checks, bad("restoring to "+h.CNIDir(), err))
	} else {
		checks = append(checks, good("restoring to "+h.CNIDir(), "possible"))
	}
	return checks
}
