package recovery

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// mendPlace lets the scheduler find a node for a pod.
func mendPlace(p patient) (remedy, string) {
	for _, mend := range []func(patient) (remedy, string){mendScheduler, mendSelector, mendTolerations, mendRequest} {
		if m, reason := mend(p); reason == "" {
			return m, ""
		}
	}
	return remedy{}, fmt.Sprintf("nothing in the cluster shows another scheduler, node selector, toleration or request for %s; make room "+
		"for it, or add "+
		"a node that it may run on", p.o)
}

// mendScheduler names the scheduler that exists, by the pods that it has placed, and looks like the one that does not.
func mendScheduler(p patient) (remedy, string) {
	asked := p.spec.SchedulerName
	var used []string
	for i := range p.s.Pods {
		if pod := &p.s.Pods[i]; pod.Spec.NodeName != "" && pod.Spec.SchedulerName != "" && !slices.Contains(used, pod.Spec.SchedulerName) {
			used = append(used, pod.Spec.SchedulerName)
		}
	}
	near := kube.Near(asked, used)
	if asked == "" || slices.Contains(used, asked) || len(near) != 1 {
		return remedy{}, fmt.Sprintf("the scheduler of %s is one that places pods, or not exactly one looks like it", p.o)
	}
	return remedy{[]incident.Step{p.set("SetPodField", near[0], "field", "schedulerName")},
		fmt.Sprintf("let %s place %s", near[0], inWords(p.o)),
		fmt.Sprintf("No pod was ever placed by %s, and %s is the only scheduler like it.", asked, near[0])}, ""
}

// mendSelector names the label that nodes have and that looks like the one that none has.
func mendSelector(p patient) (remedy, string) {
	to, _ := p.at("nodeSelector").(map[string]any)
	var said []string
	for _, key := range slices.Sorted(maps.Keys(p.spec.NodeSelector)) {
		value := p.spec.NodeSelector[key]
		values := p.labelled(key)
		if slices.Contains(values, value) {
			continue
		}
		newKey, newValue := key, value
		if len(values) > 0 {
			near := kube.Near(value, values)
			if len(near) != 1 {
				return remedy{}, fmt.Sprintf("no node has the label %s=%s, and not exactly one value of it looks like that (there is %s)", key, value,
					strings.Join(values, ", "))
			}
			newValue = near[0]
		} else {
			near := slices.DeleteFunc(kube.Near(key, p.labels()), func(k string) bool { return !slices.Contains(p.labelled(k), value) })
			if len(near) != 1 {
				return remedy{}, fmt.Sprintf("no node has the label %s, and not exactly one that looks like it has the value %s", key, value)
			}
			newKey = near[0]
		}
		delete(to, key)
		to[newKey] = newValue
		said = append(said, fmt.Sprintf("No node has the label %s=%s, and %s=%s is the only one like it.", key, value, newKey, newValue))
	}
	if len(said) == 0 {
		return remedy{}, fmt.Sprintf("there are nodes with every label that %s wants", p.o)
	}
	if !slices.ContainsFunc(p.s.Nodes, func(n corev1.Node) bool { return allIn(to, n.Labels) }) {
		return remedy{}, fmt.Sprintf("no node has all the labels that %s would want then", p.o)
	}
	return remedy{[]incident.Step{p.set("SetNodeSelector", to)}, fmt.Sprintf("let %s want the label that nodes have", inWords(p.o)),
		strings.Join(said, " ")}, ""
}

func allIn(want map[string]any, labels map[string]string) bool {
	for k, v := range want {
		if labels[k] != v {
			return false
		}
	}
	return true
}

