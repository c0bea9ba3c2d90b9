package pods

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about references.
const (
	ConfigMapMissing = "ConfigMapMissing"
	SecretMissing    = "SecretMissing"
)

var referenceCodes = []finding.Code{
	{Code: ConfigMapMissing, Severity: incident.Critical, Root: true,
		Meaning: "A pod needs a ConfigMap, or a key of one, that does not exist.",
		Next:    "Create it, or correct the name in the workload that refers to it.",
		Example: "ConfigMap shop/web-conf does not exist (there is web-config), Deployment web needs it"},
	{Code: SecretMissing, Severity: incident.Critical, Root: true,
		Meaning: "A pod needs a Secret, or a key of one, that does not exist; the kubelet says so, or the names of Secrets may be read. Their " +
			"values never are.",
		Next:    "Create it, or correct the name in the workload that refers to it.",
		Example: "Secret shop/db-password does not exist, Deployment web needs it"},
}

// missing is a ConfigMap or Secret, or a key of one, that pods need and that is not there.
type missing struct {
	object incident.Object
	key    string
	how    []string // where it is referred to
	pods   finding.Gathered[*corev1.Pod]
	seen   []incident.Evidence
	stops  bool // some pod cannot start for want of it

	normal finding.Term // until when all of the pods may still find it there
}

// checkReferences compares what pods refer to with the ConfigMaps that exist, and takes the kubelet's word for the rest.
func checkReferences(s *snapshot.Snapshot, r *finding.Report) {
	r.Judges("configmaps", "pods")
	m := map[string]*missing{}
	var order []*missing
	note := func(p *corev1.Pod, object incident.Object, key, how string, e incident.Evidence, stops bool) {
		made := finding.Lasts(finding.Settling, p.CreationTimestamp.Time)
		id := fmt.Sprintf("%s\x00%s\x00%v", object, key, made.Over(s.At)) // young pods change nothing of what is said of the others
		if m[id] == nil {
			m[id] = &missing{object: object, key: key}
			order = append(order, m[id])
		}
		x := m[id]
		x.stops = x.stops || stops
		x.pods.Add(p)
		x.normal = x.normal.Max(made)
		x.how = finding.Union(x.how, []string{how})
		if len(x.seen) < finding.ShownPods {
			x.seen = append(x.seen, e)
		}
	}
	complete := len(s.ConfigMaps) > 0 && !finding.NotSeen(s, "configmaps", "")
	for i := range s.Pods {
		p := &s.Pods[i]
		if kube.HasEnded(p) || p.DeletionTimestamp != nil {
			continue
		}
		stops := !kube.Healthy(p)
		if stops {
			said(s, p, note)
		}
		if complete || s.SecretsSeen {
			unresolved(s, p, complete, func(object incident.Object, key, how string) {
				note(p, object, key, how, finding.SeenAPI(finding.PodObject(p), how, time.Time{}, refWords(object, key)), stops)
			})
		}
	}
	for _, x := range order {
		x.report(s, r)
	}
}

// maxHolders bounds how many workloads a missing object is told to be missed by.
const maxHolders = 4

func refWords(o incident.Object, key string) string {
	if key != "" {
		return "refers to key " + key + " of " + finding.Short(o)
	}
	return "refers to " + finding.Short(o)
}

// unresolved calls back for every reference to a ConfigMap (where configs says that all were seen) or Secret that does not hold, unless it
// is optional.
func unresolved(s *snapshot.Snapshot, p *corev1.Pod, configs bool, note func(o incident.Object, key, how string)) {
	secret := func(name string, keys []string, optional *bool, how string) {
		if name == "" || !s.SecretsSeen || optional != nil && *optional {
			return
		}
		o, have := snapshot.ObjectOf("Secret", p.Namespace, name), kube.SecretNamed(s, p.Namespace, name)
		if have == nil {
			note(o, "", how)
			return
		}
		for _, k := range keys {
			if !slices.Contains(have.Keys, k) {
				note(o, k, how)
			}
		}
	}
	check := func(name string, keys []string, optional *bool, how string) {
		if !configs {
			return
		}
		if name == "" || name == "kube-root-ca.crt" || optional != nil && *optional {
			return
		}
		o, c := snapshot.ObjectOf("ConfigMap", p.Namespace, name), s.ConfigMap(p.Namespace, name)
		if c == nil {
			note(o, "", how)
			return
		}
		for _, k := range keys {
			if !kube.HasKey(c, k) {
				note(o, k, how)
			}
		}
	}
	for i := range p.Spec.Volumes {
		v := &p.Spec.Volumes[i]
		how := "spec.volumes[" + v.Name + "]"
		if v.ConfigMap != nil {
			check(v.ConfigMap.Name, podproblem.ItemKeys(v.ConfigMap.Items), v.ConfigMap.Optional, how)
		}
		if v.Secret != nil {
			secret(v.Secret.SecretName, podproblem.ItemKeys(v.Secret.Items), v.Secret.Optional, how)
		}
		if v.Projected != nil {
			for _, src := range v.Projected.Sources {
				if src.Secret != nil {
					secret(src.Secret.Name, podproblem.ItemKeys(src.Secret.Items), src.Secret.Optional, how)
				}
				if src.ConfigMap != nil {
					check(src.ConfigMap.Name, podproblem.ItemKeys(src.ConfigMap.Items), src.ConfigMap.Optional, how)
				}
			}
		}
	}
	for _, list := range []struct {
		field string
		in    []corev1.Container
	}{{"initContainers", p.Spec.InitContainers}, {"containers", p.Spec.Containers}} {
		for i := range list.in {
			c := &list.in[i]
			where := "spec." + list.field + "[" + c.Name + "]"
			for _, e := range c.EnvFrom {
				if e.ConfigMapRef != nil {
					check(e.ConfigMapRef.Name, nil, e.ConfigMapRef.Optional, where+".envFrom")
				}
				if e.SecretRef != nil {
					secret(e.SecretRef.Name, nil, e.SecretRef.Optional, where+".envFrom")
				}
			}
			for _, e := range c.Env {
				if e.ValueFrom == nil {
					continue
				}
				if ref := e.ValueFrom.ConfigMapKeyRef; ref != nil {
					check(ref.Name, []string{ref.Key}, ref.Optional, where+".env["+e.Name+"]")
				}
				if ref := e.ValueFrom.SecretKeyRef; ref != nil {
					secret(ref.Name, []string{ref.Key}, ref.Optional, where+".env["+e.Name+"]")
				}
			}
		}
	}
}

