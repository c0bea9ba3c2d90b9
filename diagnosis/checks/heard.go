package checks

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/control"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/podnetwork"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/storage"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// heardFor is which findings say that a work is missing which somebody's pods should do, and whose: what these say in their logs is told
// with the finding.
var heardFor = []struct {
	codes []string
	pods  func(*snapshot.Snapshot, *finding.Finding) []*corev1.Pod
	named bool // only what names the finding's object counts, for they care for many; but for the pods that it has made
}{
	{[]string{nodes.GPUNotOffered, nodes.GPUUnhealthy, storage.CSIDriverMissing}, providers, false},
	{[]string{workloads.HPANoMetrics, control.APIServiceUnavailable, control.WebhookFailing}, providers, false},
	{[]string{nodes.NodeCNIMissing, podnetwork.NodeNetworkCut, podnetwork.BGPPeersMissing, podnetwork.NodeIPsExhausted,
		podproblem.PodSandboxFailed}, networkOfNodes, false},
	{[]string{storage.PVCPending, custom.CustomNotReady}, providers, true},
	{[]string{podproblem.PodVolumeFailed}, driversOfVolumes, true},
	{[]string{storage.PVCPending}, driversOfClaim, true},
}

// mostHeard bounds the logs that are told with one finding.
const mostHeard = 2

// hear adds to the findings what those say who should have done what is missing.
func hear(s *snapshot.Snapshot, found []*finding.Finding) {
	if len(s.Logs) == 0 {
		return
	}
	for _, f := range found {
		for _, h := range heardFor {
			if !slices.Contains(h.codes, f.Code) {
				continue
			}
			n := 0
			for _, p := range few(s, f, h.pods(s, f)) {
				if s.WorkloadOf(p) == f.Workload || slices.Contains(f.Pods, p) {
					continue
				}
				said, seen := saysOf(s, p, f, h.named && !slices.Contains(kube.MadeBy(s, f.Object), p))
				if said == "" {
					continue
				}
				if f.Cite(seen...); n == 0 {
					podnetwork.HearAddresses(s, f, s.WorkloadOf(p), said)
					f.Because = strings.TrimSuffix(or(f.Because, f.Title), ".") + fmt.Sprintf("; the log of %s says: %s",
						finding.Short(s.WorkloadOf(p)), finding.ShortMessage(said))
				}
				if n++; n == mostHeard {
					break
				}
			}
		}
	}
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// about is the line of a log that says something of an object, by its name, or by that of the volume that is made for it.
func about(s *snapshot.Snapshot, l *snapshot.Log, o incident.Object) string {
	if line := logs.About(l.Text, o.Name); line != "" || o.Kind != "PersistentVolumeClaim" {
		return line
	}
	for i := range s.PersistentVolumeClaims {
		if c := &s.PersistentVolumeClaims[i]; c.Name == o.Name && c.Namespace == o.Namespace && c.UID != "" {
			return logs.About(l.Text, "pvc-"+string(c.UID)) // as provisioners name it (sigs.k8s.io/sig-storage-lib-external-provisioner)
		}
	}
	return ""
}

// saysOf is what the logs of a pod say that bears upon a finding, in a sentence, and as evidence.
func saysOf(s *snapshot.Snapshot, p *corev1.Pod, f *finding.Finding, named bool) (string, []incident.Evidence) {
	for _, c := range kube.ContainersOf(p) {
		for _, previous := range []bool{false, true} {
			l := s.Log(p.Namespace, p.Name, c.Spec.Name, previous)
			if l == nil || c.Init {
				continue
			}
			if line := about(s, l, f.Object); line != "" {
				says := logs.Read(line).Last
				if inner := logs.Before(l.Text, line); logs.Bare(says) && inner != "" {
					says, line = logs.Read(inner).Last, inner
				}
				return says, []incident.Evidence{finding.SeenLog(p, c.Spec.Name, previous, line)}
			}
			r := readings.Of(s, l)
			switch {
			case named || r.Quiet:
			case len(r.Repeats) > 0:
				says, line := innermost(l.Text, r.Repeats)
				return says, []incident.Evidence{finding.SeenLog(p, c.Spec.Name, previous, line)}
			case r.Last != "":
				return r.Last, []incident.Evidence{finding.SeenLog(p, c.Spec.Name, previous, strings.Join(r.Telling, "\n"))}
			}
		}
	}
	return "", nil
}

// innermost is of errors that are repeated the first that says more than that a called program has failed, or what that program said.
func innermost(text string, repeats []logs.Repeat) (says, line string) {
	for _, x := range repeats {
		if !logs.Bare(x.Says) {
			return x.Says, x.Line
		}
		if said := logs.Before(text, x.Line); said != "" {
			if r := logs.Read(said); r.Last != "" {
				return r.Last, said
			}
		}
	}
	return repeats[0].Says, repeats[0].Line
}
