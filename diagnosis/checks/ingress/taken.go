package ingress

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// HostTaken is the code of a resource that a controller refuses since another has its host.
const HostTaken = "HostTaken"

var takenCodes = []finding.Code{
	{Code: HostTaken, Severity: incident.Warning, Root: true, Detail: Taken{},
		Meaning: "A controller refuses a resource, or one of its hosts, for another resource has that host already.",
		Next: "Give one of them another host, or let both be served by one: by a resource that the other is part of, or by editing the " +
			"existing one in place.",
		Example: "Ingress preview/solver-4b646 gets no web.example.com, which VirtualServer preview/web has: All hosts are taken by other " +
			"resources"},
}

// Taken is the detail of HostTaken.
type Taken struct {
	Refused []incident.Object // what is refused, and what it belongs to, the nearest first
}

var (
	// takenWords say that something is somebody else's already.
	takenWords = regexp.MustCompile(`(?i)\b(taken|claimed|(already|currently) (\w+ ){0,2}(in use|used|claimed|exists?|exposes?|defined|` +
		`registered|bound|allocated|owned|mapped|configured|served|assigned)|in use by|used (in|by) (multiple|several|another|other)|` +
		`duplicated?s?|conflict(s|ed|ing)?|collisions?|collides|overlap(s|ping|ped)?|belongs to another|owned by another)\b`)
	// takenReason is the same of a reason, whose words are joined.
	takenReason = regexp.MustCompile(`(?i)(host|domain|fqdn|vhost|listener)\w*(taken|claimed|conflict|duplicate|collision|exists|inuse)|` +
		`(conflict|duplicate|collid)\w*(host|domain|fqdn|vhost)`)
	// hostWords say what it is that is taken.
	hostWords = regexp.MustCompile(`(?i)\b(hosts?|host ?names?|domains?|fqdns?|virtual ?hosts?|vhosts?|server[_ ]?names?)\b`)
	noneTaken = regexp.MustCompile(`(?i)\b(no|not|without|none)( \w+)? (taken|claimed|duplicates?|conflict(s|ing|ed)?|collisions?|` +
		`overlaps?)\b`)
)

// saysTaken says whether words of a controller tell that a host is another's, of a resource that has these.
func saysTaken(reason, message string, hosts []string) bool {
	if noneTaken.MatchString(message) || strings.HasPrefix(reason, "No") {
		return false
	}
	if takenReason.MatchString(reason) {
		return true
	}
	return takenWords.MatchString(message) && (hostWords.MatchString(message) ||
		slices.ContainsFunc(hosts, func(h string) bool { return strings.Contains(strings.ToLower(message), h) }))
}

// refusal is a controller's word that a resource does not get a host.
type refusal struct {
	words string
	since time.Time
	seen  incident.Evidence
	inLog bool // a log says so, which may be long past
}

// refusedBy finds the refusal of a resource: in its status, or in the newest event that its controller has written of it.
func refusedBy(s *snapshot.Snapshot, c *claimant) (refusal, bool) {
	if x, ok := refusedIn(c, "status", c.status, 0); ok {
		return x, true
	}
	var last *corev1.Event
	for _, e := range s.EventsOf(c.object) {
		if last == nil || !snapshot.EventTime(e).Time.Before(snapshot.EventTime(last).Time) {
			last = e
		}
	}
	if c.served {
		return refusal{}, false
	}
	if last != nil && saysTaken(last.Reason, last.Message, c.hosts) {
		return refusal{last.Message, snapshot.EventTime(last).Time, finding.SeenEvent(last), false}, true
	}
	return refusedInLog(s, c)
}

// refusedInLog finds the refusal in the log of whoever serves: a line that names the resource, with its namespace, and one of its hosts.
func refusedInLog(s *snapshot.Snapshot, c *claimant) (refusal, bool) {
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || l.Previous || !strings.Contains(l.Text, c.object.Name) {
			continue
		}
		lines := slices.Collect(strings.Lines(l.Text))
		for _, line := range slices.Backward(lines) {
			if strings.Contains(line, c.object.Name) && strings.Contains(line, c.object.Namespace) && saysTaken("", line, c.hosts) {
				line = clip.Bytes(strings.TrimSpace(line), finding.MaxLine)
				return refusal{line, time.Time{}, finding.SeenLog(p, l.Container, false, line), true}, true
			}
		}
	}
	return refusal{}, false
}

// checkTaken reports the resources that are refused since another has their host, each with who has it.
func checkTaken(s *snapshot.Snapshot, r *finding.Report) {
	all := claimantsIn(s)
	by := map[string][]*claimant{}
	for i := range all {
		for _, h := range all[i].hosts {
			by[h] = append(by[h], &all[i])
		}
	}
	told := map[incident.Object]bool{}
	for i := range all {
		c := &all[i]
		var others []*claimant
		for _, h := range c.hosts {
			others = append(others, by[h]...)
		}
		others = slices.DeleteFunc(others, func(o *claimant) bool { return o.object == c.object || o.kin(c) || !o.serves })
		if len(others) == 0 || told[c.object] || alreadyTold(r, c.object) {
			continue
		}
		x, ok := refusedBy(s, c)
		if !ok {
			continue
		}
		holder := holderOf(others, x)
		told[c.object], told[holder.object] = true, true
		reportTaken(r, c, holder, x)
	}
}

// alreadyTold says whether a conflict of two Ingresses over the same path has been told of the object.
func alreadyTold(r *finding.Report, o incident.Object) bool {
	return slices.ContainsFunc(r.Findings, func(f *finding.Finding) bool {
		return f.Code == IngressConflict && slices.Contains(f.AtFault(), o)
	})
}

// holderOf is who has the host: whom the refusal names, or else who had it first.
func holderOf(others []*claimant, x refusal) *claimant {
	named := func(c *claimant) int {
		switch {
		case strings.Contains(x.words, strings.TrimPrefix(c.object.Namespace+"/"+c.object.Name, "/")):
			return 0
		case strings.Contains(x.words, c.object.Name):
			return 1
		}
		return 2
	}
	return slices.MinFunc(others, func(a, b *claimant) int {
		return cmp.Or(cmp.Compare(named(a), named(b)), a.made.Compare(b.made), a.object.Compare(b.object))
	})
}

func reportTaken(r *finding.Report, c, holder *claimant, x refusal) {
	i := slices.IndexFunc(c.hosts, func(h string) bool { return slices.Contains(holder.hosts, h) })
	f := r.Find(HostTaken, c.object, fmt.Sprintf("%s %s gets no %s, which %s %s has: %s", c.object.Kind, placed(c.object), c.hosts[i],
		holder.object.Kind, placed(holder.object), finding.ShortMessage(x.words)))
	f.Fault, f.Since = []incident.Object{c.object, holder.object}, x.since
	if f.Since.IsZero() {
		f.Since = c.made
	}
	f.Detail = Taken{Refused: append([]incident.Object{c.object}, c.above...)}
	f.Refs = []incident.Object{holder.object}
	f.Cite(x.seen, finding.SeenAPI(holder.object, holder.field, holder.made, c.hosts[i]),
		finding.SeenAPI(c.object, c.field, c.made, c.hosts[i]))
	if f.MayPass(finding.CustomFails, f.Since); x.inLog {
		f.AtMost = incident.Likely
	}
}

func placed(o incident.Object) string { return strings.TrimPrefix(o.Namespace+"/"+o.Name, "/") }
