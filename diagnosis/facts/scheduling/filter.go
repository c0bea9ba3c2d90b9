package scheduling

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// hindrance is a rule of the scheduler's by which a node is ruled out, in the order of how easily it passes or is changed. The rules are
// those of the filter plugins of kube-scheduler (k8s.io/kubernetes/pkg/scheduler/framework/plugins).
type hindrance int

const (
	nodeState   hindrance = iota // not ready, cordoned, under pressure
	roomTaken                    // others ask for what it could give
	podsTaken                    // as many pods as it may run
	portTaken                    // a host port
	taintKeeps                   // a taint that people put there
	tooSmall                     // it could not give it even if it were empty
	labelLacks                   // node selector or affinity
	podsAvoid                    // anti-affinity
	podsMiss                     // affinity to pods
	spreadKeeps                  // topology spread
	volumeKeeps                  // a volume that is elsewhere
)

// lack is one thing that keeps a pod off a node.
type lack struct {
	rule hindrance
	what string  // the resource, taint, label or port
	here string  // said of the node: "has 500m of 4 CPU free"
	gap  float64 // how far away it is, where that can be measured
}

// seeker is a pod that looks for a node, with what is the same for every node worked out once.
type seeker struct {
	pod      *corev1.Pod
	s        *snapshot.Snapshot
	asks     corev1.ResourceList
	names    []corev1.ResourceName
	affinity nodeaffinity.RequiredNodeAffinity
	apart    []domains // required anti-affinity
	together []domains // required affinity
	spread   []spreading
	volumes  []placedVolume
	whole    bool // what others ask for is known
}

