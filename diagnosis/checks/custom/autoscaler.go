package custom

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// NodeGroupFails is the code of a node group that who makes nodes cannot make larger, or finds unhealthy.
const NodeGroupFails = "NodeGroupFails"

var groupCodes = []finding.Code{
	{Code: NodeGroupFails, Severity: incident.Warning,
		Meaning: "Who makes nodes says that it cannot add any to a node group or pool, or that the group's nodes do not come up.",
		Next:    "Look at the cloud provider's own account of the group: quota, capacity, image, rights; and at the autoscaler's log.",
		Example: "Node group spot-a gets no nodes (Backoff): QUOTA_EXCEEDED: Quota 'CPUS' exceeded. Limit: 24.0 in region europe-west1"},
}

// statusMap is the ConfigMap in which the autoscaler tells how it is doing (cluster-autoscaler/clusterstate/utils/status.go).
const statusMap = "cluster-autoscaler-status"

// nodeGroup is what the autoscaler says of one.
type nodeGroup struct {
	name, health, counts, scaleUp string
	healthSince, scaleSince       time.Time
	why                           string // it backs off
}

// checkNodeGroups reports what the autoscaler's status says of its groups, and what events say of who else makes nodes.
func checkNodeGroups(s *snapshot.Snapshot, r *finding.Report) {
	checkNodeMakers(s, r)
	checkAutoscaler(s, r)
}

func checkAutoscaler(s *snapshot.Snapshot, r *finding.Report) {
	c := s.ConfigMap(metav1.NamespaceSystem, statusMap)
	if c == nil {
		return
	}
	for _, g := range nodeGroupsIn(c.Data["status"]) {
		x, ok := g.sign()
		if !ok {
			continue
		}
		o := snapshot.ObjectOf("ConfigMap", c.Namespace, c.Name)
		f := r.Find(NodeGroupFails, o, fmt.Sprintf("Node group %s %s: %s", g.name, x.what, x.words()))
		if x.words() == "" {
			f.Retitle(fmt.Sprintf("Node group %s %s", g.name, x.what))
		}
		f.Since = x.since
		if x.early(s.At) {
			f.MayPass(x.patience, x.since)
		}
		f.Cite(finding.SeenAPI(o, "data.status", x.since, fmt.Sprintf("%s: health %s %s, scale-up %s %s", g.name, g.health, g.counts, g.scaleUp,
			g.why)))
	}
}

// sign is what is wrong with a group; ok is false if nothing is.
func (g nodeGroup) sign() (sign, bool) {
	switch {
	case g.scaleUp == "Backoff":
		return sign{what: "gets no nodes (Backoff)", message: g.why, since: g.scaleSince, patience: finding.CustomSettles}, true
	case g.health == "Unhealthy":
		return sign{what: "is unhealthy", message: cmp.Or(g.why, g.counts), since: g.healthSince, patience: finding.CustomSettles}, true
	}
	return sign{}, false
}

// nodeGroupsIn reads the autoscaler's status: YAML since its version 1.30, and before it lines that people read.
func nodeGroupsIn(status string) []nodeGroup {
	const most = 1 << 20
	if len(status) > most {
		return nil
	}
	var doc struct {
		NodeGroups []groupDocument `json:"nodeGroups"`
	}
	if strings.Contains(status, "nodeGroups:") && sigsyaml.Unmarshal([]byte(status), &doc) == nil {
		var out []nodeGroup
		for _, g := range doc.NodeGroups {
			out = append(out, g.group())
		}
		return out
	}
	return groupLines(status)
}

// groupDocument is a nodeGroup as YAML has it, with times that may be in either of Go's forms.
type groupDocument struct {
	Name   string `json:"name"`
	Health struct {
		Status string `json:"status"`
		Since  string `json:"lastTransitionTime"`
		Target int    `json:"cloudProviderTarget"`
		Counts struct {
			Registered struct {
				Total int `json:"total"`
				Ready int `json:"ready"`
			} `json:"registered"`
			LongUnregistered int `json:"longUnregistered"`
		} `json:"nodeCounts"`
	} `json:"health"`
	ScaleUp struct {
		Status  string `json:"status"`
		Since   string `json:"lastTransitionTime"`
		Backoff struct {
			Code    string `json:"errorCode"`
			Message string `json:"errorMessage"`
		} `json:"backoffInfo"`
	} `json:"scaleUp"`
}

func (d groupDocument) group() nodeGroup {
	n := d.Health.Counts
	return nodeGroup{name: d.Name, health: d.Health.Status, healthSince: statusTime(d.Health.Since), scaleUp: d.ScaleUp.Status,
		scaleSince: statusTime(d.ScaleUp.Since), why: strings.Trim(d.ScaleUp.Backoff.Code+": "+d.ScaleUp.Backoff.Message, ": "),
		counts: fmt.Sprintf("(%d of %d nodes registered and ready, %d never came up)", n.Registered.Ready, d.Health.Target, n.LongUnregistered)}
}

// statusTime reads a time as the autoscaler writes it: RFC 3339, or as Go prints a time.
func statusTime(text string) time.Time {
	text, _, _ = strings.Cut(text, " m=")
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05.999999999 -0700 MST"} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

var groupLine = regexp.MustCompile(`^\s*(Name|Health|ScaleUp|ScaleDown|LastTransitionTime):\s*(.*)$`)

// groupLines reads the older form: a group begins with its name, and a time belongs to the line of health or of scaling before it.
func groupLines(status string) []nodeGroup {
	var out []nodeGroup
	var since *time.Time
	_, groups, _ := strings.Cut(status, "NodeGroups:")
	for line := range strings.Lines(groups) {
		m := groupLine.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if m == nil {
			continue
		}
		if m[1] == "Name" {
			out = append(out, nodeGroup{name: strings.TrimSpace(m[2])})
			continue
		}
		if len(out) == 0 {
			continue
		}
		g := &out[len(out)-1]
		word, rest, _ := strings.Cut(m[2], " ")
		switch m[1] {
		case "Health":
			g.health, g.counts, since = word, strings.TrimSpace(rest), &g.healthSince
		case "ScaleUp":
			g.scaleUp, since = word, &g.scaleSince
		case "ScaleDown":
			since = nil
		case "LastTransitionTime":
			if since != nil {
				*since = statusTime(m[2])
			}
		}
	}
	return out
}
