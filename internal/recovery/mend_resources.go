package recovery

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// halfMore is a quantity times one and a half, rounded up to a whole number of units.
func halfMore(q resource.Quantity, unit int64) resource.Quantity {
	return *resource.NewQuantity((q.Value()*3/2+unit-1)/unit*unit, resource.BinarySI)
}

// mendMemory raises the memory limit of a container that was killed at it: to what the revision before had, if that is more, or else to
// half more than it used, which is at least its limit. Where the revision before worked within the same limit, it is the change that
// needs more than it may have, and nobody knows how much.
func mendMemory(p patient) (remedy, string) {
	var out remedy
	why := fmt.Sprintf("no container of %s was killed at a memory limit of its own", p.o)
	p.killed(func(pod *corev1.Pod, c kube.Container, t container, end time.Time) {
		limit := c.Spec.Resources.Limits[corev1.ResourceMemory]
		if limit.IsZero() || len(out.steps) > 0 {
			return
		}
		if e := kube.LastEvent(p.s, incident.Object{Kind: "Node", Name: pod.Spec.NodeName}, "SystemOOM"); e != nil &&
			snapshot.EventTime(e).Sub(end).Abs() < time.Minute {
			why = fmt.Sprintf("the memory of node %s ran out, not what %s may use", pod.Spec.NodeName, c.Spec.Name)
			return
		}
		used, from := limit, fmt.Sprintf("Container %s was killed at its limit of %s, so it needs more than that.", c.Spec.Name, limit.String())
		if m, name := p.measured(pod); m.Cmp(used) > 0 {
			used, from = m, fmt.Sprintf("Container %s uses %s (%s).", c.Spec.Name, m.String(), name)
		}
		to := halfMore(used, 1<<20)
		if before := p.before(t.Name); before != nil {
			if p.worked() && before.Resources.Limits.Memory().Cmp(limit) == 0 {
				why = fmt.Sprintf("the revision of %s before worked with the same limit", p.o)
				return
			}
			if had := before.Resources.Limits[corev1.ResourceMemory]; had.Cmp(limit) > 0 {
				to, from = had, fmt.Sprintf("Container %s was killed at its limit of %s; the revision before gave it %s.", c.Spec.Name, limit.String(),
					had.String())
			}
		}
		if why = p.tooMuch(corev1.ResourceMemory, limit, to); why == "" {
			out = p.raise(t, corev1.ResourceMemory, to, from)
		}
	})
	return out, whyNot(out, why)
}

func whyNot(m remedy, why string) string {
	if len(m.steps) > 0 {
		return ""
	}
	return why
}

// killed calls back for the containers that were killed for memory, those that are ready again included.
func (p patient) killed(f func(*corev1.Pod, kube.Container, container, time.Time)) {
	all := p
	all.pods = append(append([]*corev1.Pod{}, p.pods...), p.well...)
	all.ill(func(pod *corev1.Pod, c kube.Container, t container) {
		for _, st := range []corev1.ContainerState{c.Status.State, c.Status.LastTerminationState} {
			if st.Terminated != nil && st.Terminated.Reason == "OOMKilled" {
				f(pod, c, t, st.Terminated.FinishedAt.Time)
				return
			}
		}
	})
}

// raise is a step that gives a container a higher limit.
func (p patient) raise(t container, name corev1.ResourceName, to resource.Quantity, from string) remedy {
	now, _ := p.of(t, "resources").(map[string]any)
	if now == nil {
		now = map[string]any{}
	}
	object(now).set(to.String(), "limits", string(name))
	return remedy{[]incident.Step{p.set("SetResources", now, t.in()...)}, fmt.Sprintf("raise the %s limit of %s to %s", name, inWords(p.o),
		to.String()),
		fmt.Sprintf("%s %s is within what a node and the quotas allow.", from, to.String())}
}

// measured is the most memory that a metric shows for a pod.
func (p patient) measured(pod *corev1.Pod) (most resource.Quantity, by string) {
	for _, m := range p.s.Metrics {
		if m.Object != podObject(pod) || m.Unit != "bytes" || !strings.Contains(strings.ToLower(m.Name), "memory") {
			continue
		}
		if q := *resource.NewQuantity(int64(m.Value), resource.BinarySI); q.Cmp(most) > 0 {
			most, by = q, m.Name
		}
	}
	return most, by
}

// before is the container of that name in the revision before the current one; nil if there is none.
func (p patient) before(name string) *corev1.Container {
	_, prev := revisionsOf(p.s, p.o)
	if prev == nil {
		return nil
	}
	for _, c := range containersOf(&prev.template.Spec) {
		if c.Name == name {
			return c.Container
		}
	}
	return nil
}

// tooMuch says which bound a limit would break: what the largest node has, what a LimitRange allows, or what is left of a quota.
func (p patient) tooMuch(name corev1.ResourceName, was, to resource.Quantity) string {
	if most, node := p.largest(name); to.Cmp(most) > 0 {
		return fmt.Sprintf("%s %s would be more than any node has (%s on %s)", to.String(), name, most.String(), node)
	}
	for i := range p.s.LimitRanges {
		l := &p.s.LimitRanges[i]
		for _, item := range l.Spec.Limits {
			if most, ok := item.Max[name]; ok && l.Namespace == p.o.Namespace && item.Type == corev1.LimitTypeContainer && to.Cmp(most) > 0 {
				return fmt.Sprintf("LimitRange %s allows a container no more than %s %s", l.Name, most.String(), name)
			}
		}
	}
	more := (to.Value() - was.Value()) * int64(max(len(p.pods)+len(p.well), 1))
	for i := range p.s.ResourceQuotas {
		q := &p.s.ResourceQuotas[i]
		limit := "limits." + name
		hard, ok := q.Status.Hard[limit]
		used := q.Status.Used[limit]
		if ok && q.Namespace == p.o.Namespace && used.Value()+more > hard.Value() {
			return fmt.Sprintf("ResourceQuota %s has %s of %s %s left, which is too little", q.Name, remainder(hard, used), hard.String(), limit)
		}
	}
	return ""
}