// said reads what the kubelet says about a pod's containers and mounts.
func said(s *snapshot.Snapshot, p *corev1.Pod, note func(*corev1.Pod, incident.Object, string, string, incident.Evidence, bool)) {
	for _, c := range kube.ContainersOf(p) {
		if w := c.Status.State.Waiting; w != nil && w.Reason == "CreateContainerConfigError" {
			if o, key, ok := podproblem.MissingIn(p, w.Message); ok {
				note(p, o, key, c.Field(), finding.SeenAPI(finding.PodObject(p), c.Field(), time.Time{}, w.Reason+": "+w.Message), true)
			}
		}
	}
	if e := kube.LastEvent(s, finding.PodObject(p), "FailedMount"); e != nil && p.Status.Phase == corev1.PodPending {
		if o, key, ok := podproblem.MissingIn(p, e.Message); ok {
			note(p, o, key, "volumes", finding.SeenEvent(e), true)
		}
	}
}

// unlikely makes it a suspicion where every pod that runs without the key was made after its Secret had last been written: it must have
// found the key there, or it would not have started, so that what was seen of the Secret may not be all that there is to it.
func (x *missing) unlikely(s *snapshot.Snapshot, f *finding.Finding) {
	have := kube.SecretNamed(s, x.object.Namespace, x.object.Name)
	if x.object.Kind != "Secret" || x.key == "" || have == nil || have.Changed.IsZero() {
		return
	}
	if !slices.ContainsFunc(x.pods.List, func(p *corev1.Pod) bool { return !p.CreationTimestamp.After(have.Changed) }) {
		f.Suspected()
	}
}

func (x *missing) report(s *snapshot.Snapshot, r *finding.Report) {
	var by finding.Gathered[incident.Object]
	for _, p := range x.pods.List {
		by.Add(s.WorkloadOf(p))
	}
	needed := by.List
	who := finding.Short(needed[0])
	if len(needed) > 1 {
		who = fmt.Sprintf("%s and %d more", who, len(needed)-1)
	}
	code := ConfigMapMissing
	if x.object.Kind == "Secret" {
		code = SecretMissing
	}
	name := fmt.Sprintf("%s %s/%s", x.object.Kind, x.object.Namespace, x.object.Name)
	title := name + " does not exist"
	hint := ""
	c := s.ConfigMap(x.object.Namespace, x.object.Name)
	switch {
	case x.object.Kind == "ConfigMap" && x.key != "" && c != nil:
		hint = kube.DidYouMean(kube.Nearest(x.key, kube.KeysOf(c)))
	case x.object.Kind == "ConfigMap" && x.key == "":
		hint = kube.DidYouMean(kube.Nearest(x.object.Name, slices.DeleteFunc(s.ConfigMapsIn(x.object.Namespace),
			func(n string) bool { return n == "kube-root-ca.crt" })))
	case x.object.Kind == "Secret" && x.key == "":
		hint = kube.SecretHint(s, x.object.Namespace, x.object.Name)
	case x.object.Kind == "Secret":
		if have := kube.SecretNamed(s, x.object.Namespace, x.object.Name); have != nil {
			hint = kube.DidYouMean(kube.Nearest(x.key, have.Keys))
		}
	}
	if x.key != "" {
		title = fmt.Sprintf("%s has no key %q", name, x.key)
	}
	title += hint + ", " + who + " needs it"
	if !x.stops {
		title += " the next time it starts"
	}
	if i := slices.IndexFunc(x.how, func(how string) bool { return strings.HasPrefix(how, "spec.") }); i >= 0 {
		title += " (" + x.how[i] + ")"
	}
	f := r.Find(code, x.object, title).Cite(x.seen...)
	f.MayPassWithin(x.normal)
	if x.key == "" {
		f.Absent(hint)
	}
	f.Pods, f.Refs = x.pods.List, []incident.Object{x.object}
	f.Fault = append([]incident.Object{x.object}, needed[:min(len(needed), maxHolders)]...)
	if !x.stops {
		f.Severity = incident.Warning
		x.unlikely(s, f)
	}
	for _, p := range x.pods.List {
		f.Since = finding.Earlier(f.Since, p.CreationTimestamp.Time)
	}
	if c != nil {
		f.Cite(finding.SeenAPI(x.object, "data", time.Time{}, "keys: "+clip.Bytes(strings.Join(kube.KeysOf(c), ", "), finding.MaxLine)))
	}
}