// labels are the keys of the nodes' labels.
func (p patient) labels() []string {
	keys := map[string]bool{}
	for i := range p.s.Nodes {
		for k := range p.s.Nodes[i].Labels {
			keys[k] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// labelled are the values that nodes have of a label.
func (p patient) labelled(key string) []string {
	values := map[string]bool{}
	for i := range p.s.Nodes {
		if v, ok := p.s.Nodes[i].Labels[key]; ok {
			values[v] = true
		}
	}
	return slices.Sorted(maps.Keys(values))
}

// mendTolerations takes over the tolerations with which others of the namespace run on the nodes whose taints keep the pod away, where
// every node that it may run on has such a taint.
func mendTolerations(p patient) (remedy, string) {
	kept := map[string]bool{}
	for i := range p.s.Nodes {
		n := &p.s.Nodes[i]
		want, _ := p.at("nodeSelector").(map[string]any)
		if n.Spec.Unschedulable || !nodeReadyFor(n, p.s.At, 0) || !allIn(want, n.Labels) {
			continue
		}
		if toleratedBy(n, p.spec.Tolerations) {
			return remedy{}, fmt.Sprintf("no taint keeps %s from node %s", p.o, n.Name)
		}
		kept[n.Name] = true
	}
	var lists [][]corev1.Toleration
	var who string
	for _, o := range p.others() {
		n := p.s.Node(o.Spec.NodeName)
		if o.Namespace != p.o.Namespace || n == nil || !kept[n.Name] || p.s.WorkloadOf(o).Kind == "DaemonSet" {
			continue
		}
		if list := chosen(o.Spec.Tolerations); toleratedBy(n, append(slices.Clone(p.spec.Tolerations), list...)) {
			lists, who = append(lists, list), fmt.Sprintf("%s runs on node %s", inWords(p.s.WorkloadOf(o)), n.Name)
		}
	}
	list, ok := onlyOne(lists)
	if len(kept) == 0 || !ok {
		return remedy{}, fmt.Sprintf("nobody in namespace %s shows which taints pods of it may tolerate", p.o.Namespace)
	}
	all, _ := p.at("tolerations").([]any)
	for _, t := range list {
		all = append(all, decodeValue(string(encode(t))))
	}
	return remedy{[]incident.Step{p.set("SetTolerations", all)}, fmt.Sprintf("let %s tolerate what its neighbours do", inWords(p.o)),
		fmt.Sprintf("Every node that could take it has a taint that it does not tolerate; %s with these tolerations.", who)}, ""
}

// chosen are the tolerations that somebody chose, without those that the API server adds to every pod.
func chosen(all []corev1.Toleration) []corev1.Toleration {
	return slices.DeleteFunc(slices.Clone(all), func(t corev1.Toleration) bool { return strings.HasPrefix(t.Key, "node.kubernetes.io/") })
}

func toleratedBy(n *corev1.Node, by []corev1.Toleration) bool {
	for _, taint := range n.Spec.Taints {
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && !slices.ContainsFunc(by, func(t corev1.Toleration) bool {
			return tolerates(t, taint)
		}) {
			return false
		}
	}
	return true
}

func tolerates(t corev1.Toleration, taint corev1.Taint) bool {
	return (t.Effect == "" || t.Effect == taint.Effect) && (t.Key == taint.Key || t.Key == "" && t.Operator == corev1.TolerationOpExists) &&
		(t.Operator == corev1.TolerationOpExists || t.Value == taint.Value)
}

// mendArchitecture keeps a pod on nodes of the architecture on which its image runs.
func mendArchitecture(p patient) (remedy, string) {
	var bad, good []string
	add := func(list []string, pod *corev1.Pod) []string {
		if n := p.s.Node(pod.Spec.NodeName); n != nil && n.Labels[corev1.LabelArchStable] != "" {
			list = append(list, n.Labels[corev1.LabelArchStable])
		}
		return list
	}
	for _, pod := range p.pods {
		bad = add(bad, pod)
	}
	for _, pod := range p.well {
		good = add(good, pod)
	}
	runs, ok := onlyOne(good)
	if !ok || len(bad) == 0 || slices.Contains(bad, runs) {
		return remedy{}, fmt.Sprintf("no pod of %s shows an architecture on which its image runs", p.o)
	}
	to, _ := p.at("nodeSelector").(map[string]any)
	if to == nil {
		to = map[string]any{}
	}
	if to[corev1.LabelArchStable] == runs {
		return remedy{}, fmt.Sprintf("%s is kept to %s already", p.o, runs)
	}
	to[corev1.LabelArchStable] = runs
	return remedy{[]incident.Step{p.set("SetNodeSelector", to)}, fmt.Sprintf("keep %s on nodes of %s", inWords(p.o), runs),
		fmt.Sprintf("Its pods run on nodes of %s and cannot start on those of %s.", runs, bad[0])}, ""
}

// mendCommand names the program that others with the same image start, and that looks like the one that cannot be started.
func mendCommand(p patient) (remedy, string) {
	if m, reason := mendArchitecture(p); reason == "" {
		return m, ""
	}
	why := fmt.Sprintf("nothing shows what container of %s should start", p.o)
	var out remedy
	p.ill(func(_ *corev1.Pod, c kube.Container, t container) {
		if len(t.Command) == 0 || len(out.steps) > 0 || c.Status.State.Running != nil {
			return
		}
		repository, _ := repositoryOf(t.Image)
		var like []string
		for _, o := range append(slices.Clone(p.well), p.others()...) {
			for _, x := range o.Spec.Containers {
				if other, _ := repositoryOf(x.Image); other == repository && len(x.Command) > 0 && x.Command[0] != t.Command[0] &&
					len(kube.Near(t.Command[0], x.Command[:1])) == 1 {
					like = append(like, x.Command[0])
				}
			}
		}
		program, ok := onlyOne(like)
		if !ok {
			return
		}
		command, _ := p.of(t, "command").([]any)
		command[0] = program
		out = remedy{[]incident.Step{p.set("SetCommand", command, t.in("field", "command")...)}, fmt.Sprintf("let %s start %s", inWords(p.o),
			program),
			fmt.Sprintf("%s cannot be started, and others with the image %s start %s.", t.Command[0], repository, program)}
	})
	return out, whyNot(out, why)
}
