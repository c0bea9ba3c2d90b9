package bundle

import (
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// nodeStatusEvery is how often a kubelet reports a node's conditions when nothing changes (nodeStatusReportFrequency).
const nodeStatusEvery = 5 * time.Minute

// nodeLeases is the namespace of the leases by which kubelets say that they live.
const nodeLeases = "kube-node-lease"

// microTime is how a Lease writes times.
const microTime = "2006-01-02T15:04:05.000000Z07:00"

var (
	leasesGVR = coordinationv1.SchemeGroupVersion.WithResource("leases")
	nodesGVR  = corev1.SchemeGroupVersion.WithResource("nodes")
)

// beating is what was alive when a bundle was captured: the keys of the leases that were renewed in time.
type beating struct{ leases map[string]bool }

func beatingOf(records map[schema.GroupVersionResource][]*record, at time.Time) beating {
	b := beating{leases: map[string]bool{}}
	for _, rec := range records[leasesGVR] {
		seconds, _, _ := unstructured.NestedInt64(rec.object.Object, "spec", "leaseDurationSeconds")
		renewed, _, _ := unstructured.NestedString(rec.object.Object, "spec", "renewTime")
		if t, err := time.Parse(time.RFC3339Nano, renewed); err == nil && at.Sub(t) <= time.Duration(seconds)*time.Second {
			b.leases[objectKey(rec.object)] = true
		}
	}
	return b
}

// beat replaces what is alive.
func (s *Server) beat(b beating) {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	s.beating = b
}

// Heartbeat does what kubelets and controllers that were alive in the bundle would have done since: it renews their leases and, every
// five minutes, the heartbeats of nodes' conditions. A server that stands for a living cluster calls it every ten seconds, or its
// nodes look dead to whoever reads leases. With KeepTimes it does nothing.
func (s *Server) Heartbeat() {
	if s.options.KeepTimes {
		return
	}
	at := s.options.Now().UTC()
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	for key := range s.beating.leases {
		rec := s.world.resources[leasesGVR].records[key]
		if rec == nil || rec.origin == nil {
			continue // gone, or in the hands of somebody who renews it
		}
		o := withOwnMetadata(rec.object)
		spec, _, _ := unstructured.NestedMap(o.Object, "spec") // a copy
		spec["renewTime"] = at.Format(microTime)
		o.Object["spec"] = spec
		s.world.put(leasesGVR, key, renewedRecord(rec, o))
	}
	for key, rec := range s.world.resources[nodesGVR].records {
		if !s.beating.leases[nodeLeases+"/"+key] {
			continue
		}
		if o, ok := withHeartbeats(rec.object, at); ok {
			s.world.put(nodesGVR, key, renewedRecord(rec, o))
		}
	}
	s.world.publish()
}

// renewedRecord is the record's next version, which is still the bundle's object.
func renewedRecord(rec *record, o *unstructured.Unstructured) *record {
	out := newRecord(o)
	out.origin, out.written = rec.origin, rec.written
	return out
}

// withHeartbeats sets the heartbeat of a node's conditions, if it is due.
func withHeartbeats(node *unstructured.Unstructured, at time.Time) (*unstructured.Unstructured, bool) {
	status, _ := node.Object["status"].(map[string]any)
	status = runtime.DeepCopyJSON(status)
	conditions, _ := status["conditions"].([]any)
	due := false
	for _, c := range conditions {
		c, _ := c.(map[string]any)
		last, _ := c["lastHeartbeatTime"].(string)
		if t, err := time.Parse(time.RFC3339, last); err == nil && at.Sub(t) >= nodeStatusEvery {
			c["lastHeartbeatTime"], due = at.Format(time.RFC3339), true
		}
	}
	o := withOwnMetadata(node)
	o.Object["status"] = status
	return o, due
}