func newSeeker(r *Rooms, p *corev1.Pod) *seeker {
	k := &seeker{pod: p, s: r.s, asks: requests(p), affinity: nodeaffinity.GetRequiredNodeAffinity(p), whole: r.whole,
		volumes: placedVolumes(r.s, p)}
	k.names = resourceNames(k.asks)
	if a := p.Spec.Affinity; a != nil {
		if a.PodAntiAffinity != nil {
			k.apart = domainsOf(r.s, p, a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		}
		if a.PodAffinity != nil {
			k.together = domainsOf(r.s, p, a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		}
	}
	k.spread = spreadsOf(r, k)
	return k
}

// lacks says what keeps the pod off the node; nothing where it fits as far as can be seen.
func (k *seeker) lacks(x *room) []lack {
	var out []lack
	out = append(out, k.stateAndTaints(x.node)...)
	out = append(out, k.resources(x)...)
	if most := x.gives(corev1.ResourcePods); k.whole && most > 0 && int64(len(x.pods)) >= most {
		out = append(out, lack{rule: podsTaken, what: "pods", here: fmt.Sprintf("already has %d of %d pods", len(x.pods), most)})
	}
	if k.whole {
		out = append(out, k.ports(x)...)
	}
	out = append(out, k.labels(x.node)...)
	for _, d := range k.apart {
		if who := d.in[x.node.Labels[d.key]]; who != nil && d.hasKey(x.node) {
			out = append(out, lack{rule: podsAvoid, what: d.words, here: fmt.Sprintf("has %s in its %s, which the anti-affinity to %s keeps it from",
				who.Name, d.key, d.words)})
		}
	}
	for _, d := range k.together {
		first := len(d.in) == 0 && d.self // of its kind: nobody is there yet to be beside
		if d.in[x.node.Labels[d.key]] == nil && !first || !d.hasKey(x.node) {
			out = append(out, lack{rule: podsMiss, what: d.words, here: fmt.Sprintf("has no pod with %s in its %s, as the affinity asks", d.words,
				d.key)})
		}
	}
	for _, t := range k.spread {
		if l, ok := t.lack(x.node); ok {
			out = append(out, l)
		}
	}
	for _, v := range k.volumes {
		if !v.on(x.node) {
			out = append(out, lack{rule: volumeKeeps, what: v.claim, here: fmt.Sprintf("is not where volume %s of claim %s is (%s)", v.name, v.claim,
				v.where)})
		}
	}
	return out
}

// stateTaints are those that Kubernetes itself puts on a node, with what they mean.
var stateTaints = map[string]string{
	corev1.TaintNodeNotReady:           "is not ready",
	corev1.TaintNodeUnreachable:        "is not heard of",
	corev1.TaintNodeUnschedulable:      "is cordoned",
	corev1.TaintNodeMemoryPressure:     "runs out of memory",
	corev1.TaintNodeDiskPressure:       "runs out of disk space",
	corev1.TaintNodePIDPressure:        "runs out of process ids",
	corev1.TaintNodeNetworkUnavailable: "has no pod network yet",
}

func (k *seeker) stateAndTaints(n *corev1.Node) []lack {
	var out []lack
	said := map[string]bool{}
	taints := slices.Clone(n.Spec.Taints)
	if n.Spec.Unschedulable {
		taints = append(taints, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
	}
	for i := range taints {
		t := &taints[i]
		if t.Effect == corev1.TaintEffectPreferNoSchedule || said[t.Key] || kube.Tolerates(k.pod.Spec.Tolerations, *t) {
			continue
		}
		said[t.Key] = true
		if state, ok := stateTaints[t.Key]; ok {
			out = append(out, lack{rule: nodeState, what: t.Key, here: state})
			continue
		}
		words := strings.TrimSuffix(t.Key+"="+t.Value, "=") + ":" + string(t.Effect)
		out = append(out, lack{rule: taintKeeps, what: words, here: "has the taint " + words + ", not tolerated"})
	}
	return out
}

func (k *seeker) resources(x *room) []lack {
	if len(x.node.Status.Allocatable) == 0 {
		return nil
	}
	var out []lack
	for _, name := range k.names {
		asks, gives := inUnits(name, k.asks[name]), x.gives(name)
		switch free := x.free(name); {
		case asks > gives && gives == 0:
			out = append(out, lack{tooSmall, string(name), "has no " + string(name), 2})
		case asks > gives:
			out = append(out, lack{tooSmall, string(name), fmt.Sprintf("has %s %s at most", amount(name, gives), resourceWord(name)),
				float64(asks-gives) / float64(asks)})
		case k.whole && asks > free:
			out = append(out, lack{roomTaken, string(name), fmt.Sprintf("has %s of %s %s free", amount(name, free), amount(name, gives),
				resourceWord(name)), float64(asks-free) / float64(asks)})
		}
	}
	return out
}

// resourceWord is a resource's name for people.
func resourceWord(name corev1.ResourceName) string {
	switch name {
	case corev1.ResourceCPU:
		return "CPU"
	case corev1.ResourceEphemeralStorage:
		return "ephemeral storage"
	}
	return string(name)
}

func (k *seeker) ports(x *room) []lack {
	var out []lack
	for _, want := range podPorts(k.pod) {
		for _, other := range x.pods {
			if slices.ContainsFunc(podPorts(other), want.clashes) {
				who := k.s.WorkloadOf(other)
				out = append(out, lack{rule: portTaken, what: fmt.Sprint(want.port), here: fmt.Sprintf("has its port %d taken by %s", want.port,
					finding.Short(who))})
				break
			}
		}
	}
	return out
}

// podPort is a port of the node that a pod takes.
type podPort struct {
	ip, protocol string
	port         int32
}

func (a podPort) clashes(b podPort) bool {
	every := func(ip string) bool { return ip == "" || ip == "0.0.0.0" }
	return a.port == b.port && a.protocol == b.protocol && (a.ip == b.ip || every(a.ip) || every(b.ip))
}

func podPorts(p *corev1.Pod) []podPort {
	var out []podPort
	for i := range p.Spec.Containers {
		for _, port := range p.Spec.Containers[i].Ports {
			if port.HostPort > 0 {
				protocol := string(port.Protocol)
				if protocol == "" {
					protocol = string(corev1.ProtocolTCP)
				}
				out = append(out, podPort{port.HostIP, protocol, port.HostPort})
			}
		}
	}
	return out
}

// labels compares node selector and affinity with a node; an affinity that cannot be read rules every node out, as the scheduler has it.
func (k *seeker) labels(n *corev1.Node) []lack {
	if ok, err := k.affinity.Match(n); ok && err == nil {
		return nil
	}
	var out []lack
	for _, key := range slices.Sorted(maps.Keys(k.pod.Spec.NodeSelector)) {
		value := k.pod.Spec.NodeSelector[key]
		if has, ok := n.Labels[key]; !ok {
			out = append(out, lack{rule: labelLacks, what: key + "=" + value, here: "has no label " + key, gap: 1})
		} else if has != value {
			out = append(out, lack{rule: labelLacks, what: key + "=" + value, here: "has " + key + "=" + has + ", not " + value,
				gap: float64(kube.Distance(has, value)) / float64(max(len(has), len(value), 1))})
		}
	}
	if len(out) == 0 {
		out = append(out, lack{rule: labelLacks, what: affinityWords(k.pod), here: "does not match the node affinity " + affinityWords(k.pod),
			gap: 1})
	}
	return out
}

// affinityWords is a pod's required node affinity in the form of label selectors: "zone in (a, b) or gpu".
func affinityWords(p *corev1.Pod) string {
	if p.Spec.Affinity == nil || p.Spec.Affinity.NodeAffinity == nil ||
		p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return ""
	}
	return selectorWords(p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
}

func selectorWords(ns *corev1.NodeSelector) string {
	var terms []string
	for _, t := range ns.NodeSelectorTerms {
		var parts []string
		for _, r := range append(slices.Clone(t.MatchExpressions), t.MatchFields...) {
			switch r.Operator {
			case corev1.NodeSelectorOpExists:
				parts = append(parts, r.Key)
			case corev1.NodeSelectorOpDoesNotExist:
				parts = append(parts, "!"+r.Key)
			default:
				parts = append(parts, fmt.Sprintf("%s %s (%s)", r.Key, strings.ToLower(string(r.Operator)), strings.Join(r.Values, ", ")))
			}
		}
		terms = append(terms, strings.Join(parts, ", "))
	}
	return finding.OneLine(strings.Join(terms, " or "), 120)
}

// placedVolume is a bound claim's volume that is not everywhere.
type placedVolume struct {
	claim, name, where string
	selector           *nodeaffinity.LazyErrorNodeSelector
}

func (v placedVolume) on(n *corev1.Node) bool {
	ok, err := v.selector.Match(n)
	return ok || err != nil
}

func placedVolumes(s *snapshot.Snapshot, p *corev1.Pod) []placedVolume {
	var out []placedVolume
	for _, o := range kube.ClaimsOf(p) {
		c := s.PersistentVolumeClaim(o.Namespace, o.Name)
		if c == nil || c.Spec.VolumeName == "" {
			continue
		}
		if v := s.PersistentVolume(c.Spec.VolumeName); v != nil && v.Spec.NodeAffinity != nil && v.Spec.NodeAffinity.Required != nil {
			required := v.Spec.NodeAffinity.Required
			out = append(out, placedVolume{c.Name, v.Name, selectorWords(required), nodeaffinity.NewLazyErrorNodeSelector(required)})
		}
	}
	return out
}
