package checks

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// renewBefore is how long before its end a certificate should have been renewed; one that lives shortly, a tenth of its life before.
const renewBefore = 30 * 24 * time.Hour

// certificates tells of those that have ended or soon will, the first to end by name.
func (h host) certificates() {
	var ending []*snapshot.HostCertificate
	for i := range h.Certificates {
		c := &h.Certificates[i]
		left := c.NotAfter.Sub(h.s.At)
		if life := c.NotAfter.Sub(c.NotBefore); !c.NotAfter.IsZero() && (left <= 0 || left < renewBefore && (c.NotBefore.IsZero() || left < life/10)) {
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
		more = fmt.Sprintf(inflect(" (and %d {other|others})", n), n)
	}
	f := h.find(HostCertificateEnds, "")
	if left := first.NotAfter.Sub(h.s.At); left > 0 {
		f.Severity = incident.Warning
		f.retitle(fmt.Sprintf("The certificate %s of node %s expires in %s%s", first.Path, h.Node, duration(left), more))
	} else {
		f.retitle(fmt.Sprintf("The certificate %s of node %s expired %s ago%s", first.Path, h.Node, duration(-left), more))
		f.Since = first.NotAfter
	}
	for _, c := range ending {
		f.See(hostEvidence(h.Host, c.Path, c.NotAfter, fmt.Sprintf("of %s, valid until %s", c.Subject, c.NotAfter.UTC().Format(time.RFC3339))))
	}
	h.seeSaid(f, h.lastSaid(certificateSaid))
}

var certificateSaid = regexp.MustCompile(`certificate.*(?:has expired|is expired|expired)`)

// defaultQuota is etcd's own (DefaultQuotaBytes). Where the objects are in SQLite it serves as the measure of what is large.
const defaultQuota = 2 << 30

// datastoreSaid are SQLite's and etcd's words of a database that is damaged or full.
var (
	damaged = regexp.MustCompile(`database disk image is malformed|file is not a database|crc mismatch|freepages: failed to get all reachable pages|snap: .*(?:corrupt|unexpected EOF)`)
	noSpace = regexp.MustCompile(`mvcc: database space exceeded|alarm:NOSPACE`)
)

func (h host) datastore() {
	said := func(words *regexp.Regexp) string {
		line := h.lastSaid(words)
		if t := h.saidAt(line); !t.IsZero() && h.s.At.Sub(t) > recently {
			return ""
		}
		return line
	}
	where := "/var/lib"
	if h.Datastore != nil {
		where = h.Datastore.Path
	}
	if line := said(damaged); line != "" {
		f := h.find(HostDatastore, fmt.Sprintf("The datastore on node %s (%s) is damaged: %s", h.Node, where, damaged.FindString(line)))
		f.Since = h.saidAt(line)
		h.seeSaid(f, line)
		return
	}
	line := said(noSpace)
	if line == "" && h.Datastore == nil {
		return
	}
	quota, allows := uint64(defaultQuota), "that etcd allows"
	used := uint64(0)
	if d := h.Datastore; d != nil {
		used = uint64(max(0, d.Bytes))
		if d.Quota > 0 {
			quota = uint64(d.Quota)
		}
		if d.Kind != "etcd" {
			allows = "after which it gets slow"
		}
	}
	share := percent(used, quota)
	if line == "" && share < diskFilling {
		return
	}
	f := h.find(HostDatastore, fmt.Sprintf("The datastore on node %s has used %s of the %s %s", h.Node, size(used), size(quota), allows))
	if line == "" {
		f.Severity = incident.Warning
	} else {
		f.retitle(fmt.Sprintf("The datastore on node %s takes no more writes: %s", h.Node, strings.TrimSpace(noSpace.FindString(line))))
		f.Since = h.saidAt(line)
	}
	f.See(hostEvidence(h.Host, where, time.Time{}, fmt.Sprintf("%d bytes", used)))
	h.seeSaid(f, line)
}
