package recovery

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// correction is a word in a program's settings that is wrong, and what should stand there. The word is a host, with its port where that is what
// is wrong.
type correction struct {
	wrong, right string
	why          string // by what that is known, a sentence
	// port and to are the port alone, for a program that is told it by itself; empty where it is not the port that is wrong.
	port, to string
}

// draftCaller corrects what the callers of a Service are told, in a variable of their template or a key of a ConfigMap that they take it from.
func draftCaller(ctx context.Context, r *Recovery, q request) (draft, error) {
	by := callersOf(q)
	if len(by) == 0 {
		return no("by which name it is called is not seen")
	}
	out := draft{many: "correct what %d programs are told"}
	var told []incident.Object
	restarts := map[incident.Object]bool{}
	for _, c := range by {
		w := q.s.WorkloadOf(c.Pod)
		if slices.Contains(told, w) {
			continue
		}
		told = append(told, w)
		x, err := corrects(q, c)
		if err != nil {
			return draft{}, err
		}
		steps, err := r.correctSetting(ctx, q, c, w, x)
		if err != nil {
			return draft{}, err
		}
		for _, s := range steps {
			if !restarts[s.Target.Object] {
				out.steps = append(out.steps, s)
				restarts[s.Target.Object] = true
			}
		}
		out.title, out.why = fmt.Sprintf("let %s call %s instead of %s", inWords(w), x.right, x.wrong), x.why
	}
	if len(out.steps) != len(told) { // a ConfigMap and its restart go together
		out.many = ""
	}
	return out, nil
}

// callersOf are the calls that the cause speaks of: those of its Service that fail as its code says.
func callersOf(q request) []calls.Call {
	var out []calls.Call
	for _, c := range slices.Concat(calls.Failing(q.s), calls.Complaints(q.s)) {
		var fits bool
		switch q.cause.Code {
		case "ServiceNameMismatch":
			set, err := aboutKind(q, "StatefulSet")
			labels := strings.Split(c.Need.Host, ".")
			if err == nil && len(labels) > 1 {
				p := q.s.Pod(set.Namespace, labels[0])
				fits = p != nil && q.s.WorkloadOf(p) == set
			}
		case "ServicePortMissing":
			o, err := aboutKind(q, "Service")
			fits = err == nil && c.Service == o && c.Need.Port != ""
		default:
			o, err := aboutKind(q, "Service")
			fits = err == nil && (c.Service == o || kube.NamesService(c.Need.Host, c.Pod.Namespace, o)) && q.s.Service(o.Namespace, o.Name) == nil
		}
		if fits {
			out = append(out, c)
		}
	}
	return out
}

// corrects says what a call should have been.
func corrects(q request, c calls.Call) (correction, error) {
	host := strings.ToLower(strings.TrimRight(c.Need.Host, "."))
	switch q.cause.Code {
	case "ServiceNameMismatch":
		return rightSubdomain(q, host)
	case "ServicePortMissing":
		return rightPort(q, c, host)
	}
	o, err := aboutKind(q, "Service")
	if err != nil {
		return correction{}, err
	}
	if near, ok := nearName(o.Name, kube.ServicesIn(q.s, o.Namespace)); ok {
		return correction{wrong: host, right: strings.Replace(host, o.Name, near, 1),
			why: fmt.Sprintf("Service %s/%s exists and %s does not.", o.Namespace, near, o.Name)}, nil
	}
	var there []string
	for i := range q.s.Services {
		if v := &q.s.Services[i]; v.Name == o.Name {
			there = append(there, v.Namespace)
		}
	}
	if len(there) != 1 {
		return correction{}, unfit("no Service has a name like %s, or more than one; make it, or correct the name where the program is told it", o.Name)
	}
	right := o.Name + "." + there[0]
	if rest, ok := strings.CutPrefix(host, o.Name+"."+o.Namespace); ok {
		right += rest
	}
	return correction{wrong: host, right: right, why: fmt.Sprintf("Service %s is in namespace %s, and in no other.", o.Name, there[0])}, nil
}

// rightSubdomain is a pod's name below the Service that gives its StatefulSet's pods their names.
func rightSubdomain(q request, host string) (correction, error) {
	o, err := aboutKind(q, "StatefulSet")
	if err != nil {
		return correction{}, err
	}
	set := q.s.StatefulSet(o.Namespace, o.Name)
	if set == nil || q.s.Service(o.Namespace, set.Spec.ServiceName) == nil {
		return correction{}, unfit("%s has no serviceName of a Service that exists, and it can't be changed: delete it with --cascade=orphan and make "+
			"it again with the right one", inWords(o))
	}
	labels := strings.Split(host, ".")
	labels[1] = set.Spec.ServiceName
	return correction{wrong: host, right: strings.Join(labels, "."),
		why: fmt.Sprintf("Service %s is the one that gives the pods of StatefulSet %s their names.", set.Spec.ServiceName, set.Name)}, nil
}

