package bundle

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// heartbeatEvery is within what a kubelet reports at least, even if nothing has changed (its nodeStatusReportFrequency is five minutes),
// and a minute for the way.
const heartbeatEvery = 6 * time.Minute

// dumpedAt is when a dump was made, which it does not say: the newest time in its objects. The clock of one node can be wrong: times that
// are later than the median of the ready nodes' heartbeats by more than heartbeatEvery do not count, or everything else would look old.
// Written is when the file was, which a copy loses: it counts if it is later by no more than the cluster can have been silent, or if there
// is no other.
func dumpedAt(b *Bundle, written time.Time) time.Time {
	var beats []time.Time
	for _, n := range b.List(nodesGVR) {
		if t := heartbeat(n); !t.IsZero() {
			beats = append(beats, t)
		}
	}
	var bound time.Time
	if len(beats) > 0 {
		slices.SortFunc(beats, time.Time.Compare)
		bound = beats[(len(beats)-1)/2].Add(heartbeatEvery)
	}
	var newest time.Time
	for _, list := range b.Objects {
		for _, o := range list {
			eachTime(o, func(t time.Time) {
				if t.After(newest) && (bound.IsZero() || !t.After(bound)) {
					newest = t
				}
			})
		}
	}
	if silent := written.Sub(newest); newest.IsZero() || silent > 0 && silent <= heartbeatEvery {
		return written.UTC()
	}
	return newest.UTC()
}

// heartbeat is when the kubelet of a ready node last reported.
func heartbeat(node unstructured.Unstructured) time.Time {
	conditions, _, _ := unstructured.NestedSlice(node.Object, "status", "conditions")
	for _, c := range conditions {
		c, _ := c.(map[string]any)
		if c["type"] == "Ready" && c["status"] == "True" {
			return timeOf(c["lastHeartbeatTime"])
		}
	}
	return time.Time{}
}

// eachTime goes through the times of what has happened to an object: its creation, its status, all of an Event.
func eachTime(o unstructured.Unstructured, do func(time.Time)) {
	do(o.GetCreationTimestamp().UTC())
	if o.GetKind() == "Event" {
		for _, field := range []string{"firstTimestamp", "lastTimestamp", "eventTime"} {
			do(timeOf(o.Object[field]))
		}
		last, _, _ := unstructured.NestedFieldNoCopy(o.Object, "series", "lastObservedTime")
		do(timeOf(last))
	}
	walkTimes(o.Object["status"], do)
}

// walkTimes finds times by their fields' names.
func walkTimes(v any, do func(time.Time)) {
	switch v := v.(type) {
	case map[string]any:
		for name, v := range v {
			if strings.HasSuffix(name, "Time") || strings.HasSuffix(name, "At") {
				do(timeOf(v))
			}
			walkTimes(v, do)
		}
	case []any:
		for _, v := range v {
			walkTimes(v, do)
		}
	}
}

// timeOf reads a time, zero if it is none.
func timeOf(v any) time.Time {
	s, _ := v.(string)
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
