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
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// correction is a host in a program's settings that is wrong, or its port, and what should stand there.
type correction struct {
	wrong, right string // hosts, in full as far as they are known
	port, to     string // ports; empty where it is not the port that is wrong
	why          string // by what that is known, a sentence
}

// draftCaller corrects what the callers of a Service are told, in a variable of their template or a key of a ConfigMap that they take it
// from.
func draftCaller(ctx context.Context, r *Recovery, q request) (draft, error) {
	out := draft{many: "correct what %d programs are told"}
	var mended []incident.Object
	var left error
	for _, c := range callersOf(q) {
		w := q.s.WorkloadOf(c.Pod)
		if slices.Contains(mended, w) {
			continue
		}
		x, err := corrects(q, c)
		var steps []incident.Step
		if err == nil {
			steps, err = r.correctSetting(ctx, q, c, w, x)
		}
		if unboundable(err) {
			left = err
			continue
		}
		if err != nil {
			return draft{}, err
		}
		mended = append(mended, w)
		for _, s := range steps {
			if s.Source == "" {
				s.Source = asSource(x.why)
			}
			if !slices.ContainsFunc(out.steps, func(o incident.Step) bool { return o.Target.Object == s.Target.Object }) {
				out.steps = append(out.steps, s)
			}
		}
		out.title, out.why = fmt.Sprintf("let %s call %s instead of %s", inWords(w), hostPort(x.right, x.to), hostPort(x.wrong, x.port)), x.why
	}
	switch {
	case len(mended) == 0 && q.cause.Code == "ServicePortMissing":
		return draftPortAsCalled(ctx, r, q, left)
	case len(mended) == 0 && left != nil:
		return draft{}, left
	case len(mended) == 0:
		return no("by which name it is called is not seen")
	case len(mended) != len(out.steps): // a ConfigMap and its restart go together
		out.many = ""
	}
	return out, nil
}

func hostPort(host, port string) string {
	if port == "" {
		return host
	}
	return host + ":" + port
}

// callersOf are the calls that the cause speaks of. Of a program that does not say whom it calls, each container may be the caller.
func callersOf(q request) []calls.Call {
	var out []calls.Call
	for _, c := range slices.Concat(calls.Failing(q.s), calls.Complaints(q.s)) {
		if callFits(q, c) {
			out = append(out, c)
		}
	}
	o, err := aboutKind(q, "Service")
	if len(out) > 0 || err != nil || q.cause.Code != "ServiceMissing" {
		return out
	}
	for i := range q.s.Pods {
		p := &q.s.Pods[i]
		if !slices.Contains(q.cause.Objects, q.s.WorkloadOf(p)) {
			continue
		}
		for _, c := range p.Spec.Containers {
			host := o.Name + "." + o.Namespace + ".svc.cluster.local"
			out = append(out, calls.Call{Pod: p, Log: &snapshot.Log{Container: c.Name}, Need: logs.Fact{Host: host}, Service: o})
		}
	}
	return out
}

func callFits(q request, c calls.Call) bool {
	if q.cause.Code == "ServiceNameMismatch" {
		set, err := aboutKind(q, "StatefulSet")
		parts := strings.Split(c.Need.Host, ".")
		p := q.s.Pod(set.Namespace, parts[0])
		return err == nil && len(parts) > 1 && p != nil && q.s.WorkloadOf(p) == set
	}
	o, err := aboutKind(q, "Service")
	if err != nil {
		return false
	}
	v := q.s.Service(o.Namespace, o.Name)
	if q.cause.Code == "ServicePortMissing" {
		return c.Service == o && c.Need.Port != "" && v != nil &&
			(v.Spec.ClusterIP == corev1.ClusterIPNone || !kube.HasPort(v, c.Need.Port))
	}
	return v == nil && (c.Service == o || kube.NamesService(c.Need.Host, c.Pod.Namespace, o))
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
		return correction{}, unfit("no Service has a name like %s, or more than one; make it, or correct the name where the program "+
			"is told it", o.Name)
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
		return correction{}, unfit("%s has no serviceName of a Service that exists, and it can't be changed: delete it with "+
			"--cascade=orphan and make it again with the right one", inWords(o))
	}
	parts := strings.Split(host, ".")
	parts[1] = set.Spec.ServiceName
	return correction{wrong: host, right: strings.Join(parts, "."),
		why: fmt.Sprintf("Service %s is the one that gives the pods of StatefulSet %s their names.", set.Spec.ServiceName, set.Name)}, nil
}

