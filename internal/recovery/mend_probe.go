package recovery

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// probing is a probe that fails.
type probing struct {
	pod   *corev1.Pod
	c     kube.Container
	t     container
	field string // "readinessProbe"
	probe *corev1.Probe
	said  string // by the kubelet
}

var probeFields = []struct {
	field, says string
	of          func(*corev1.Container) *corev1.Probe
}{
	{"startupProbe", "Startup", func(c *corev1.Container) *corev1.Probe { return c.StartupProbe }},
	{"livenessProbe", "Liveness", func(c *corev1.Container) *corev1.Probe { return c.LivenessProbe }},
	{"readinessProbe", "Readiness", func(c *corev1.Container) *corev1.Probe { return c.ReadinessProbe }},
}

// failing are the probes of the template that the kubelet says fail: of pods that are not ready, and the liveness probes of those that are,
// for a container is ready between two ends that such a probe makes of it.
func (p patient) failing() []probing {
	var out []probing
	all := p
	all.pods = slices.Concat(p.pods, p.well)
	all.ill(func(pod *corev1.Pod, c kube.Container, t container) {
		for _, f := range probeFields {
			probe := f.of(t.Container)
			if probe == nil || f.says == "Readiness" && slices.Contains(p.well, pod) {
				continue
			}
			if said := saidOf(p, pod, c.Spec.Name, f.says); said != "" {
				out = append(out, probing{pod, c, t, f.field, probe, said})
			}
		}
	})
	return out
}

// saidOf is what the kubelet says of a container's probe of a kind; "" if it does not fail, or another container's does.
func saidOf(p patient, pod *corev1.Pod, name, kind string) string {
	said := ""
	for _, e := range p.s.EventsOf(podObject(pod)) {
		field := e.InvolvedObject.FieldPath
		if strings.HasPrefix(e.Message, kind+" probe ") && (field == "" || strings.HasSuffix(field, "{"+name+"}")) {
			said = e.Message
		}
	}
	return said
}

// mendProbe lets a probe ask as the container answers: by the kubelet's own words, by what the container says of itself, or as another
// probe does that succeeds.
func mendProbe(p patient) (remedy, string) {
	why := fmt.Sprintf("no probe of %s is known to fail for what it asks", p.o)
	for _, f := range p.failing() {
		to, said := p.asks(f)
		if to == nil {
			why = fmt.Sprintf("nothing shows how the %s of container %s should ask; see what it serves, and how long it takes", f.field, f.t.Name)
			continue
		}
		value, _ := p.of(f.t, f.field).(map[string]any)
		to(value)
		return remedy{[]incident.Step{p.set("SetProbe", value, f.t.in("probe", f.field)...)},
			fmt.Sprintf("correct the %s of %s", f.field, inWords(p.o)), said}, ""
	}
	return remedy{}, why
}

// asks is what is to be changed in a probe, and what shows it.
func (p patient) asks(f probing) (change func(map[string]any), why string) {
	scheme := func(to string) func(map[string]any) {
		return func(v map[string]any) { object(v).set(to, "httpGet", "scheme") }
	}
	http := f.probe.HTTPGet != nil
	switch {
	case http && strings.Contains(f.said, "server gave HTTP response to HTTPS client"):
		return scheme("HTTP"), "The kubelet says that the port answers HTTP, and the probe asks HTTPS."
	case http && (strings.Contains(f.said, "HTTP request to an HTTPS server") || strings.Contains(f.said, "statuscode: 400") &&
		f.probe.HTTPGet.Scheme != corev1.URISchemeHTTPS && secure(f)):
		return scheme("HTTPS"), "The port speaks HTTPS, and the probe asks HTTP."
	case http && strings.Contains(f.said, "statuscode: 404"):
		path, why := p.path(f)
		if path == "" {
			return nil, ""
		}
		return func(v map[string]any) { object(v).set(path, "httpGet", "path") }, why
	}
	port, why := p.port(f)
	if port == nil {
		return nil, ""
	}
	return func(v map[string]any) {
		for _, by := range []string{"httpGet", "tcpSocket", "grpc"} {
			if in, ok := v[by].(map[string]any); ok {
				in["port"] = port
			}
		}
	}, why
}

func portOf(probe *corev1.Probe) (intstr.IntOrString, bool) {
	switch {
	case probe.HTTPGet != nil && probe.HTTPGet.Host == "":
		return probe.HTTPGet.Port, true
	case probe.TCPSocket != nil && probe.TCPSocket.Host == "":
		return probe.TCPSocket.Port, true
	case probe.GRPC != nil:
		return intstr.FromInt32(probe.GRPC.Port), true
	}
	return intstr.IntOrString{}, false
}

