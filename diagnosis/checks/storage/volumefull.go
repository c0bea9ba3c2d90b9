package storage

import (
	"fmt"
	"path"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The metrics that a look-up in Prometheus may add about a claim, as parts of one: 0.97 is 97 %.
const (
	metricVolumeSpace  = "volume space used"  // 1 - kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes
	metricVolumeInodes = "volume inodes used" // kubelet_volume_stats_inodes_used / kubelet_volume_stats_inodes
)

// From how much used on a volume is said to fill up, and to be full.
var (
	fillingVolume = finding.VolumeFilling.Share()
	fullVolume    = finding.VolumeFull.Share()
)

// AskVolumes asks how full the volumes of the finding's pods are, by the kubelet's metrics.
func AskVolumes(_ *snapshot.Snapshot, f *finding.Finding) []snapshot.Probe {
	var claims []incident.Object
	for _, p := range f.Pods[:min(len(f.Pods), finding.ShownPods)] {
		claims = finding.Union(claims, kube.ClaimsOf(p))
	}
	if f.Object.Kind == "PersistentVolumeClaim" {
		claims = finding.Union(claims, []incident.Object{f.Object})
	}
	var out []snapshot.Probe
	for _, c := range claims[:min(len(claims), finding.ShownPods)] {
		of := fmt.Sprintf("{namespace=%q,persistentvolumeclaim=%q}", c.Namespace, c.Name)
		out = append(out,
			snapshot.Probe{Kind: snapshot.ProbeQuery, For: c, Name: metricVolumeSpace, Target: "max(1 - kubelet_volume_stats_available_bytes" + of +
				" / kubelet_volume_stats_capacity_bytes" + of + ")"},
			snapshot.Probe{Kind: snapshot.ProbeQuery, For: c, Name: metricVolumeInodes, Target: "max(kubelet_volume_stats_inodes_used" + of +
				" / kubelet_volume_stats_inodes" + of + ")"})
	}
	return out
}

// fullness is what is known of one volume.
type fullness struct {
	what string
	part float64 // used; 0: unknown
	pods finding.Gathered[*corev1.Pod]
	seen []incident.Evidence
}

// checkFull takes Prometheus' word, and that of the logs: "no space left on device" with a path below a volume's mount, or from a pod
// that has but one volume that keeps what is written.
func checkFull(s *snapshot.Snapshot, r *finding.Report) {
	full := map[incident.Object]*fullness{}
	var order []incident.Object
	at := func(o incident.Object) *fullness {
		if full[o] == nil {
			full[o] = &fullness{}
			order = append(order, o)
		}
		return full[o]
	}
	for _, m := range s.Metrics {
		if m.Object.Kind != "PersistentVolumeClaim" || m.Name != metricVolumeSpace && m.Name != metricVolumeInodes ||
			!(m.Value >= fillingVolume) {
			continue
		}
		x := at(m.Object)
		kind := "space"
		if m.Name == metricVolumeInodes {
			kind = "inodes"
		}
		if m.Value > x.part {
			x.part, x.what = m.Value, fmt.Sprintf("%d %% of its %s are used", int(m.Value*100), kind)
			if kind == "space" {
				x.what = fmt.Sprintf("%d %% of its space is used", int(m.Value*100))
			}
		}
		x.seen = append(x.seen, finding.NewEvidence(incident.SourceProbe, m.Object, m.Name, time.Time{},
			fmt.Sprintf("%.3f (%s)", m.Value, m.Query)))
	}
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || kube.Healthy(p) && !waitsForSpace(s, l) {
			continue
		}
		said, o := fullClaim(s, p, l)
		if o.IsZero() {
			continue
		}
		x := at(o)
		x.pods.Add(p)
		if len(x.seen) < finding.ShownPods {
			x.seen = append(x.seen, finding.SeenLog(p, l.Container, l.Previous, said.Line))
		}
		if x.part < fullVolume {
			x.what = fmt.Sprintf("the log of %s says that it %s", finding.Short(s.WorkloadOf(p)), said)
		}
	}
	for _, o := range order {
		x := full[o]
		title := "The volume of PersistentVolumeClaim %s fills up: %s"
		if x.part >= fullVolume || len(x.pods.List) > 0 {
			title = "The volume of PersistentVolumeClaim %s is full: %s"
		}
		f := r.Find(VolumeFull, o, fmt.Sprintf(title, o.Name, x.what)).Cite(x.seen...)
		f.Pods, f.Refs = x.pods.List, []incident.Object{o}
		if len(x.pods.List) == 0 {
			f.Severity = incident.Warning
		}
	}
}

