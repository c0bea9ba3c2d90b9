package hosts

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// certificates tells of those that have ended or soon will, the first to end by name.
func certificates(h hostlog.Host) {
	var ending []*snapshot.HostCertificate
	for i := range h.Certificates {
		c := &h.Certificates[i]
		left := c.NotAfter.Sub(h.S.At)
		if life := c.NotAfter.Sub(c.NotBefore); !c.NotAfter.IsZero() && (left <= 0 || left < finding.RenewBefore.For && (c.NotBefore.IsZero() ||
			left < life/10)) {
			ending = append(ending, c)
		}
	}
	if len(ending) == 0 {
		return
	}
	slices.SortStableFunc(ending, func(a, b *snapshot.HostCertificate) int {
		return cmp.Or(a.NotAfter.Compare(b.NotAfter), cmp.Compare(a.Path, b.Path))
	})
	first, more := ending[0], ""
	if n := len(ending) - 1; n > 0 {
		more = finding.Inflect(n, " (and %d {other|others})", n)
	}
	f := h.Find(HostCertificateEnds, "")
	if left := first.NotAfter.Sub(h.S.At); left > 0 {
		f.Severity = incident.Warning
		f.Retitle(fmt.Sprintf("The certificate %s of node %s expires in %s%s", first.Path, h.Node, finding.Duration(left), more))
	} else {
		f.Retitle(fmt.Sprintf("The certificate %s of node %s expired %s ago%s", first.Path, h.Node, finding.Duration(-left), more))
		f.Since = first.NotAfter
	}
	for _, c := range ending {
		f.Cite(hostlog.Seen(h.Host, c.Path, c.NotAfter,
			fmt.Sprintf("of %s, valid until %s", c.Subject, c.NotAfter.UTC().Format(time.RFC3339))))
	}
	said := h.LastSaid(certificateSaid)
	f.Detail = EndingCertificate{Refused: said != ""}
	h.SeeSaid(f, said)
}

// EndingCertificate is the detail of HostCertificateEnds.
type EndingCertificate struct {
	Refused bool // the service's log says that it is not accepted any more
}

var certificateSaid = regexp.MustCompile(`certificate.*(?:has expired|is expired|expired)`)