// rightPort is the only port of the Service; of a headless one that which its pods listen on.
func rightPort(q request, c calls.Call, host string) (correction, error) {
	v, _, err := serviceOf(q)
	if err != nil {
		return correction{}, err
	}
	wrong := host + ":" + c.Need.Port
	if v.Spec.ClusterIP == corev1.ClusterIPNone {
		for _, p := range v.Spec.Ports {
			if target := kube.TargetPort(p); fmt.Sprint(p.Port) == c.Need.Port && target.Type == intstr.Int {
				return correction{wrong, host + ":" + target.String(), fmt.Sprintf("Service %s is headless and maps no ports: its pods listen "+
					"on %s.", v.Name, target.String()), c.Need.Port, target.String()}, nil
			}
		}
		return correction{}, unfit("on which port the pods of headless Service %s listen is not known", v.Name)
	}
	if len(v.Spec.Ports) != 1 {
		return correction{}, unfit("Service %s has several ports, and which of them is meant is not known", v.Name)
	}
	right := fmt.Sprint(v.Spec.Ports[0].Port)
	return correction{wrong, host + ":" + right, fmt.Sprintf("%s is the only port of Service %s.", right, v.Name), c.Need.Port, right}, nil
}

// correctSetting makes the steps that put the right word where the container is told the wrong one.
func (r *Recovery) correctSetting(ctx context.Context, q request, c calls.Call, w incident.Object, x correction) ([]incident.Step, error) {
	if !slices.Contains(template, w.Kind) {
		return nil, unfit("%s calls it, and what a %s is told cannot be changed", inWords(w), w.Kind)
	}
	now, err := r.asIs(ctx, w)
	if err != nil {
		return nil, err
	}
	at := podSpec(incident.Step{Target: incident.Target{Object: w}}, "containers", withName(c.Log.Container))
	list, _ := now.at(append(at, "env")...).([]any)
	if name, v := x.variable(list); name != "" {
		return []incident.Step{setTo("SetEnv", w, v, "container", c.Log.Container, "name", name)}, nil
	}
	m, key, right := inConfigMaps(q.s, c, x)
	if m == nil {
		return nil, unfit("where %s is told %s is not seen: in no variable of its own and in no ConfigMap that it takes them from", inWords(w), x.wrong)
	}
	hash, err := r.put(ctx, []byte(right))
	if err != nil {
		return nil, err
	}
	steps := []incident.Step{{Kind: SetConfigMapKey, Target: incident.Target{Object: snapshot.ObjectOf("ConfigMap", m.Namespace, m.Name)},
		Params: map[string]string{"key": key, paramValue: hash}}}
	if restartable(w) {
		steps = append(steps, restart(w, q.d.At))
	}
	return steps, nil
}

// variable is the one of a container's variables that has the wrong word, and what it should be; "" if none has it, or several have the port
// alone.
func (x correction) variable(list []any) (name string, to map[string]any) {
	var alone []object
	for _, e := range list {
		m := object(asMap(e)).clone()
		if right, ok := x.in(m.text("value")); ok {
			m["value"] = right
			return m.text("name"), m
		}
		if x.port != "" && m.text("value") == x.port {
			alone = append(alone, m)
		}
	}
	if len(alone) != 1 {
		return "", nil
	}
	alone[0]["value"] = x.to
	return alone[0].text("name"), alone[0]
}

// inConfigMaps finds the key of a ConfigMap with the wrong word among those that a container takes its settings from, and what it is corrected.
func inConfigMaps(s *snapshot.Snapshot, c calls.Call, x correction) (m *corev1.ConfigMap, key, right string) {
	for _, k := range configured(s, c.Pod, c.Log.Container) {
		m := s.ConfigMap(c.Pod.Namespace, k.name)
		if m == nil {
			continue
		}
		for _, key := range keysOf(m, k.key) {
			if right, ok := x.in(m.Data[key]); ok {
				return m, key, right
			}
		}
	}
	return nil, "", ""
}

// in puts the right word into a text in place of the wrong one; ok is false where the text has it nowhere, as a word of its own.
func (x correction) in(text string) (string, bool) {
	word := regexp.MustCompile(`(?i)(^|[^a-z0-9.-])` + regexp.QuoteMeta(x.wrong) + `($|[^a-z0-9.-])`)
	out := word.ReplaceAllString(text, "${1}"+strings.ReplaceAll(x.right, "$", "$$")+"${2}")
	return out, out != text
}