func secure(f probing) bool {
	port, _ := portOf(f.probe)
	for _, x := range f.t.Ports {
		if x.Name == port.String() || strconv.Itoa(int(x.ContainerPort)) == port.String() {
			return strings.Contains(x.Name, "https")
		}
	}
	return strings.Contains(port.String(), "https")
}

// port is the one that the container listens on by its log, or else the only one that it declares or whose name looks like the probe's, if
// the probe asks for one that it does not declare.
func (p patient) port(f probing) (port any, why string) {
	asked, ok := portOf(f.probe)
	if !ok {
		return nil, ""
	}
	if at := p.listens(f, asked); at != 0 {
		return int64(at), fmt.Sprintf("The log of container %s says that it listens on %d, and the probe asks port %s.", f.t.Name, at,
			asked.String())
	}
	var names []string
	var numbers []int32
	for _, x := range f.t.Ports {
		if x.Name == asked.String() || strconv.Itoa(int(x.ContainerPort)) == asked.String() {
			return nil, ""
		}
		if x.Name != "" {
			names = append(names, x.Name)
		}
		numbers = append(numbers, x.ContainerPort)
	}
	near := kube.Near(asked.StrVal, names)
	switch {
	case asked.Type == intstr.String && len(near) == 1:
		return near[0], fmt.Sprintf("Container %s has no port %s, and has %s, the only one like it.", f.t.Name, asked.StrVal, near[0])
	case len(numbers) != 1:
		return nil, ""
	case asked.Type == intstr.String && len(names) == 1:
		return names[0], fmt.Sprintf("Container %s has no port %s; %s is its only one.", f.t.Name, asked.StrVal, names[0])
	}
	return int64(numbers[0]), fmt.Sprintf("The probe asks port %s, and %d is the only one that container %s declares.", asked.String(),
		numbers[0], f.t.Name)
}

// listens is the only port, other than the one that the probe is refused at, that the container's log says it listens on; 0 for none.
func (p patient) listens(f probing, asked intstr.IntOrString) int32 {
	if !strings.Contains(f.said, "refused") {
		return 0
	}
	var ports []string
	for _, previous := range []bool{false, true} {
		l := p.s.Log(f.pod.Namespace, f.pod.Name, f.t.Name, previous)
		if l == nil || len(ports) > 0 {
			continue
		}
		for _, x := range readings.Of(p.s, l).Listens {
			if x.Alone() || x.Port == numberOf(f.t, asked) {
				return 0
			}
			if !slices.Contains(ports, x.Port) {
				ports = append(ports, x.Port)
			}
		}
	}
	if len(ports) != 1 {
		return 0
	}
	n, err := strconv.ParseInt(ports[0], 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}

func numberOf(t container, port intstr.IntOrString) string {
	for _, x := range t.Ports {
		if x.Name == port.StrVal && port.Type == intstr.String {
			return strconv.Itoa(int(x.ContainerPort))
		}
	}
	return port.String()
}

// path is that of another probe of the container at the same port that is not answered as wrong (that the port was closed while the
// container started says nothing of the path), or the one that others with the same image are asked.
func (p patient) path(f probing) (path, why string) {
	var paths []string
	for _, o := range probeFields {
		other := o.of(f.t.Container)
		if o.field == f.field || other == nil || other.HTTPGet == nil || other.HTTPGet.Port != f.probe.HTTPGet.Port ||
			other.HTTPGet.Path == f.probe.HTTPGet.Path || strings.Contains(saidOf(p, f.pod, f.t.Name, o.says), "statuscode") {
			continue
		}
		paths = append(paths, other.HTTPGet.Path)
		why = fmt.Sprintf("There is nothing at %s, and the %s asks %s and does not fail.", f.probe.HTTPGet.Path, o.field, other.HTTPGet.Path)
	}
	repository, _ := repositoryOf(f.t.Image)
	for _, pod := range append(slices.Clone(p.well), p.others()...) {
		for i := range pod.Spec.Containers {
			c := &pod.Spec.Containers[i]
			other, _ := repositoryOf(c.Image)
			if probe := probeOf(c, f.field); other == repository && len(paths) == 0 && probe != nil && probe.HTTPGet != nil &&
				probe.HTTPGet.Path != f.probe.HTTPGet.Path {
				paths = append(paths, probe.HTTPGet.Path)
				why = fmt.Sprintf("There is nothing at %s; %s, which is ready, is asked %s.", f.probe.HTTPGet.Path, podObject(pod), probe.HTTPGet.Path)
			}
		}
	}
	path, _ = onlyOne(paths)
	return path, why
}

func probeOf(c *corev1.Container, field string) *corev1.Probe {
	for _, f := range probeFields {
		if f.field == field {
			return f.of(c)
		}
	}
	return nil
}