// waitsForSpace says whether the newest lines of a log say nothing but that there is no space: a server that waits for it does no work,
// however well it looks.
func waitsForSpace(s *snapshot.Snapshot, l *snapshot.Log) bool {
	const lines = 2
	rest, n := strings.TrimRight(l.Text, "\n "), 0
	for ; n < lines && rest != "" && !l.Previous; n++ {
		line := rest[strings.LastIndexByte(rest, '\n')+1:]
		rest = strings.TrimRight(strings.TrimSuffix(rest, line), "\n ")
		low := strings.ToLower(line)
		if !strings.Contains(low, "no space left") && !strings.Contains(low, "disk is full") && !strings.Contains(low, "disk full") {
			return false
		}
		if at := readings.Moment(logs.StampOf(line), s.At); n == 0 && !at.IsZero() && s.At.Sub(at) > finding.RecentError.For {
			return false
		}
	}
	return n == lines
}

// fullClaim is the fact by which a log says that there is no space, and the claim whose volume that is; zero if it may be the
// container's own layer, or a volume that goes with the pod.
func fullClaim(s *snapshot.Snapshot, p *corev1.Pod, l *snapshot.Log) (said logs.Fact, claim incident.Object) {
	mounted := mountsOf(p, l.Container)
	for _, f := range readings.Of(s, l).Facts {
		if f.Kind != logs.NoSpace {
			continue
		}
		if claim, named := claimAt(mounted, f.Path); named {
			return f, claim
		}
		if own := kube.ClaimsOf(p); len(own) == 1 && len(mounted) == 1 && !path.IsAbs(f.Path) {
			return f, own[0] // what it writes beside its own layer goes there
		}
	}
	return logs.Fact{}, incident.Object{}
}

// claimAt finds the volume that a file lies on; named says that there is one, claim or not.
func claimAt(mounted map[string]incident.Object, file string) (claim incident.Object, named bool) {
	best := ""
	for at := range mounted {
		if (file == at || strings.HasPrefix(file, strings.TrimSuffix(at, "/")+"/")) && len(at) > len(best) {
			best = at
		}
	}
	return mounted[best], best != ""
}

// mountsOf is the paths at which a container has volumes that it may write to, with the claim of each, zero for a volume without.
func mountsOf(p *corev1.Pod, container string) map[string]incident.Object {
	claims := map[string]incident.Object{}
	for i := range p.Spec.Volumes {
		v := &p.Spec.Volumes[i]
		switch {
		case v.PersistentVolumeClaim != nil:
			claims[v.Name] = snapshot.ObjectOf("PersistentVolumeClaim", p.Namespace, v.PersistentVolumeClaim.ClaimName)
		case v.EmptyDir != nil || v.HostPath != nil || v.NFS != nil || v.CSI != nil || v.Ephemeral != nil:
			claims[v.Name] = incident.Object{}
		}
	}
	out := map[string]incident.Object{}
	for _, list := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for i := range list {
			if list[i].Name != container {
				continue
			}
			for _, m := range list[i].VolumeMounts {
				if claim, ok := claims[m.Name]; ok && !m.ReadOnly {
					out[path.Clean("/"+m.MountPath)] = claim
				}
			}
		}
	}
	return out
}
