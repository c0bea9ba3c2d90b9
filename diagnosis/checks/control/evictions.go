package control

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of pods that an agent of the cluster removes again and again: of the agent, and of whose pods go.
const (
	EvictedAgain     = "EvictedAgain"
	PodsEvictedAgain = "PodsEvictedAgain"
)

var evictionCodes = []finding.Code{
	{Code: EvictedAgain, Severity: incident.Warning, Root: true, Detail: Evictions{},
		Meaning: "An agent of the cluster (an autoscaler's updater, a descheduler, a scheduler that preempts) removes the pods of a " +
			"workload, and " +
			"those that are made in their place too, again and again: what it wants of them does not come about.",
		Next: "See what it wants: its log, its configuration, and what should make the new pods other than the old ones. Until that " +
			"works, switch " +
			"it off for the workload.",
		Example: "Deployment vpa-updater evicts pods of Deployment indexer again and again, 10 times in 9m0s, of which 3 are wanted: " +
			"Pod was evicted " +
			"by VPA Updater to apply resource recommendation"},
	{Code: PodsEvictedAgain, Severity: incident.Warning,
		Meaning: "The pods of a workload are removed again and again by somebody other than its own controller: more of them have gone " +
			"lately than " +
			"it has.",
		Next:    "See who removes them, and what for.",
		Example: "The pods of Deployment indexer are evicted again and again, 10 times in 9m0s, of which 3 are wanted"},
	{Code: AdmissionNotAsked, Severity: incident.Warning, Root: true, RestsOn: []incident.Resource{finding.Services},
		Meaning: "An agent evicts pods so that those made in their place be changed by its admission webhook, and nobody asks that " +
			"webhook: no " +
			"configuration names it, it does not judge the namespace, or nothing answers behind its Service and its failurePolicy is Ignore.",
		Next: "Let what belongs to the agent register its webhook again (mostly by starting it anew), or install its configuration; " +
			"until then " +
			"switch the agent off.",
		Example: "Service vpa-webhook, behind which Deployment vpa-admission-controller should change new pods, is named by no webhook " +
			"configuration"},
}

// Evictions is the detail of EvictedAgain.
type Evictions struct {
	Workloads []incident.Object // whose pods go
}

const (
	leastEvictions = 4 // of one workload by one agent, before anybody is woken
	fewEvictions   = 3 // before it is a suspicion
)

var (
	// evicts are the words of an event about a pod that an agent removes.
	evicts = regexp.MustCompile(`(?i)evict|preempted|deschedul|disrupt(ed|ing)\b`)
	// spares are those of one that it does not: it could not, or may not.
	spares = regexp.MustCompile(`(?i)\b(can('|no)?t|could not|unable|would|fail\w*|refus\w+|blocked|not)\b[^.;:]{0,40}(evict|preempt|disrupt)`)
	// spared are those whose removals other checks tell of: the kubelet leaves a pod that has failed behind.
	spared = []string{"kubelet"}
)

// eviction is what one agent did to one workload.
type eviction struct {
	agent    string // as its events call it
	workload incident.Object
	times    int
	pods     map[string]bool
	first    time.Time
	last     *corev1.Event
}

// checkEvictions counts who removes whose pods: more than there are says that the new ones go as well.
func checkEvictions(s *snapshot.Snapshot, r *finding.Report) {
	by := map[incident.Object]*finding.Finding{}
	var order []*finding.Finding
	for _, x := range evictions(s) {
		want := wantedPods(s, x.workload)
		if want == 0 || x.times < fewEvictions || x.times <= want || x.stopped(s.At) {
			continue
		}
		enough := x.times >= max(leastEvictions, 2*want+1)
		x.suffers(r, want, enough)
		if agent := agentOf(s, x.agent); !agent.IsZero() && agent != x.workload {
			if by[agent] == nil {
				by[agent] = x.blame(s, r, agent, want)
				order = append(order, by[agent])
			}
			x.also(s, by[agent], enough)
		}
	}
	for _, f := range order {
		reportNotAsked(s, r, f)
	}
}

