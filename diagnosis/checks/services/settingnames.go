package services

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// NamedBySetting is the detail of ServiceMissing where a setting names the Service, because the log does not say whom the program calls.
type NamedBySetting struct {
	Field string // where the setting stands
}

// hostWord is what could be a host within a setting: a URL's, or a value by itself.
var hostWord = regexp.MustCompile(`[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?`)

// Bounds on what is looked at of one setting: bytes, and words that could be hosts.
const (
	maxSetting = 4096
	maxHosts   = 64
)

// setting is a value of a container's environment.
type setting struct {
	field, value string
	from         incident.Object
}

// vaguely looks at programs that end because they cannot connect and do not say to whom: a setting of theirs may name a Service that does
// not exist. Settings that name another, which does exist, leave open which of them is missed.
func vaguely(c calls.Callers) {
	for _, p := range readings.PodsWithLogs(c.S) {
		for _, a := range podproblem.Of(c.S, p) {
			if a.Code != podproblem.PodCrashLoop {
				continue
			}
			for _, x := range kube.ContainersOf(p) {
				if x.Spec.Name == a.Alike {
					settingsOf(c, p, x)
				}
			}
		}
	}
}

func settingsOf(c calls.Callers, p *corev1.Pod, x kube.Container) {
	said, log := readings.Last(c.S, p, x)
	named := slices.ContainsFunc(said.Facts, func(f logs.Fact) bool { return f.Telling && (!f.Kind.Network() || f.Host != "") })
	if named || !strings.Contains(strings.ToLower(said.Last), "connect") {
		return
	}
	var missing incident.Object
	var where setting
	for _, v := range settingsIn(c.S, p, x.Spec) {
		for _, host := range hostWord.FindAllString(strings.ToLower(clip.Bytes(v.value, maxSetting)), maxHosts) {
			o, ok := kube.ServiceOf(c.S, host, p.Namespace)
			if !ok || o == missing {
				continue
			}
			if !missing.IsZero() || c.S.Service(o.Namespace, o.Name) != nil || c.S.Namespace != "" && o.Namespace != c.S.Namespace {
				return
			}
			missing, where = o, v
		}
	}
	if missing.IsZero() {
		return
	}
	w := c.S.WorkloadOf(p)
	k := ServiceMissing + " " + missing.String() + " by setting"
	f := c.Found[k]
	if f == nil {
		alike := kube.CouldBe(c.S, missing.Namespace, missing.Name)
		f = c.R.Find(ServiceMissing, missing, fmt.Sprintf("Service %s/%s does not exist%s, %s names it in %s, and cannot connect",
			missing.Namespace, missing.Name, alike, finding.Short(w), where.field)).Absent(alike)
		f.Detail, f.Fault = NamedBySetting{where.field}, []incident.Object{missing, w}
		c.Found[k] = f
	}
	f.AddPod(p)
	f.Cite(finding.SeenAPI(where.from, where.field, time.Time{}, finding.OneLine(where.value, finding.MaxLine)), log)
}

// settingsIn are the values of a container's environment that are in sight.
func settingsIn(s *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container) []setting {
	var out []setting
	for _, e := range c.Env {
		out = append(out, setting{"env " + e.Name, e.Value, finding.PodObject(p)})
		if e.ValueFrom != nil && e.ValueFrom.ConfigMapKeyRef != nil {
			ref := e.ValueFrom.ConfigMapKeyRef
			if m := s.ConfigMap(p.Namespace, ref.Name); m != nil {
				out = append(out, setting{"data." + ref.Key, m.Data[ref.Key], snapshot.ObjectOf("ConfigMap", p.Namespace, ref.Name)})
			}
		}
	}
	for _, e := range c.EnvFrom {
		if e.ConfigMapRef == nil {
			continue
		}
		if m := s.ConfigMap(p.Namespace, e.ConfigMapRef.Name); m != nil {
			for _, key := range slices.Sorted(maps.Keys(m.Data)) {
				out = append(out, setting{"data." + key, m.Data[key], snapshot.ObjectOf("ConfigMap", p.Namespace, m.Name)})
			}
		}
	}
	return out
}
