package cause

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/applog"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/ingress"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/rbac"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/storage"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// accessRules are about rights, accounts and certificates.
var accessRules = []Rule{
	{"right-missing", []string{rbac.RightMissing, rbac.RoleMissing}, append(slices.Clone(crashes), podproblem.PodNotReady), refusedByRBAC,
		"1 workload fails because the API server refuses what it asks", "%d workloads fail because the API server refuses what they ask"},
	{"right-missing-driver", []string{rbac.RightMissing, rbac.RoleMissing}, []string{storage.PVCPending, storage.VolumeResizeWaits},
		namesClaim,
		"1 claim gets no volume", "%d claims get no volume"},
	{"right-missing-custom", []string{rbac.RightMissing, rbac.RoleMissing}, customs, toldRefused,
		"1 custom resource says that its controller is refused", "%d custom resources say that their controllers are refused"},
	{"right-missing-halts", []string{rbac.RightMissing, rbac.RoleMissing}, customs, controllerHalts,
		"the controller of 1 custom resource cannot work", "the controllers of %d custom resources cannot work"},
	{"right-missing-pods", []string{rbac.RightMissing, rbac.RoleMissing}, []string{services.ServiceNoEndpoints}, makerHalts,
		"the pods behind 1 Service are not made", "the pods behind %d Services are not made"},
	{"right-missing-log", []string{rbac.RightMissing, rbac.RoleMissing}, []string{applog.LogFaultsObject, applog.LogErrorsRepeat,
		applog.CalledComplains}, loggedRefused,
		"1 log complains of the refusal", "%d logs complain of the refusal"},
	{"account-missing", []string{rbac.ServiceAccountMissing}, []string{workloads.PodsRefused}, accountMissing,
		"the pods of 1 workload are refused", "the pods of %d workloads are refused"},
	{"certificate-untrusted", []string{services.CertificateUntrusted}, slices.Concat(crashes, complaints, []string{applog.LogTLSFailed}),
		misses("this serves the certificate"),
		"1 workload fails because it does not trust the certificate", "%d workloads fail because they do not trust the certificate"},
	{"authority-expired", []string{applog.AuthorityExpired}, append(slices.Clone(crashes), applog.LogTLSFailed), authorityExpired,
		"1 workload ends at an expired certificate", "%d workloads end at an expired certificate"},
	{"certificate-served", []string{ingress.TLSSecretExpired, ingress.TLSSecretInvalid}, []string{services.CertificateUntrusted},
		refersTo("it serves that certificate"),
		"callers of 1 object do not trust it", "callers of %d objects do not trust it"},
	{"certificate-bad", []string{ingress.TLSSecretExpired, ingress.TLSSecretInvalid}, append(slices.Clone(crashes), applog.LogTLSFailed),
		certificateBad,
		"1 workload fails because of its certificate", "%d workloads fail because of their certificates"},
}

// refusedByRBAC wants the very pods whose log tells of the refusal. It is likely only where the log tells of something else in the end.
func refusedByRBAC(c *Context, from, to *finding.Finding) (Link, bool) {
	refused, _ := finding.DetailOf[rbac.RefusedRight](from)
	return Link{Reason: "its log says that the API server refuses it", Inferred: !refused.Telling}, c.share(from, to)
}

// toldRefused wants the custom resource whose status tells of the refusal.
func toldRefused(_ *Context, from, to *finding.Finding) (Link, bool) {
	if to.Code == custom.CustomUnseen {
		return Link{Reason: "its controller's log says that the API server refuses it something for that"}, slices.Contains(from.Refs, to.Object)
	}
	return Link{Reason: "its status says that the API server refuses its controller", Inferred: from.Suspect},
		slices.Contains(from.Refs, to.Object)
}

// controllerHalts wants a custom resource that waits without a word of why, and the workload that cares for it to be refused what it cannot
// work without.
func controllerHalts(_ *Context, from, to *finding.Finding) (Link, bool) {
	refused, _ := finding.DetailOf[rbac.RefusedRight](from)
	says, _ := finding.DetailOf[custom.Says](to)
	_, why, _ := strings.Cut(says.Message, ": ")
	return Link{Reason: "the API server refuses its controller what it cannot work without", Inferred: true},
		refused.Halts && why == "" && slices.Contains(says.Controllers, from.Workload)
}

// makerHalts wants a Service whose pods a custom resource should have made, and the controller of that to be refused what it cannot work
// without.
func makerHalts(c *Context, from, to *finding.Finding) (Link, bool) {
	refused, _ := finding.DetailOf[rbac.RefusedRight](from)
	if !refused.Halts || len(from.Pods) == 0 || c.Snapshot.Custom(to.Workload) == nil {
		return Link{}, false
	}
	kind := strings.ToLower(to.Workload.Kind) // its plural begins with it, but for a last y
	lists := slices.ContainsFunc(from.Seen, func(e incident.Evidence) bool {
		return e.Source == incident.SourceLog && strings.Contains(e.Excerpt, `"`+strings.TrimSuffix(kind, "y"))
	})
	return Link{Reason: "the API server refuses who should make its pods what it cannot work without", Inferred: !lists},
		slices.Contains(checks.PodsBehind(c.Snapshot, to.Workload), from.Pods[0])
}

// loggedRefused wants the very workload whose log tells of the refusal. What it complains of may be something else as well.
func loggedRefused(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "its log says that the API server refuses it", Inferred: true}, from.About(to.Workload)
}

func accountMissing(_ *Context, from, to *finding.Finding) (Link, bool) {
	refused, _ := finding.DetailOf[workloads.RefusedPods](to)
	return Link{Reason: fmt.Sprintf("its pods are to run as ServiceAccount %s", from.Object.Name)}, refused.Account == from.Object
}

// authorityExpired wants a workload that ends at an expired certificate without a word of whose, and calls who says that its own is.
func authorityExpired(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: finding.Short(from.Object) + ", which it is set to call, says that its own certificate has expired", Inferred: true},
		slices.Contains(from.Refs, to.Workload) && slices.ContainsFunc(to.Said, applog.ExpiredSomewhere)
}

// certificateBad wants the pods that use the certificate to speak of certificates, and not of a host outside the cluster alone.
func certificateBad(c *Context, from, to *finding.Finding) (Link, bool) {
	tls := func(f logs.Fact) bool { return f.Kind == logs.TLSFailed }
	faraway := func(f logs.Fact) bool {
		host := calls.TrustedHost(f)
		return tls(f) && host != "" && calls.Outside(c.Snapshot, host)
	}
	speaks := slices.ContainsFunc(to.Said, tls)
	if speaks && !slices.ContainsFunc(to.Said, func(f logs.Fact) bool { return tls(f) && !faraway(f) }) {
		return Link{}, false
	}
	return Link{Reason: fmt.Sprintf("its pods use Secret %s, and its log complains of a certificate", from.Object.Name)},
		(speaks || to.Code == applog.LogTLSFailed) && c.share(from, to)
}
