package app

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/ollama"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/store"
	"github.com/paramedic-bot/paramedic/internal/terminal"
)

// DoctorPart is one thing that doctor looks at.
type DoctorPart struct {
	Name string
	Look func(context.Context) []incident.Check // nil: there is nothing to look at, for it is not configured
}

// DoctorParts lists what there is to look at under a configuration, which was read from a file. Without a file the cluster and Ollama alone
// are known.
func DoctorParts(c Config, file string) []DoctorPart {
	configured := file != ""
	var parts []DoctorPart
	part := func(name string, is bool, look func(context.Context) []incident.Check) {
		if !is {
			look = nil
		}
		parts = append(parts, DoctorPart{name, look})
	}
	part("the cluster", true, func(ctx context.Context) []incident.Check { return doctorCluster(ctx, c) })
	part("Ollama", true, func(ctx context.Context) []incident.Check { return doctorOllama(ctx, c.Ollama) })
	if len(c.Approvers) == 0 { // else that is a part of the cluster
		part("who may approve", false, nil)
	}
	part("Prometheus", c.Metrics.URL != "", func(ctx context.Context) []incident.Check { return doctorMetrics(ctx, c.Metrics) })
	part("Slack", configured && c.slack(), func(ctx context.Context) []incident.Check { return doctorSlack(ctx, c.Slack, slackapp.Probe) })
	part("notices", len(c.Notices) > 0, func(ctx context.Context) []incident.Check { return doctorHomes(ctx, c) })
	part("the host", configured, func(ctx context.Context) []incident.Check { return doctorHost(ctx, c.Host) })
	part("the state", configured, func(ctx context.Context) []incident.Check { return doctorState(ctx, c) })
	part("serve", configured, func(ctx context.Context) []incident.Check { return doctorServe(ctx, c, file) })
	part("what waits to be told", configured, func(ctx context.Context) []incident.Check { return doctorWaiting(ctx, c) })
	return parts
}

// doctorServe says whether the bot runs.
func doctorServe(ctx context.Context, c Config, file string) []incident.Check {
	not := incident.Check{Name: "serve", Detail: fmt.Sprintf("it is not running on this state (%s), so nobody is answered; start it: "+
		"paramedic serve --config %s", filepath.Base(c.State), terminal.Word(file))}
	return inState(ctx, c, not, func(r *store.Reader) []incident.Check {
		switch on, err := r.OnDuty(ctx); {
		case err != nil:
			return []incident.Check{bad("serve", err)}
		case !on:
			return []incident.Check{not}
		}
		return []incident.Check{good("serve", "it is running")}
	})
}

// doctorSlack looks at what Slack needs: the app, the channels, and who is called when nobody answers.
func doctorSlack(ctx context.Context, c SlackConfig, probe func(context.Context, slackapp.Options) []incident.Check) []incident.Check {
	o := slackOptions(c)
	checks := probe(ctx, o)
	if !checks[0].OK {
		return checks // Slack says no more to who has no token
	}
	seen := map[string]bool{c.Channel: true}
	var others []string
	for _, r := range c.Routes {
		if !seen[r.Channel] {
			seen[r.Channel] = true
			others = append(others, r.Channel)
		}
	}
	checks = append(checks, slackapp.ProbeChannels(ctx, o, others...)...)
	for _, to := range c.callees() {
		checks = append(checks, slackapp.ProbeCallee(ctx, o, to.Slack, to.Name))
	}
	return checks
}

func bad(name string, err error) incident.Check {
	return incident.Check{Name: name, Detail: err.Error()}
}

func good(name, format string, args ...any) incident.Check {
	return incident.Check{Name: name, OK: true, Detail: fmt.Sprintf(format, args...)}
}

// ProbeCluster says whether the cluster of a configuration can be reached, and where it was found.
func ProbeCluster(ctx context.Context, c ClusterConfig) incident.Check {
	_, check := reachCluster(ctx, c)
	return check
}

// reachCluster is the cluster of a configuration; nil where it can't be reached.
func reachCluster(ctx context.Context, c ClusterConfig) (*cluster.Reader, incident.Check) {
	reader, err := cluster.Connect(c.Kubeconfig, c.Context)
	if err != nil {
		return nil, bad("kubeconfig", err)
	}
	version, err := reader.Version(ctx)
	if err != nil {
		return nil, bad("cluster "+reader.Name(), fmt.Errorf("%w (%s)", err, reader.Found()))
	}
	return reader, good("cluster "+reader.Name(), "%s at %s, %s", version.GitVersion, reader.Config().Host, reader.Found())
}

