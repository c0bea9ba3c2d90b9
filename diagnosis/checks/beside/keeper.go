package beside

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// KeeperIdle is the code of who makes or renews something and is switched off.
const KeeperIdle = "KeeperIdle"

var keeperCodes = []finding.Code{
	{Code: KeeperIdle, Severity: incident.Warning, Root: true, Detail: Keeps{},
		Meaning: "What makes or renews a Secret, a ConfigMap or a claim is suspended, or scaled to zero, and what it should make is missing " +
			"or too old: its commands name it.",
		Next:    "Switch it on again (kubectl patch cronjob … suspend: false; kubectl scale), and run it once.",
		Example: "CronJob registry-token is suspended, and last ran 44h ago: its commands name Secret registry-pull, which is refused"},
}

// Keeps is the detail of KeeperIdle.
type Keeps struct {
	Object incident.Object   // what it makes or renews
	For    []incident.Object // the objects of the findings that tell of it
}

// Bounds on who is taken for a keeper.
const (
	mostWanted = 40 // objects that are looked for
	leastName  = 4  // bytes of a name that is looked for in commands
)

// keeper is a workload that is switched off, with what its commands say.
type keeper struct {
	object incident.Object
	idle   string // "is suspended, and last ran 44h ago"
	field  string
	says   string
}

// checkKeepers looks for who should have made what others miss, or are refused with: whose commands name it, and who is switched off.
func checkKeepers(s *snapshot.Snapshot, all []*finding.Finding, r *finding.Report) {
	keepers := idleKeepers(s)
	if len(keepers) == 0 {
		return
	}
	found := map[incident.Object]*finding.Finding{}
	wanted := 0
	for _, f := range all {
		if !f.Alarms() {
			continue
		}
		for _, o := range wants(f) {
			if wanted++; wanted > mostWanted {
				return
			}
			for _, k := range keepers {
				if k.object == f.Object || k.object == f.Workload || !k.names(o) {
					continue
				}
				if x := found[k.object]; x != nil {
					if d, _ := finding.DetailOf[Keeps](x); d.Object == o {
						d.For = finding.Union(d.For, []incident.Object{f.Object})
						x.Detail = d
					}
					continue
				}
				found[k.object] = k.report(r, f, o)
			}
		}
	}
}

func (k keeper) report(r *finding.Report, f *finding.Finding, o incident.Object) *finding.Finding {
	x := r.Find(KeeperIdle, k.object, fmt.Sprintf("%s %s: its commands name %s, which %s goes by", finding.Short(k.object), k.idle,
		finding.Short(o), finding.Short(f.Object)))
	x.Workload, x.Refs, x.AtMost, x.Since = k.object, []incident.Object{o}, incident.Likely, f.Since
	x.Detail = Keeps{Object: o, For: []incident.Object{f.Object}}
	return x.Cite(finding.SeenAPI(k.object, k.field, time.Time{}, k.idle), finding.SeenAPI(k.object, "spec.template.spec.containers",
		time.Time{}, "its commands name "+o.Name)).Cite(f.Seen...)
}

// kept are the kinds that something else than their users makes.
var kept = []string{"Secret", "ConfigMap", "PersistentVolumeClaim"}

// wants are the objects that a finding tells to be missing or refused: what it is about and refers to, and what its pods take where their
// log says that they are refused.
func wants(f *finding.Finding) []incident.Object {
	out := finding.Union(slices.Clone(f.AtFault()), f.Refs)
	refused := func(d logs.Fact) bool { return d.Kind == logs.AuthFailed || d.Kind == logs.TLSFailed }
	if len(f.Pods) > 0 && slices.ContainsFunc(f.Said, refused) {
		out = finding.Union(out, kube.TakenFrom(f.Pods[0]))
	}
	return slices.DeleteFunc(out, func(o incident.Object) bool { return !slices.Contains(kept, o.Kind) || len(o.Name) < leastName })
}

// idleKeepers are the CronJobs that are suspended, and the workloads that are scaled to zero.
func idleKeepers(s *snapshot.Snapshot) []keeper {
	var out []keeper
	for i := range s.CronJobs {
		c := &s.CronJobs[i]
		if c.Spec.Suspend == nil || !*c.Spec.Suspend || c.DeletionTimestamp != nil {
			continue
		}
		idle := "is suspended"
		if last := c.Status.LastScheduleTime; last != nil {
			idle += fmt.Sprintf(", and last ran %s ago", finding.Duration(s.At.Sub(last.Time)))
		}
		out = append(out, keeper{snapshot.ObjectOf("CronJob", c.Namespace, c.Name), idle, "spec.suspend",
			commandsOf(&c.Spec.JobTemplate.Spec.Template.Spec)})
	}
	add := func(kind, namespace, name string, replicas *int32, spec *corev1.PodSpec) {
		if replicas != nil && *replicas == 0 {
			out = append(out, keeper{snapshot.ObjectOf(kind, namespace, name), "is scaled to 0", "spec.replicas", commandsOf(spec)})
		}
	}
	for i := range s.Deployments {
		d := &s.Deployments[i]
		add("Deployment", d.Namespace, d.Name, d.Spec.Replicas, &d.Spec.Template.Spec)
	}
	for i := range s.StatefulSets {
		d := &s.StatefulSets[i]
		add("StatefulSet", d.Namespace, d.Name, d.Spec.Replicas, &d.Spec.Template.Spec)
	}
	return slices.DeleteFunc(out, func(k keeper) bool { return k.says == "" })
}

// commandsOf are the commands, arguments and plain variables of a pod's containers.
func commandsOf(spec *corev1.PodSpec) string {
	var words []string
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		words = append(append(words, c.Command...), c.Args...)
		for _, e := range c.Env {
			words = append(words, e.Value)
		}
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

// names says whether the keeper's commands name an object: it lies in the same namespace, or they name that, too.
func (k keeper) names(o incident.Object) bool {
	return hasName(k.says, o.Name) && (k.object.Namespace == o.Namespace || hasName(k.says, o.Namespace))
}

// hasName says whether a text has a name as a word of its own.
func hasName(text, name string) bool {
	return strings.Contains(text, name) &&
		regexp.MustCompile(`(?:^|[^-.\w])`+regexp.QuoteMeta(name)+`(?:$|[^-.\w])`).MatchString(text)
}
