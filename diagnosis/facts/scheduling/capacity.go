package scheduling

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	podresource "k8s.io/component-helpers/resource"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// room is what a node can give to pods and what those bound to it ask for, by the scheduler's own arithmetic: requests, not use.
type room struct {
	node  *corev1.Node
	pods  []*corev1.Pod // that have not ended
	asked map[corev1.ResourceName]int64
}

// Rooms are the nodes as the scheduler sees them, worked out once it is asked for: in a cluster that is well no pod waits.
type Rooms struct {
	s    *snapshot.Snapshot
	all  func() []room
	told map[string]Nowhere // by what makes pods alike
	// preemptions are the newest events by which pods lost their place, by what their successors are called.
	Preemptions func() map[string]*corev1.Event
	// whole says that pods of all namespaces were seen, so that what is free is known.
	whole bool
}

// NewRooms prepares the question of what is free where; it is computed when somebody asks.
func NewRooms(s *snapshot.Snapshot) *Rooms {
	r := &Rooms{s: s, told: map[string]Nowhere{}, whole: s.Namespace == "" && !finding.NotSeen(s, "pods", "")}
	r.all = sync.OnceValue(func() []room {
		if finding.NotSeen(s, "nodes", "") {
			return nil
		}
		out := make([]room, 0, len(s.Nodes))
		for i := range s.Nodes {
			x := room{node: &s.Nodes[i], asked: map[corev1.ResourceName]int64{}}
			for _, p := range s.PodsOn(x.node.Name) {
				if kube.HasEnded(p) {
					continue
				}
				x.pods = append(x.pods, p)
				for name, q := range requests(p) {
					x.asked[name] = add(x.asked[name], inUnits(name, q))
				}
			}
			out = append(out, x)
		}
		return out
	})
	r.Preemptions = sync.OnceValue(func() map[string]*corev1.Event {
		out := map[string]*corev1.Event{}
		for i := range s.Events {
			if e := &s.Events[i]; e.Reason == "Preempted" && e.InvolvedObject.Kind == "Pod" {
				out[PreemptionKey(e.InvolvedObject.Namespace, e.InvolvedObject.Name)] = e
			}
		}
		return out
	})
	return r
}

func requests(p *corev1.Pod) corev1.ResourceList {
	return podresource.PodRequests(p, podresource.PodResourcesOptions{})
}

// inUnits counts CPU in thousandths and everything else whole, as the scheduler does. Negative quantities count as none.
func inUnits(name corev1.ResourceName, q apiresource.Quantity) int64 {
	if name == corev1.ResourceCPU {
		return max(q.MilliValue(), 0)
	}
	return max(q.Value(), 0)
}

// add does not overflow: quantities may be absurd.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// gives is what the node may allocate of a resource.
func (x *room) gives(name corev1.ResourceName) int64 {
	return inUnits(name, x.node.Status.Allocatable[name])
}

func (x *room) free(name corev1.ResourceName) int64 { return max(x.gives(name)-x.asked[name], 0) }

// holder is the workload whose pods on the node ask for most of a resource.
func (x *room) holder(s *snapshot.Snapshot, name corev1.ResourceName) (who incident.Object, asks int64) {
	by := map[incident.Object]int64{}
	for _, p := range x.pods {
		if q, ok := requests(p)[name]; ok {
			w := s.WorkloadOf(p)
			by[w] = add(by[w], inUnits(name, q))
		}
	}
	for w, n := range by {
		if n > asks || n == asks && n > 0 && w.Compare(who) < 0 {
			who, asks = w, n
		}
	}
	return who, asks
}

// amount is a quantity for people: "2", "500m", "1.5Gi".
func amount(name corev1.ResourceName, n int64) string {
	switch name {
	case corev1.ResourceCPU:
		if n%1000 == 0 {
			return strconv.FormatInt(n/1000, 10)
		}
		return fmt.Sprintf("%dm", n)
	case corev1.ResourceMemory, corev1.ResourceEphemeralStorage:
		return ByteWords(n)
	}
	return strconv.FormatInt(n, 10)
}

// ByteWords is a number of bytes in the largest binary unit that it fills, to one decimal.
func ByteWords(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1 << 40, "Ti"}, {1 << 30, "Gi"}, {1 << 20, "Mi"}, {1 << 10, "Ki"}} {
		if n >= u.size {
			return strconv.FormatFloat(math.Round(float64(n)/float64(u.size)*10)/10, 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// resourceNames are what a pod asks for, CPU and memory first.
func resourceNames(asked corev1.ResourceList) []corev1.ResourceName {
	rank := map[corev1.ResourceName]int{corev1.ResourceCPU: -3, corev1.ResourceMemory: -2, corev1.ResourceEphemeralStorage: -1}
	var names []corev1.ResourceName
	for name, q := range asked {
		if !q.IsZero() {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b corev1.ResourceName) int { return cmp.Or(cmp.Compare(rank[a], rank[b]), cmp.Compare(a, b)) })
	return names
}

// PreemptionKey is a pod's name without the end that its controller gives it, so that a pod finds its predecessor's event.
func PreemptionKey(namespace, pod string) string {
	if i := strings.LastIndexByte(pod, '-'); i > 0 && len(pod)-i-1 == 5 {
		pod = pod[:i]
	}
	return namespace + "/" + pod
}