// often says how often, of how many.
func (x *eviction) often(want int) string {
	return fmt.Sprintf("again and again, %d times in %s, of which %d %s wanted", x.times,
		finding.Duration(snapshot.EventTime(x.last).Sub(x.first)), want, finding.Inflect(want, "{is|are}"))
}

// suffers tells of the workload whose pods go.
func (x *eviction) suffers(r *finding.Report, want int, enough bool) {
	f := r.Find(PodsEvictedAgain, x.workload, fmt.Sprintf("The pods of %s are evicted %s: %s", finding.Short(x.workload), x.often(want),
		finding.ShortMessage(x.last.Message)))
	f.Workload, f.Since = x.workload, x.first
	f.Cite(finding.SeenEvent(x.last))
	if !enough {
		f.Suspected()
	}
}

// blame tells of the agent.
func (x *eviction) blame(s *snapshot.Snapshot, r *finding.Report, agent incident.Object, want int) *finding.Finding {
	f := r.Find(EvictedAgain, agent, fmt.Sprintf("%s evicts pods of %s %s: %s", finding.Short(agent), finding.Short(x.workload), x.often(want),
		finding.ShortMessage(x.last.Message)))
	f.Workload, f.Fault = agent, append([]incident.Object{agent}, settingsOf(s, agent)...)
	return f.Suspected()
}

// also adds a workload to what is told of an agent.
func (x *eviction) also(s *snapshot.Snapshot, f *finding.Finding, enough bool) {
	d, _ := finding.DetailOf[Evictions](f)
	f.Detail = Evictions{append(d.Workloads, x.workload)}
	f.Fault, f.Refs = append(f.Fault, asks(s, x.workload)...), append(f.Refs, x.workload)
	f.Since = finding.Earlier(f.Since, x.first)
	f.Cite(finding.SeenEvent(x.last))
	if enough {
		f.Shown()
	}
}

// evictions are the removals that events tell of, by agent and workload, in the order of the first event of each.
func evictions(s *snapshot.Snapshot) []*eviction {
	type key struct {
		agent    string
		workload incident.Object
	}
	by := map[key]*eviction{}
	var out []*eviction
	for i := range s.Events {
		e := &s.Events[i]
		agent := cmp.Or(e.ReportingController, e.Source.Component)
		if e.InvolvedObject.Kind != "Pod" || agent == "" || slices.Contains(spared, agent) || !tellsEviction(e) {
			continue
		}
		w := workloadNamed(s, e.InvolvedObject.Namespace, e.InvolvedObject.Name)
		if w.IsZero() {
			continue
		}
		x := by[key{agent, w}]
		if x == nil {
			x = &eviction{agent: agent, workload: w, pods: map[string]bool{}}
			by[key{agent, w}], out = x, append(out, x)
		}
		pod := e.InvolvedObject.Name + "/" + string(e.InvolvedObject.UID)
		if n := int(max(kube.EventCount(e), 1)); !x.pods[pod] {
			x.times += n
		}
		x.pods[pod] = true
		x.first = finding.Earlier(x.first, kube.BeganAt(e))
		if x.last == nil || !snapshot.EventTime(e).Time.Before(snapshot.EventTime(x.last).Time) {
			x.last = e
		}
	}
	return out
}

// tellsEviction says whether an event tells that its pod is removed.
func tellsEviction(e *corev1.Event) bool {
	return (evicts.MatchString(e.Reason) || evicts.MatchString(e.Message)) && !spares.MatchString(e.Message)
}

// stopped says whether an agent has let go: it has not evicted for longer than it mostly takes, or does so too seldom to be at it again.
func (x *eviction) stopped(now time.Time) bool {
	last := snapshot.EventTime(x.last).Time
	every := last.Sub(x.first) / time.Duration(max(x.times-1, 1))
	return now.Sub(last) > max(finding.RecentError.For, 2*every)
}