// rightPort is the only port of the Service; of a headless one that which its pods listen on.
func rightPort(q request, c calls.Call, host string) (correction, error) {
	v, _, err := serviceOf(q)
	if err != nil {
		return correction{}, err
	}
	x := correction{wrong: host, right: host, port: c.Need.Port}
	for _, p := range v.Spec.Ports {
		target := kube.TargetPort(p)
		if v.Spec.ClusterIP == corev1.ClusterIPNone && fmt.Sprint(p.Port) == c.Need.Port && target.Type == intstr.Int {
			x.to = target.String()
			x.why = fmt.Sprintf("Service %s is headless and maps no ports: its pods listen on %s.", v.Name, x.to)
			return x, nil
		}
	}
	if v.Spec.ClusterIP == corev1.ClusterIPNone || len(v.Spec.Ports) != 1 {
		return x, unfit("which port of Service %s is meant is not known; it has %s", v.Name, strings.Join(kube.ServicePorts(v), ", "))
	}
	x.to = fmt.Sprint(v.Spec.Ports[0].Port)
	x.why = fmt.Sprintf("%s is the only port of Service %s.", x.to, v.Name)
	return x, nil
}

// draftPortAsCalled lets a Service with one port answer at the port that it is called at, where nobody sees what the caller is told.
func draftPortAsCalled(ctx context.Context, r *Recovery, q request, left error) (draft, error) {
	v, o, err := serviceOf(q)
	by := callersOf(q)
	if err != nil || len(by) == 0 || v.Spec.ClusterIP == corev1.ClusterIPNone || len(v.Spec.Ports) != 1 || v.Spec.Ports[0].Name == "" {
		return draft{}, firstError(err, left, unfit("at which port the Service is called is not seen"))
	}
	now, err := r.asIs(ctx, o)
	if err != nil {
		return draft{}, err
	}
	ports, _ := now.clone().at("spec", "ports").([]any)
	number, err := intOf(by[0].Need.Port)
	if err != nil || len(ports) != 1 {
		return draft{}, firstError(err, unfit("Service %s has changed since it was looked at", v.Name))
	}
	add := object(asMap(ports[0])).clone()
	add["name"], add["port"] = v.Spec.Ports[0].Name+"-as-called", number
	delete(add, "nodePort")
	return oneStep(setTo("SetServicePorts", o, append(ports, map[string]any(add))),
		fmt.Sprintf("let Service %s/%s answer at port %d as well", v.Namespace, v.Name, number),
		fmt.Sprintf("%s calls it there, where it is told so is not seen, and %d is the only port of the Service.",
			inWords(q.s.WorkloadOf(by[0].Pod)), v.Spec.Ports[0].Port))
}

// hostPosition are what stands before and after a short name that is a host: it is all of the value, after a scheme or an account, or
// before a port.
const hostPosition = `(?i)(^|//|@)%s(:\d+$|$|[:/,?])|(^|[\s,;="'])%s(:\d)`

// in puts the right host and port into a text in place of the wrong ones, in whatever form it has them; ok is false where it does not.
func (x correction) in(text, namespace string) (string, bool) {
	wrong, right := formsOf(x.wrong, namespace), formsOf(x.right, namespace)
	for i, w := range wrong {
		to := hostPort(right[min(i, len(right)-1)], x.to)
		w = regexp.QuoteMeta(hostPort(w, x.port))
		word := regexp.MustCompile(`(?i)(^|[^a-z0-9.-])` + w + `($|[^a-z0-9.-])`)
		if !strings.Contains(w, `\.`) && x.port == "" {
			word = regexp.MustCompile(fmt.Sprintf(hostPosition, w, w))
			to += "${2}${4}"
			if out := word.ReplaceAllString(text, "${1}${3}"+to); out != text {
				return out, true
			}
			continue
		}
		if out := word.ReplaceAllString(text, "${1}"+to+"${2}"); out != text {
			return out, true
		}
	}
	return text, false
}

// formsOf are the forms of a host's name that mean the same to a pod of a namespace, the longest first.
func formsOf(host, namespace string) []string {
	out := []string{host}
	short, _, isService := strings.Cut(host, ".svc")
	if isService {
		out = append(out, short+".svc", short)
	}
	if own, ok := strings.CutSuffix(short, "."+namespace); ok {
		out = append(out, own)
	}
	return slices.Compact(out)
}
