package incommon

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/circumstance"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// phrase is how a kind of factor is told: of several pods, the word that stands for it after "none", and as a thing by itself. Field is
// where it lies in the pod.
type phrase struct{ have, none, thing, field string }

var phrases = map[kind]phrase{
	onNode:           {"run on node %s", "does", "node %s", "spec.nodeName"},
	inZone:           {"run in zone %s", "does", "zone %s", "spec.nodeName"},
	inRegion:         {"run in region %s", "does", "region %s", "spec.nodeName"},
	withArchitecture: {"run on nodes of architecture %s", "does", "architecture %s", "spec.nodeName"},
	withKernel:       {"run on nodes with kernel %s", "does", "kernel %s", "spec.nodeName"},
	withKubelet:      {"run on nodes with kubelet %s", "does", "kubelet %s", "spec.nodeName"},
	withRuntime:      {"run on nodes with runtime %s", "does", "runtime %s", "spec.nodeName"},
	withOS:           {"run on nodes with %s", "does", "%s", "spec.nodeName"},
	withLabel:        {"run on nodes labelled %s", "does", "node label %s", "spec.nodeName"},
	ofConfigMap:      {"use ConfigMap %s", "does", "ConfigMap %s", "spec"},
	ofSecret:         {"use Secret %s", "does", "Secret %s", "spec"},
	ofClaim:          {"use PersistentVolumeClaim %s", "does", "PersistentVolumeClaim %s", "spec"},
	ofClass:          {"have claims of StorageClass %s", "has", "StorageClass %s", "spec"},
	toService:        {"are set to call Service %s", "is", "Service %s in its settings", "spec.containers"},
	asAccount:        {"run as ServiceAccount %s", "does", "ServiceAccount %s", "spec.serviceAccountName"},
	besideContainer:  {"have a container %s", "has", "container %s", "spec.containers"},
	withImage:        {"run image %s", "does", "image %s", "spec.containers"},
	withDigest:       {"run an image with digest %s", "does", "digest %s", "status.containerStatuses"},
	withRepository:   {"run an image of %s", "does", "image repository %s", "spec.containers"},
	ofRevision:       {"are of revision %s", "is", "revision %s", "metadata.labels"},
	startedSince:     {"were created at %s or later", "was", "their age, younger than %s", "metadata.creationTimestamp"},
	ofPriority:       {"have priority class %s", "has", "priority class %s", "spec.priorityClassName"},
	ofOwner:          {"belong to %s", "does", "owner %s", "metadata.ownerReferences"},
	inNamespace:      {"lie in namespace %s", "does", "namespace %s", "metadata.namespace"},
}

// mostAlso is how many factors that can't be told apart are told beside the first.
const mostAlso = 3

// finding tells what parts the ill from the well.
func (t *table) finding(p *parting) *finding.Finding {
	r := finding.NewReport(circumstance.Checks[0].Codes)
	f := r.Find(circumstance.SharedFactor, incident.Object{}, t.title(p))
	f.Fault = p.objectsOf(t)
	f.Object, f.AtMost = f.Fault[0], incident.Likely
	f.Because = fmt.Sprintf("%s. By chance that would be so %s, with the %d factors that were compared", f.Title, oddsOf(p.chance), p.tried)
	if also := t.also(p); also != "" {
		f.Because += ". Nor can it be told apart from " + also + ", which the same ones have"
	}
	var behind circumstance.Behind
	early := true
	for _, x := range p.found {
		if 2*t.with(p, x) <= len(x.Pods) {
			continue
		}
		behind.Of = append(behind.Of, x)
		f.Since, early = finding.Earlier(f.Since, x.Since), early && x.Early(t.s.At)
		if x.NormalUntil.After(f.NormalUntil) {
			f.NormalUntil, f.Normal = x.NormalUntil, x.Normal
		}
	}
	if !early {
		f.NormalUntil, f.Normal = time.Time{}, ""
	}
	f.Detail = behind
	if k := t.factors[p.factor]; k.kind == onNode {
		f.Nodes = []string{k.name}
	}
	t.cite(p, f)
	return citeSaid(f, behind.Of)
}

// citeSaid shows what the first of the failing says by itself: what they share tells where to look, and its own words what for.
func citeSaid(f *finding.Finding, of []*finding.Finding) *finding.Finding {
	for _, x := range of {
		for _, e := range x.Seen {
			if e.Source == incident.SourceLog || e.Source == incident.SourceEvent {
				return f.Cite(e)
			}
		}
	}
	return f
}