func remainder(hard, used resource.Quantity) string {
	hard.Sub(used)
	return hard.String()
}

// largest is the most of something that a node has for pods.
func (p patient) largest(name corev1.ResourceName) (most resource.Quantity, node string) {
	for i := range p.s.Nodes {
		if has := p.s.Nodes[i].Status.Allocatable[name]; has.Cmp(most) > 0 {
			most, node = has, p.s.Nodes[i].Name
		}
	}
	return most, node
}

// What the kubelet's eviction manager says of a pod that used more local storage than its own limit (pkg/kubelet/eviction/helpers.go).
var (
	volumeOverLimit    = regexp.MustCompile(`Usage of EmptyDir volume "([^"]+)" exceeds the limit "([^"]+)"`)
	containerOverLimit = regexp.MustCompile(`Container (\S+) exceeded its local ephemeral storage limit "([^"]+)"`)
)

// mostEvicted is how many evicted pods go with a plan; the others are left to whoever tidies up.
const mostEvicted = 10

// mendStorage raises the limit of local storage that a pod was evicted for, and removes the pods that were: their ReplicaSet makes others
// and leaves them where they are.
func mendStorage(p patient) (remedy, string) {
	out, why := p.moreStorage()
	for _, pod := range p.pods {
		if why == "" && pod.Status.Phase == corev1.PodFailed && metav1.GetControllerOf(pod) != nil && len(out.steps) <= mostEvicted {
			out.steps = append(out.steps, deletePod(pod, "", nil))
		}
	}
	if len(out.steps) > 1 {
		out.why = join(out.why, "What was evicted is removed, for nobody else does that; what is lost is its logs.")
	}
	return out, why
}

// moreStorage is the limit of local storage that a pod was evicted for, and half more.
func (p patient) moreStorage() (remedy, string) {
	why := fmt.Sprintf("nothing says which limit of local storage the pods of %s were evicted for", p.o)
	for _, pod := range p.pods {
		said := pod.Status.Message
		for _, e := range p.s.EventsOf(podObject(pod)) {
			said += "\n" + e.Message
		}
		var name string
		var limit resource.Quantity
		form := volumeOverLimit
		m := form.FindStringSubmatch(said)
		if m == nil {
			form = containerOverLimit
			m = form.FindStringSubmatch(said)
		}
		if m == nil {
			continue
		}
		limit, err := resource.ParseQuantity(m[2])
		if name = m[1]; err != nil {
			continue
		}
		to := halfMore(limit, 1<<20)
		from := fmt.Sprintf("It was evicted for using more than %s, so it needs more than that.", limit.String())
		if why = p.tooMuch(corev1.ResourceEphemeralStorage, limit, to); why != "" {
			continue
		}
		if t, ok := p.container(name); ok && form == containerOverLimit {
			return p.raise(t, corev1.ResourceEphemeralStorage, to, from), ""
		}
		v, _ := p.at("volumes", withName(name)).(map[string]any)
		if object(v).at("emptyDir") == nil {
			why = fmt.Sprintf("the template of %s has no volume %s", p.o, name)
			continue
		}
		object(v).set(to.String(), "emptyDir", "sizeLimit")
		return remedy{[]incident.Step{p.set("SetVolume", v, "volume", name)}, fmt.Sprintf("let volume %s of %s have %s", name, inWords(p.o),
			to.String()),
			from}, ""
	}
	return remedy{}, why
}

// mendRequest lets a container ask for what a node can give: for what the revision before asked, or for half more than it uses.
func mendRequest(p patient) (remedy, string) {
	for _, t := range containersOf(p.spec) {
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			asks := t.Resources.Requests[name]
			most, node := p.largest(name)
			if node == "" || asks.Cmp(most) <= 0 {
				continue
			}
			to, from := resource.Quantity{}, ""
			if before := p.before(t.Name); before != nil {
				to, from = before.Resources.Requests[name], "the revision before asked for"
			}
			for _, pod := range p.well {
				if used, by := p.measured(pod); name == corev1.ResourceMemory && from == "" && !used.IsZero() {
					to, from = halfMore(used, 1<<20), "by "+by+", and half more, its pods that run need"
				}
			}
			if to.IsZero() || to.Cmp(most) > 0 {
				return remedy{}, fmt.Sprintf("container %s of %s asks for %s %s, more than any node has (%s on %s), and nothing shows how much it "+
					"needs",
					t.Name, p.o, asks.String(), name, most.String(), node)
			}
			now, _ := p.of(t, "resources").(map[string]any)
			object(now).set(to.String(), "requests", string(name))
			return remedy{[]incident.Step{p.set("SetResources", now, t.in()...)}, fmt.Sprintf("let %s ask for %s %s", inWords(p.o), to.String(),
				name),
				fmt.Sprintf("No node has %s %s, the most is %s on %s; %s %s.", asks.String(), name, most.String(), node, from, to.String())}, ""
		}
	}
	return remedy{}, fmt.Sprintf("the nodes are large enough for %s", p.o)
}