var madeName = regexp.MustCompile(`^(.+)-[a-z0-9]{5}$`)

// workloadNamed is the workload that a pod belongs to, or belonged to by its name while it was there; zero if there is none.
func workloadNamed(s *snapshot.Snapshot, namespace, pod string) incident.Object {
	if p := s.Pod(namespace, pod); p != nil {
		return s.WorkloadOf(p)
	}
	above := ""
	if m := madeName.FindStringSubmatch(pod); m != nil {
		above = m[1]
	}
	for _, rs := range s.ReplicaSetsIn(namespace) {
		if rs.Name == above {
			for _, o := range rs.OwnerReferences {
				if o.Controller != nil && *o.Controller {
					return snapshot.ObjectOf(o.Kind, namespace, o.Name)
				}
			}
			return snapshot.ObjectOf("ReplicaSet", namespace, rs.Name)
		}
	}
	for _, t := range kube.TemplatesIn(s, namespace) {
		rest, ok := strings.CutPrefix(pod, t.Object.Name+"-")
		switch {
		case !ok:
		case t.Object.Kind == "StatefulSet" && rest != "" && strings.Trim(rest, "0123456789") == "",
			t.Object.Kind == "DaemonSet" && t.Object.Name == above,
			t.Object.Kind == "Deployment" && above != "" && strings.Count(rest, "-") == 1:
			return t.Object
		}
	}
	return incident.Object{}
}

// wantedPods is how many pods a workload is to have; those that it has, where that is not known.
func wantedPods(s *snapshot.Snapshot, w incident.Object) int {
	for _, t := range kube.TemplatesIn(s, w.Namespace) {
		if t.Object == w && t.Replicas > 0 {
			return int(t.Replicas)
		}
	}
	return len(kube.PodsOfWorkload(s, w))
}

// agentOf is the workload that calls itself so in its events: "vpa-updater", "sigs.k8s.io/descheduler"; zero if none is named like that.
func agentOf(s *snapshot.Snapshot, name string) incident.Object {
	name = strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
	var like incident.Object
	for i := range s.Namespaces {
		for _, t := range templatesAndTasks(s, s.Namespaces[i].Name) {
			switch {
			case t == (incident.Object{}):
			case t.Name == name:
				return t
			case like.IsZero() && (strings.Contains(t.Name, name) || len(t.Name) > 3 && strings.HasPrefix(name, t.Name)):
				like = t
			}
		}
	}
	return like
}

func templatesAndTasks(s *snapshot.Snapshot, namespace string) []incident.Object {
	var out []incident.Object
	for _, t := range kube.TemplatesIn(s, namespace) {
		out = append(out, t.Object)
	}
	for i := range s.CronJobs {
		if c := &s.CronJobs[i]; c.Namespace == namespace {
			out = append(out, snapshot.ObjectOf("CronJob", namespace, c.Name))
		}
	}
	return out
}

// settingsOf are the ConfigMaps that an agent goes by.
func settingsOf(s *snapshot.Snapshot, agent incident.Object) []incident.Object {
	var out []incident.Object
	pods := kube.PodsOfWorkload(s, agent)
	if len(pods) == 0 || agent.IsZero() {
		return nil
	}
	for _, o := range kube.TakenFrom(pods[0]) {
		if o.Kind == "ConfigMap" {
			out = append(out, o)
		}
	}
	return out
}

// asks are the custom resources that are about a workload, by a reference to what they are to change.
func asks(s *snapshot.Snapshot, w incident.Object) []incident.Object {
	var out []incident.Object
	for i := range s.Customs {
		c := &s.Customs[i]
		if c.GetNamespace() != w.Namespace {
			continue
		}
		for _, ref := range []string{"targetRef", "scaleTargetRef", "workloadRef"} {
			if kube.StringAt(c.Object, "spec", ref, "kind") == w.Kind && kube.StringAt(c.Object, "spec", ref, "name") == w.Name {
				out = append(out, snapshot.CustomObject(c))
			}
		}
	}
	return out
}