func doctorCluster(ctx context.Context, c Config) []incident.Check {
	reader, check := reachCluster(ctx, c.Cluster)
	checks := []incident.Check{check}
	if reader == nil {
		return checks
	}
	checks = append(checks, doctorReading(ctx, reader))
	if ok, err := reader.May(ctx, "get", "", "pods", "log", ""); err != nil || !ok {
		checks = append(checks, incident.Check{Name: "right to read logs",
			Detail: "missing: crashed containers' last words will not be seen; grant get on pods/log"})
	} else {
		checks = append(checks, good("right to read logs", ""))
	}
	checks = append(checks, doctorBeside(ctx, reader, c.Cluster.Secrets)...)
	for _, a := range c.Approvers {
		checks = append(checks, doctorApprover(ctx, reader, a))
	}
	if len(c.Approvers)+len(c.People) > 0 && !NewAccess(c).ReadEverybody() {
		checks = append(checks, doctorRights(ctx, reader))
	}
	return checks
}

// doctorRights asks whether the bot may ask what people may read.
func doctorRights(ctx context.Context, reader *cluster.Reader) incident.Check {
	const name = "right to ask what people may read"
	ok, err := reader.May(ctx, "create", "authorization.k8s.io", "subjectaccessreviews", "", "")
	switch {
	case err != nil:
		return bad(name, err)
	case !ok:
		return incident.Check{Name: name, Detail: "missing: nobody is shown anything on command; apply deploy/kubernetes/rbac.yaml (create on " +
			"subjectaccessreviews)"}
	}
	return good(name, "")
}

func doctorReading(ctx context.Context, reader *cluster.Reader) incident.Check {
	const name = "right to read what checks look at"
	may, err := reader.MayList(ctx)
	if err != nil {
		return bad(name, err)
	}
	var missing []string
	for resource, ok := range may {
		if !ok {
			missing = append(missing, resource)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return incident.Check{Name: name, Detail: "missing for " + strings.Join(missing, ", ") + "; apply deploy/kubernetes/rbac.yaml"}
	}
	return good(name, "all %d kinds", len(may))
}

// doctorApprover asks whether the bot may act as the person's user.
func doctorApprover(ctx context.Context, reader *cluster.Reader, a PersonConfig) incident.Check {
	name := fmt.Sprintf("acting as %s for %s", a.User, a.id())
	ok, err := reader.May(ctx, "impersonate", "", "users", "", a.User)
	if err != nil {
		return bad(name, err)
	}
	missing := []string{}
	if !ok {
		missing = append(missing, "user "+a.User)
	}
	for _, g := range a.Groups {
		if ok, err := reader.May(ctx, "impersonate", "", "groups", "", g); err != nil || !ok {
			missing = append(missing, "group "+g)
		}
	}
	if len(missing) > 0 {
		return incident.Check{Name: name, Detail: "the bot may not impersonate " + strings.Join(missing, ", ") +
			"; add it to the resourceNames in deploy/kubernetes/rbac.yaml"}
	}
	return good(name, "allowed")
}

func doctorOllama(ctx context.Context, c OllamaConfig) []incident.Check {
	client, err := ollama.New(ollama.Options{Host: c.Host, Chat: c.Model, Embed: c.Embedder, Way: c.way(false)})
	if err != nil {
		return []incident.Check{bad("Ollama", err)}
	}
	status, err := client.Look(ctx)
	if err != nil {
		check := bad("Ollama", err)
		if c.Model == "" && c.Embedder == "" { // nobody asked for it
			check.OK, check.Detail = true, "not there, and none is configured: the template tells stories, and search goes by words"
		}
		return []incident.Check{check}
	}
	checks := []incident.Check{good("Ollama", "%s at %s, %d models", status.Version, status.URL, len(status.Models))}
	for _, m := range []struct{ use, name string }{{"model", c.Model}, {"embedder", c.Embedder}} {
		if m.name == "" {
			checks = append(checks, good(m.use, "none is configured"))
			continue
		}
		checks = append(checks, doctorModel(status, m.use, m.name))
	}
	return checks
}

func doctorModel(status ollama.Status, use, name string) incident.Check {
	model, ok := status.Model(name)
	if !ok {
		return incident.Check{Name: use + " " + name, Detail: "not there; run: ollama pull " + name}
	}
	if running, ok := status.Loaded(name); ok {
		return good(use+" "+name, "%.2f GB, in memory now on %s (%.2f of %.2f GB in GPU memory)", gb(model.Size), running.Place(),
			gb(running.GPU), gb(running.Size))
	}
	return good(use+" "+name, "%.2f GB, not in memory now: whether it runs on a GPU shows once it has been asked something", gb(model.Size))
}

func gb(bytes int64) float64 { return float64(bytes) / 1e9 }
