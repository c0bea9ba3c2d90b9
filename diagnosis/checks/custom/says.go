package custom

import (
	"regexp"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Says is the detail of CustomNotReady: what the custom resource's own words name. Their form is up to the controller that writes
// them.
type Says struct {
	Message  string            // the reason and the message, for the name of a kind that only the rule knows
	Objects  []incident.Object // that are spelled out, as Kind/namespace/name
	Quoted   []string          // what stands in quotation marks: a name, or a namespace and a name
	Webhooks []string          // that the API server's words name, where the message passes these on
	Issuer   bool              // it waits for a cert-manager issuer to be ready
}

var (
	pathLike = regexp.MustCompile(`[A-Za-z0-9./_-]+`)
	inQuotes = regexp.MustCompile(`'([^'"\s]+)'|"([^'"\s]+)"`)
)

func (x ill) says() Says {
	d := Says{Message: x.reason + ": " + x.message}
	d.Issuer = strings.Contains(d.Message, "issuer does not have a Ready status condition")
	d.Webhooks = kube.WebhooksIn(d.Message)
	for _, m := range inQuotes.FindAllStringSubmatch(d.Message, -1) {
		d.Quoted = finding.Union(d.Quoted, []string{m[1] + m[2]})
	}
	for _, path := range pathLike.FindAllString(d.Message, -1) {
		if parts := strings.Split(strings.TrimRight(path, "."), "/"); len(parts) == 3 {
			d.Objects = finding.Union(d.Objects, []incident.Object{snapshot.ObjectOf(parts[0], parts[1], parts[2])})
		}
	}
	return d
}
