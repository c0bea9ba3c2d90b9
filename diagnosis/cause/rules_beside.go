package cause

import (
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/applog"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/beside"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/ingress"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/pods"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/storage"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// besideRules are about what stands beside what fails.
var besideRules = []Rule{
	{"keeper-idle", []string{beside.KeeperIdle}, slices.Concat(crashes, complaints, []string{podproblem.PodImagePull,
		podproblem.PodConfigError, podproblem.PodVolumeFailed, podproblem.PodStuckCreating, pods.SecretMissing, pods.ConfigMapMissing,
		ingress.IngressSecretMissing, ingress.TLSSecretExpired, ingress.TLSSecretExpires, ingress.TLSSecretInvalid, applog.LogAuthFailed,
		applog.LogTLSFailed, custom.CustomNotReady, custom.CustomNamesNothing, storage.PVCMissing}), keeperIdle,
		"what it should make is missed by 1 object", "what it should make is missed by %d objects"},
	{"sister-has", []string{beside.SisterHas}, append(slices.Clone(customs), applog.LogFaultsObject), sisterHas,
		"1 custom resource that goes by it is not well", "%d custom resources that go by it are not well"},
	{"defaults-many", []string{beside.DefaultsAmbiguous}, append(slices.Clone(customs), applog.LogErrorsRepeat, applog.LogFaultsObject),
		defaultsMany,
		"1 object says that there is more than one default", "%d objects say that there is more than one default"},
	{"rivals-write", []string{beside.CustomRivals}, append(slices.Clone(customs), services.CertificateUntrusted,
		ingress.IngressSecretMissing, ingress.TLSSecretInvalid, pods.SecretMissing), rivalsWrite,
		"1 object has what the other one wrote, or nothing", "%d objects have what the other one wrote, or nothing"},
}

// keeperIdle wants the very object that the keeper's commands name to be what the finding is about or refers to.
func keeperIdle(_ *Context, from, to *finding.Finding) (Link, bool) {
	keeps, _ := finding.DetailOf[beside.Keeps](from)
	goesBy := func(o incident.Object) bool { return o == to.Object || o == to.Workload }
	return Link{Reason: "it goes by " + finding.Short(keeps.Object) + ", which the commands of " + finding.Short(from.Object) + " name",
		Inferred: true}, slices.ContainsFunc(keeps.For, goesBy)
}

// sisterHas wants the very custom resource that was compared, or one that hands its words on.
func sisterHas(_ *Context, from, to *finding.Finding) (Link, bool) {
	d, _ := finding.DetailOf[beside.Keeps](from)
	return Link{Reason: "its words name " + finding.Short(from.Object) + ", which lacks what those of its kind have that are well",
		Inferred: true}, slices.ContainsFunc(to.AtFault(), func(o incident.Object) bool { return slices.Contains(d.For, o) })
}

// rivalsWrite wants what belongs to one of the two, what uses the object that both write, or what misses the one that the newer should have
// written, going by its name.
func rivalsWrite(c *Context, from, to *finding.Finding) (Link, bool) {
	d, _ := finding.DetailOf[beside.Shares](from)
	of := func(o incident.Object) bool { return d.Belongs(c.Snapshot, o) }
	uses := func(name string) bool {
		return to.Object.Namespace == from.Object.Namespace && slices.Contains(c.secretsOf(to), name)
	}
	switch {
	case slices.ContainsFunc(to.AtFault(), of):
		return Link{Reason: "both write into " + d.Target, Inferred: true}, true
	case uses(d.Target):
		return Link{Reason: "it uses " + d.Target + ", into which both write", Inferred: true}, true
	case to.Code != services.CertificateUntrusted && slices.ContainsFunc(c.secretsOf(to), func(name string) bool {
		return strings.HasPrefix(name, from.Object.Name)
	}):
		return Link{Reason: finding.Short(from.Object) + " writes into " + d.Target + " instead", Inferred: true}, true
	}
	return Link{}, false
}

// secretsOf are the names of the Secrets that a finding is about, refers to, or that the Ingresses which it is about serve.
func (c *Context) secretsOf(f *finding.Finding) []string {
	var out []string
	for _, o := range finding.Union([]incident.Object{f.Object}, f.Refs) {
		switch o.Kind {
		case "Secret":
			out = append(out, o.Name)
		case "Ingress":
			for i := range c.Snapshot.Ingresses {
				g := &c.Snapshot.Ingresses[i]
				if g.Namespace != o.Namespace || g.Name != o.Name {
					continue
				}
				for _, t := range g.Spec.TLS {
					out = append(out, t.SecretName)
				}
			}
		}
	}
	return out
}

// defaultsMany wants the very object whose words count the defaults; a log that says the same is of who should choose.
func defaultsMany(_ *Context, from, to *finding.Finding) (Link, bool) {
	d, _ := finding.DetailOf[beside.Keeps](from)
	of := func(o incident.Object) bool { return slices.Contains(d.For, o) }
	counts := func(e incident.Evidence) bool { return beside.CountsDefaults(e.Excerpt) }
	return Link{Reason: "it says that there is more than one default"}, slices.ContainsFunc(to.AtFault(), of) ||
		to.Code == applog.LogErrorsRepeat && slices.ContainsFunc(to.Seen, counts)
}
