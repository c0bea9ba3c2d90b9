package custom

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about Helm's releases, which are Secrets.
const (
	HelmReleaseFailed  = "HelmReleaseFailed"
	HelmReleasePending = "HelmReleasePending"
)

var helmCodes = []finding.Code{
	{Code: HelmReleaseFailed, Severity: incident.Warning, Detail: HelmRelease{},
		Meaning: "The newest revision of a Helm release has failed: part of it may be in the cluster, part not.",
		Next:    "See why (helm history, helm status), then upgrade again or roll back.",
		Example: "Helm release web has failed: revision 4"},
	{Code: HelmReleasePending, Severity: incident.Warning, Root: true, Detail: HelmRelease{},
		Meaning: "A Helm release is in the middle of an operation that has been given up, and every other is refused until that is cleared.",
		Next:    "Roll the release back (helm rollback), which clears it.",
		Example: "Helm release web has been in pending-upgrade for 2h10m: helm refuses any other operation on it"},
}

// HelmRelease is the detail of findings about Helm's releases.
type HelmRelease struct {
	Name string // the release's, in the namespace of the finding's object
}

const helmSecret = "helm.sh/release.v1"

// checkHelm looks at the newest revision of each release. Secrets are seen only where their reading was allowed.
func checkHelm(s *snapshot.Snapshot, r *finding.Report) {
	newest := map[incident.Object]*snapshot.Secret{}
	var order []incident.Object
	for i := range s.Secrets {
		x := &s.Secrets[i]
		if x.Type != helmSecret || x.Labels["name"] == "" {
			continue
		}
		o := snapshot.ObjectOf("Secret", x.Namespace, x.Labels["name"])
		if newest[o] == nil {
			order = append(order, o)
		}
		if newest[o] == nil || helmRevision(x) > helmRevision(newest[o]) {
			newest[o] = x
		}
	}
	for _, o := range order {
		reportHelm(s, r, newest[o])
	}
}

func helmRevision(x *snapshot.Secret) int {
	n, _ := strconv.Atoi(x.Labels["version"])
	return n
}

func reportHelm(s *snapshot.Snapshot, r *finding.Report, x *snapshot.Secret) {
	o, name, status := snapshot.ObjectOf("Secret", x.Namespace, x.Name), x.Labels["name"], x.Labels["status"]
	var f *finding.Finding
	switch {
	case status == "failed":
		f = r.Find(HelmReleaseFailed, o, fmt.Sprintf("Helm release %s has failed: revision %d", name, helmRevision(x)))
	case strings.HasPrefix(status, "pending-") && !x.Changed.IsZero():
		f = r.Find(HelmReleasePending, o, fmt.Sprintf("Helm release %s has been in %s for %s: helm refuses any other operation on it", name,
			status, finding.Duration(s.At.Sub(x.Changed))))
	default:
		return
	}
	f.Since, f.Detail = x.Changed, HelmRelease{name}
	if status != "failed" {
		f.NotYet(finding.HelmOperation, x.Changed, s.At)
	}
	if status == "failed" && !x.Changed.IsZero() && s.At.Sub(x.Changed) > finding.LongPast.For {
		f.Severity = incident.Info // what it left has run since
	}
	f.Cite(finding.SeenAPI(o, "metadata.labels", x.Changed, fmt.Sprintf("name %s, status %s, version %s", name, status, x.Labels["version"])))
}
