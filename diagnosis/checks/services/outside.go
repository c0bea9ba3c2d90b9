package services

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// OutsideNameUnknown is the code of a name outside the cluster that no name server knows.
const OutsideNameUnknown = "OutsideNameUnknown"

var outsideCodes = []finding.Code{
	{Code: OutsideNameUnknown, Severity: incident.Critical, Root: true,
		Meaning: "A program calls a host outside the cluster of which a name server has answered that there is no such name, while the " +
			"cluster's DNS is well.",
		Next:    "Correct the name in the program's configuration, or enter it where it should be known.",
		Example: "Deployment pay calls api.paymnets.example, and there is no such name: ConfigMap pay-conf has it (data.PAY_URL)"},
}

// noSuchName are the words of resolvers that have been answered that a name does not exist; others say the same of a server that is silent.
var noSuchName = []string{"no such host", "enotfound", "nxdomain", "non-existing domain", "name or service not known",
	"name does not resolve"}

// outsideName reports a call of a name outside the cluster that does not exist. It is likely only: the name server may be the wrong one.
func outsideName(c calls.Callers, by calls.Call) {
	host := strings.ToLower(strings.TrimRight(by.Need.Host, "."))
	if by.Need.Kind != logs.NameUnresolved || by.Need.Unanswered() || !finding.HasAny(strings.ToLower(by.Need.Line), noSuchName) ||
		!calls.Outside(c.S, host) || !resolvers.UsesClusterDNS(by.Pod) || !resolvers.Ready(c.S) || isNamespace(c.S, host) ||
		slices.ContainsFunc(c.S.Lookups, func(l snapshot.Lookup) bool {
			return l.Error == "" && len(l.Addrs) > 0 && strings.TrimRight(l.Name, ".") == host
		}) {
		return
	}
	w := c.S.WorkloadOf(by.Pod)
	title := fmt.Sprintf("%s calls %s, and there is no such name", finding.Short(w), host)
	from, where, ok := settingWith(c.S, by, host)
	if strings.Count(host, ".") < 2 && (!ok || !strings.Contains(strings.ToLower(from.value), "://"+host)) {
		return // it may be a short form of a name in the cluster, such as a pod's below its Service
	}
	if ok && from.from.Kind != "Pod" {
		title += fmt.Sprintf(": %s has it (%s)", finding.Short(from.from), where)
	} else if ok {
		title += " (" + where + ")"
	}
	f := c.Find(OutsideNameUnknown, w, host, by, title)
	f.Workload, f.AtMost, f.Fault = w, incident.Likely, []incident.Object{w}
	if ok && from.from.Kind != "Pod" {
		f.Fault = append(f.Fault, from.from)
	}
	if ok {
		f.Cite(finding.SeenAPI(from.from, where, time.Time{}, finding.OneLine(from.value, finding.MaxLine)))
	}
}

// isNamespace says whether a host ends with a namespace's name, as a short form of a Service's does.
func isNamespace(s *snapshot.Snapshot, host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	for i := range s.Namespaces {
		if s.Namespaces[i].Name == last {
			return true
		}
	}
	return false
}

// settingWith is the setting of the container that has the host.
func settingWith(s *snapshot.Snapshot, by calls.Call, host string) (setting, string, bool) {
	for _, c := range kube.ContainersOf(by.Pod) {
		if c.Spec.Name != by.Log.Container {
			continue
		}
		for _, v := range settingsIn(s, by.Pod, c.Spec) {
			if strings.Contains(strings.ToLower(v.value), host) {
				return v, v.field, true
			}
		}
	}
	return setting{}, "", false
}
