package commands

import (
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// kinds maps what people type, in lower case, to kinds: names, plurals and kubectl's short names.
var kinds = map[string]string{
	"pod": "Pod", "pods": "Pod", "po": "Pod",
	"deployment": "Deployment", "deployments": "Deployment", "deploy": "Deployment",
	"statefulset": "StatefulSet", "statefulsets": "StatefulSet", "sts": "StatefulSet",
	"daemonset": "DaemonSet", "daemonsets": "DaemonSet", "ds": "DaemonSet",
	"replicaset": "ReplicaSet", "replicasets": "ReplicaSet", "rs": "ReplicaSet",
	"job": "Job", "jobs": "Job", "cronjob": "CronJob", "cronjobs": "CronJob", "cj": "CronJob",
	"service": "Service", "services": "Service", "svc": "Service",
	"node": "Node", "nodes": "Node", "no": "Node",
	"namespace": "Namespace", "namespaces": "Namespace", "ns": "Namespace",
	"configmap": "ConfigMap", "configmaps": "ConfigMap", "cm": "ConfigMap",
	"secret": "Secret", "secrets": "Secret",
	"persistentvolumeclaim": "PersistentVolumeClaim", "persistentvolumeclaims": "PersistentVolumeClaim", "pvc": "PersistentVolumeClaim",
	"persistentvolume": "PersistentVolume", "persistentvolumes": "PersistentVolume", "pv": "PersistentVolume",
	"ingress": "Ingress", "ingresses": "Ingress", "ing": "Ingress",
}

// parents are kinds whose pods bear their name with something after it.
var parents = []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"}

// parseObject reads KIND/NAME, KIND NAME, NAMESPACE/NAME, KIND/NAMESPACE/NAME or NAME. What was not said is empty.
func parseObject(words []string, namespace string) (incident.Object, error) {
	o := incident.Object{Namespace: namespace}
	if len(words) > 2 {
		return o, usageError("that names more than one thing")
	}
	parts := strings.Split(strings.Join(words, "/"), "/")
	if slices.Contains(parts, "") {
		return o, usageError("a name is missing")
	}
	kind, known := kinds[strings.ToLower(parts[0])]
	switch {
	case len(parts) == 1:
		o.Name = parts[0]
	case len(parts) == 2 && known:
		o.Kind, o.Name = kind, parts[1]
	case len(parts) == 2 && len(words) == 2:
		return o, usageError("“" + cut(parts[0], 40) + "” is not a kind that Paramedic knows")
	case len(parts) == 2:
		o.Namespace, o.Name = parts[0], parts[1]
	case len(parts) == 3 && known:
		o.Kind, o.Namespace, o.Name = kind, parts[1], parts[2]
	default:
		return o, usageError("“" + cut(strings.Join(words, " "), 80) + "” is not KIND/NAME")
	}
	return o, nil
}

// matches says whether an object is the one asked about, or a pod of it.
func matches(asked, o incident.Object) bool {
	if asked.Namespace != "" && o.Namespace != "" && asked.Namespace != o.Namespace {
		return false
	}
	if o.Name == asked.Name {
		return asked.Kind == "" || asked.Kind == o.Kind
	}
	child := o.Kind == "Pod" || o.Kind == "ReplicaSet" || o.Kind == "Job"
	return child && (asked.Kind == "" || slices.Contains(parents, asked.Kind)) && strings.HasPrefix(o.Name, asked.Name+"-")
}

// About narrows a diagnosis to what concerns one object: its findings, and the causes that explain them or lie in it. Empty parts of
// the object match anything. d is not changed.
func About(d *incident.Diagnosis, o incident.Object) *incident.Diagnosis {
	about := *d
	about.Causes, about.Findings, about.Restarts = nil, nil, nil
	keep := map[string]bool{}
	for _, f := range d.Findings {
		if matches(o, f.Object) {
			keep[f.ID] = true
		}
	}
	for _, c := range d.Causes {
		mine := func(id string) bool { return keep[id] }
		if slices.ContainsFunc(c.Objects, func(p incident.Object) bool { return matches(o, p) }) || slices.ContainsFunc(c.Explains, mine) {
			about.Causes = append(about.Causes, c)
		}
	}
	for _, c := range about.Causes {
		if len(c.Explains) > 0 {
			keep[c.Explains[0]] = true // its root
		}
	}
	for i := range about.Causes {
		about.Causes[i].Explains = slices.DeleteFunc(slices.Clone(about.Causes[i].Explains), func(id string) bool { return !keep[id] })
	}
	for _, f := range d.Findings {
		if keep[f.ID] {
			about.Findings = append(about.Findings, f)
		}
	}
	for _, r := range d.Restarts {
		if matches(o, r.Workload) {
			about.Restarts = append(about.Restarts, r)
		}
	}
	return &about
}