// cite shows the factor in some of the pods.
func (t *table) cite(p *parting, f *finding.Finding) {
	k := t.factors[p.factor]
	for i := range p.units {
		u := &p.units[i]
		for _, r := range u.rows {
			if !u.ill || !t.has(u, r, p.factor) {
				continue
			}
			pod := t.rows[r].pod
			if f.AddPod(pod); len(f.Pods) <= finding.ShownPods {
				f.Cite(finding.SeenAPI(finding.PodObject(pod), phrases[k.kind].field, pod.CreationTimestamp.Time,
					fmt.Sprintf(phrases[k.kind].thing, t.words(k))))
			}
		}
	}
}

// with counts the pods of a finding that have the factor.
func (t *table) with(p *parting, f *finding.Finding) int {
	of := map[*corev1.Pod]bool{}
	for _, x := range f.Pods {
		of[x] = true
	}
	n := 0
	for i := range p.units {
		u := &p.units[i]
		for _, r := range u.rows {
			if of[t.rows[r].pod] && t.has(u, r, p.factor) {
				n++
			}
		}
	}
	return n
}

func (t *table) title(p *parting) string {
	k := t.factors[p.factor]
	var workloads finding.Gathered[incident.Object]
	for _, f := range p.found {
		workloads.Add(f.Workload)
	}
	of := ""
	switch n := len(workloads.List); {
	case n == 1 && !workloads.List[0].IsZero():
		of = " of " + finding.Short(workloads.List[0])
	case n > 1 && n < p.sick:
		of = fmt.Sprintf(" of %d workloads", n)
	}
	who := fmt.Sprintf("All %d pods%s that fail", p.sick, of)
	if p.sickWith < p.sick {
		who = fmt.Sprintf("%d of %d pods%s that fail", p.sickWith, p.sick, of)
	}
	well := "none " + phrases[k.kind].none
	if p.soundHas > 0 {
		well = fmt.Sprintf("%d", p.soundHas)
	}
	return fmt.Sprintf("%s %s; of the %d that are well %s", who, fmt.Sprintf(phrases[k.kind].have, t.words(k)), p.sound, well)
}

func (t *table) also(p *parting) string {
	var things []string
	for _, n := range p.also {
		k := t.factors[n]
		things = append(things, fmt.Sprintf(phrases[k.kind].thing, t.words(k)))
	}
	return finding.ListWords(things, mostAlso)
}

// words name a factor for people.
func (t *table) words(f factor) string {
	switch f.kind {
	case ofRevision:
		_, hash, _ := strings.Cut(f.name, " ")
		return hash
	case startedSince:
		if at, err := time.Parse(time.RFC3339, f.name); err == nil {
			return finding.Moment(t.s.At, at)
		}
	case ofOwner:
		return strings.Replace(f.name, "/", " ", 1)
	case withDigest:
		const most = len("sha256:") + 12
		return f.name[:min(len(f.name), most)]
	}
	return f.name
}

// oddsOf is a chance in words.
func oddsOf(p float64) string {
	if p < 1e-6 {
		return "less than once in a million times"
	}
	return fmt.Sprintf("once in %d times at most", int(math.Floor(1/p)))
}

// objects are the kinds of factors that are objects of the cluster.
var objects = map[kind]string{onNode: "Node", ofConfigMap: "ConfigMap", ofSecret: "Secret", ofClaim: "PersistentVolumeClaim",
	ofClass: "StorageClass", toService: "Service", asAccount: "ServiceAccount", ofPriority: "PriorityClass", inNamespace: "Namespace"}

// named are the objects that a factor names: itself, or the nodes that have it and on which the ill run, or the workloads that have it.
func (t *table) named(p *parting, f factor) []incident.Object {
	if k, ok := objects[f.kind]; ok {
		return []incident.Object{snapshot.ObjectOf(k, f.namespace, f.name)}
	}
	if f.kind == ofOwner {
		k, name, _ := strings.Cut(f.name, "/")
		return []incident.Object{snapshot.ObjectOf(k, f.namespace, name)}
	}
	var out finding.Gathered[incident.Object]
	for i := range p.units {
		u := &p.units[i]
		for _, r := range u.rows {
			pod := t.rows[r].pod
			if !u.ill || !slices.Contains(u.has, t.number[f]) {
				continue
			}
			if companies[f.kind] == placed {
				out.Add(snapshot.ObjectOf("Node", "", pod.Spec.NodeName))
			} else {
				out.Add(t.s.WorkloadOf(pod))
			}
		}
	}
	slices.SortFunc(out.List, incident.Object.Compare)
	return out.List
}

// byPlace says whether a factor of the kind can be more than what a finding that names what is at fault says.
func byPlace(k kind) bool { return companies[k] == placed || companies[k] == claiming }

// byTeam says whether a factor of the kind is what all workloads of a team, or of a platform, have in common anyway. Where each of them
// complains of something else, it is not why.
func byTeam(k kind) bool { return companies[k] == near || k == ofPriority || k == inNamespace }
