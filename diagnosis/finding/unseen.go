package finding

import (
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Resources that findings rest on, by the names that a look's notes give them.
const (
	Pods              incident.Resource = "pods"
	PodLogs                             = incident.PodLogs
	Events            incident.Resource = "events"
	Nodes             incident.Resource = "nodes"
	Services          incident.Resource = "services"
	PersistentVolumes incident.Resource = "persistentvolumes"
	Deployments       incident.Resource = "deployments.apps"
	ReplicaSets       incident.Resource = "replicasets.apps"
	StatefulSets      incident.Resource = "statefulsets.apps"
	DaemonSets        incident.Resource = "daemonsets.apps"
	Leases            incident.Resource = "leases.coordination.k8s.io"
	EndpointSlices    incident.Resource = "endpointslices.discovery.k8s.io"
	Jobs              incident.Resource = "jobs.batch"
	Namespaces        incident.Resource = "namespaces"
	Ingresses         incident.Resource = "ingresses.networking.k8s.io"
	IngressClasses    incident.Resource = "ingressclasses.networking.k8s.io"
	StorageClasses    incident.Resource = "storageclasses.storage.k8s.io"
)

// Unless says that the finding rests on having seen the resources: that they hold nothing which shows that all is well, or that something
// else is wrong. Where some may not have been seen it is a suspicion, and a cause of it likely at most; see [Unseen].
func (f *Finding) Unless(shown ...incident.Resource) *Finding {
	f.RestsOn = Union(f.RestsOn, slices.DeleteFunc(shown, func(r incident.Resource) bool { return r == "" }))
	return f
}

// UnlessWithin is Unless for what can be normal only until then, whatever would be seen: past that time nothing could excuse it.
func (f *Finding) UnlessWithin(t Term, now time.Time, shown ...incident.Resource) *Finding {
	if t.Over(now) {
		return f
	}
	return f.Unless(shown...)
}

// Unseen bounds what is said of what was not seen: of every finding that rests on what may be missing from the Snapshot, nobody is woken
// for it, and who asks is told it as a suspicion.
func Unseen(s *snapshot.Snapshot, found []*Finding) {
	for _, f := range found {
		if f.unsure(s) {
			f.Suspected().AtMost = Weaker(f.AtMost, incident.Likely)
		}
	}
}

// unsure says whether some of what the finding rests on may not have been seen.
func (f *Finding) unsure(s *snapshot.Snapshot) bool {
	namespace := f.Object.Namespace
	return slices.ContainsFunc(f.RestsOn, func(r incident.Resource) bool { return NotSeen(s, r, namespace) })
}

// Weaker is the weaker of two confidences; "" bounds nothing.
func Weaker(a, b incident.Confidence) incident.Confidence {
	order := []incident.Confidence{"", incident.Certain, incident.Likely, incident.Possible}
	if slices.Index(order, a) > slices.Index(order, b) {
		return a
	}
	return b
}
