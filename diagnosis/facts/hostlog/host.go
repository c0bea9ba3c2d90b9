package hostlog

import (
	"fmt"
	"regexp"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// There says whether the host's node is in the cluster: one that was removed is nobody's trouble.
func There(s *snapshot.Snapshot, h *snapshot.Host) bool {
	return h.Node != "" && (len(s.Nodes) == 0 || s.Node(h.Node) != nil)
}

// Host is one host that is being looked at.
type Host struct {
	*snapshot.Host
	S *snapshot.Snapshot
	R *finding.Report
}

// Find adds a finding about the host's node.
func (h Host) Find(code, title string) *finding.Finding {
	f := h.R.Find(code, snapshot.ObjectOf("Node", "", h.Node), title)
	f.Nodes = []string{h.Node}
	return f
}

// Ill says whether the node is not ready, silent, or not known.
func (h Host) Ill() bool { return !kube.NodeReady(h.S.Node(h.Node)) }

// LastLine is the newest of the host's log lines that fits, or nil.
func (h Host) LastLine(fits func(snapshot.HostLine) bool) *snapshot.HostLine {
	for i := len(h.Log) - 1; i >= 0; i-- {
		if fits(h.Log[i]) {
			return &h.Log[i]
		}
	}
	return nil
}

// LastSaid is the service log's newest line that matches, or "".
func (h Host) LastSaid(words *regexp.Regexp) string {
	for i := len(h.ServiceLog) - 1; i >= 0; i-- {
		if words.MatchString(h.ServiceLog[i]) {
			return h.ServiceLog[i]
		}
	}
	return ""
}

// SeeLine cites a line of the system's log, if there is one.
func (h Host) SeeLine(f *finding.Finding, l *snapshot.HostLine) {
	if l != nil {
		f.Cite(Seen(h.Host, l.File, l.At, finding.OneLine(l.Text, finding.MaxLine)))
	}
}

// SeeSaid cites a line of the service's log, if there is one.
func (h Host) SeeSaid(f *finding.Finding, line string) {
	f.Cite(Seen(h.Host, "service log", h.SaidAt(line), finding.OneLine(line, finding.MaxLine)))
}

var klogTime = regexp.MustCompile(`^[IWEF](\d{4} \d\d:\d\d:\d\d)`)

// SaidAt is when a line of the service's log was written; zero if it does not say. The kubelet leaves the year out: it is the last in
// which the line is not of the future.
func (h Host) SaidAt(line string) time.Time {
	m := klogTime.FindStringSubmatch(line)
	if m == nil {
		return logs.ServiceTime(line)
	}
	now := h.S.At.UTC()
	for _, year := range []int{now.Year(), now.Year() - 1} {
		at, err := time.Parse("2006 0102 15:04:05", fmt.Sprintf("%04d %s", year, m[1]))
		if err == nil && !at.After(now.Add(finding.Recently.For)) { // clocks and zones differ
			return at
		}
	}
	return time.Time{}
}

const maxChanges = 3 // that one finding cites

// Cite adds the newest of the last week's changes that name one of the words.
func (h Host) Cite(f *finding.Finding, words ...string) {
	for i, n := len(h.Changes)-1, 0; i >= 0 && n < maxChanges; i-- {
		c := &h.Changes[i]
		if !finding.HasAny(c.What, words) || c.At.After(h.S.At) || h.S.At.Sub(c.At) > finding.LastWeek.For {
			continue
		}
		f.Cite(Seen(h.Host, c.Where, c.At, c.What))
		n++
	}
}

// Seen is evidence from the host itself.
func Seen(h *snapshot.Host, field string, at time.Time, excerpt string) incident.Evidence {
	return finding.NewEvidence(incident.SourceHost, snapshot.ObjectOf("Node", "", h.Node), field, at, excerpt)
}

// LogMessage is what a line of a service's log says, on one line and bounded.
func LogMessage(line string) string {
	return finding.OneLine(logs.ServiceMessage(line), finding.MaxLine)
}
