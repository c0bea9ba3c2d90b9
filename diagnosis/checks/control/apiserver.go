package control

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about the API server and etcd.
const (
	EtcdUnhealthy      = "EtcdUnhealthy"
	APIServerUnhealthy = "APIServerUnhealthy"
	APIServerAway      = "APIServerAway"
	APISlow            = "APISlow"
	APIVersionRemoved  = "APIVersionRemoved"
	EventStorm         = "EventStorm"
)

var apiServerCodes = []finding.Code{
	{Code: EtcdUnhealthy, Severity: incident.Critical, Root: true, Detail: finding.Datastore{},
		Meaning: "The cluster's datastore does not answer, has no leader or no space: nothing can be changed, and soon nothing be read.",
		Next: "Look at etcd (or the datastore that stands in for it): its disk's speed and space, its members, its log. A database out of " +
			"space wants compaction, defragmentation and the alarm disarmed.",
		Example: "etcd has no space left: etcdserver: mvcc: database space exceeded"},
	{Code: APIServerUnhealthy, Severity: incident.Warning, Root: true,
		Meaning: "One of the API server's own health checks fails.",
		Next:    "Read the API server's log for the check named.",
		Example: "The API server's check poststarthook/rbac/bootstrap-roles fails"},
	{Code: APIServerAway, Severity: incident.Critical, Root: true,
		Meaning: "The API server does not answer: nothing in the cluster can be seen or changed. What runs goes on as it is.",
		Next: "On the control plane's node look whether it runs (K3s: systemctl status k3s; else crictl ps -a and its log), and whether its " +
			"disk, its certificates and its datastore are well.",
		Example: "The API server at https://10.0.0.1:6443 does not answer: connection refused"},
	{Code: APISlow, Severity: incident.Warning, Root: true,
		Meaning: "The API server takes longer than a second for most requests of a kind.",
		Next:    "Look at etcd's disk latency, at who asks so much (apiserver_request_total by user agent), and at slow webhooks.",
		Example: "The API server is slow: 99 % of requests take up to 4.2 s"},
	{Code: APIVersionRemoved, Severity: incident.Critical, Root: true,
		Meaning: "A program asks for a version of an API that this Kubernetes serves no more.",
		Next:    "Upgrade the program, or what it was generated from, to the version that took its place.",
		Example: "Deployment ingress-old asks for networking.k8s.io/v1beta1 Ingress, which Kubernetes serves no more since 1.22: use " +
			"networking.k8s.io/v1"},
	{Code: EventStorm, Severity: incident.Warning,
		Meaning: "Somebody writes events many times a second; they fill the datastore and hide the others.",
		Next:    "Look at the object that the events are about, and at the component that writes them.",
		Example: "Pod shop/web-1 has 48000 events BackOff, 9 a second, from kubelet"},
}

func checkAPIServer(s *snapshot.Snapshot, r *finding.Report) {
	r.Judges(incident.ServerHealth)
	checkAway(s, r)
	checkHealth(s, r)
	checkDatastoreWords(s, r)
	checkLatency(s, r)
	checkRemoved(s, r)
	checkEventStorm(s, r)
}

func checkAway(s *snapshot.Snapshot, r *finding.Report) {
	if s.Away == nil {
		return
	}
	f := r.Find(APIServerAway, kube.Component("kube-apiserver"), fmt.Sprintf("The API server at %s does not answer: %s", s.Away.Host,
		finding.OneLine(s.Away.Words, 120)))
	f.Since = s.Away.Since
	f.Cite(finding.NewEvidence(incident.SourceProbe, kube.Component("kube-apiserver"), "GET "+s.Away.Host, s.At, s.Away.Words))
	f.MayPassWithin(finding.Lasts(finding.APIRestarts, s.Away.Since))
}

func checkHealth(s *snapshot.Snapshot, r *finding.Report) {
	for _, h := range s.Health {
		if h.OK || h.Name == "readyz" || h.Name == "shutdown" {
			continue
		}
		words := strings.TrimSpace(h.Words)
		if h.Name == "etcd" || h.Name == "etcd-readiness" {
			f := r.Find(EtcdUnhealthy, kube.Component("etcd"), "etcd does not answer the API server in time: its check "+h.Name+" fails").
				Cite(finding.SeenAPI(kube.Component("etcd"), "readyz", s.At, "[-]"+h.Name+" failed: "+words))
			f.Detail = finding.Datastore{Full: strings.Contains(words, finding.SpaceExceeded)}
			continue
		}
		r.Find(APIServerUnhealthy, kube.Component("kube-apiserver"), fmt.Sprintf("The API server's check %s fails", finding.OneLine(h.Name, 80))).
			Cite(finding.SeenAPI(kube.Component("kube-apiserver"), "readyz", s.At, "[-]"+h.Name+" failed: "+words))
	}
}

// datastoreWords is what etcd says through others when it is ill.
var datastoreWords = []struct{ words, means string }{
	{finding.SpaceExceeded, "has no space left"},
	{"etcdserver: no leader", "has no leader"},
	{"etcdserver: request timed out", "does not answer in time"},
	{"etcdserver: leader changed", "changes its leader"},
	{"etcdserver: too many requests", "is asked too much"},
}

// checkDatastoreWords takes the word of events: controllers pass on why the API server refused them. Several objects must tell of it
// within minutes, but for want of space, which does not pass.
func checkDatastoreWords(s *snapshot.Snapshot, r *finding.Report) {
	for _, h := range s.Health {
		if !h.OK && strings.HasPrefix(h.Name, "etcd") {
			return // said already
		}
	}
	var told []*corev1.Event
	for i := range s.Events {
		if e := &s.Events[i]; strings.Contains(e.Message, "etcdserver: ") && s.At.Sub(snapshot.EventTime(e).Time) < finding.RecentRefusal.For {
			told = append(told, e)
		}
	}
	for _, w := range datastoreWords {
		var seen []incident.Evidence
		var since time.Time
		for _, e := range told {
			if strings.Contains(e.Message, w.words) {
				seen = append(seen, finding.SeenEvent(e))
				since = finding.Earlier(since, kube.BeganAt(e))
			}
		}
		if len(seen) >= 3 || len(seen) > 0 && w.words == finding.SpaceExceeded {
			f := r.Find(EtcdUnhealthy, kube.Component("etcd"), fmt.Sprintf("etcd %s: %s", w.means, finding.ShortMessage(seen[0].Excerpt)))
			f.Since, f.Detail = since, finding.Datastore{Full: w.words == finding.SpaceExceeded}
			f.Cite(seen[:min(len(seen), finding.ShownPods)]...)
			return
		}
	}
}

// metricAPILatency is the 99th percentile of the API server's answers, in seconds, without watches and other long requests.
const metricAPILatency = "API latency"

const slowAPI = 1.0 // seconds; what Kubernetes promises for one object (SIG Scalability's SLO)

// AskLatency asks how long the API server takes, by its own metric.
func AskLatency(*snapshot.Snapshot, *finding.Finding) []snapshot.Probe {
	const q = `histogram_quantile(0.99, sum by (le) (rate(apiserver_request_duration_seconds_bucket{verb!~"WATCH|CONNECT",subresource!~"log|exec|attach|portforward|proxy"}[5m])))`
	return []snapshot.Probe{{Kind: snapshot.ProbeQuery, Target: q, For: kube.Component("kube-apiserver"), Name: metricAPILatency, Unit: "s"}}
}

func checkLatency(s *snapshot.Snapshot, r *finding.Report) {
	for _, m := range s.Metrics {
		if m.Name == metricAPILatency && m.Value > slowAPI {
			r.Find(APISlow, kube.Component("kube-apiserver"), fmt.Sprintf("The API server is slow: 99 %% of requests take up to %.1f s", m.Value)).
				Cite(finding.NewEvidence(incident.SourceProbe, kube.Component("kube-apiserver"), m.Name, s.At,
					fmt.Sprintf("%.2f s (%s)", m.Value, m.Query)))
			return
		}
	}
}

// removed are the API versions that Kubernetes serves no more (kubernetes.io/docs/reference/using-api/deprecation-guide). An empty
// kind is all of the version.
var removed = []struct{ version, kind, since, instead string }{
	{"extensions/v1beta1", "", "1.22", "apps/v1 or networking.k8s.io/v1"},
	{"apps/v1beta1", "", "1.16", "apps/v1"},
	{"apps/v1beta2", "", "1.16", "apps/v1"},
	{"networking.k8s.io/v1beta1", "Ingress", "1.22", "networking.k8s.io/v1"},
	{"networking.k8s.io/v1beta1", "IngressClass", "1.22", "networking.k8s.io/v1"},
	{"apiextensions.k8s.io/v1beta1", "", "1.22", "apiextensions.k8s.io/v1"},
	{"admissionregistration.k8s.io/v1beta1", "", "1.22", "admissionregistration.k8s.io/v1"},
	{"apiregistration.k8s.io/v1beta1", "", "1.22", "apiregistration.k8s.io/v1"},
	{"authentication.k8s.io/v1beta1", "TokenReview", "1.22", "authentication.k8s.io/v1"},
	{"authorization.k8s.io/v1beta1", "", "1.22", "authorization.k8s.io/v1"},
	{"certificates.k8s.io/v1beta1", "CertificateSigningRequest", "1.22", "certificates.k8s.io/v1"},
	{"coordination.k8s.io/v1beta1", "Lease", "1.22", "coordination.k8s.io/v1"},
	{"rbac.authorization.k8s.io/v1beta1", "", "1.22", "rbac.authorization.k8s.io/v1"},
	{"scheduling.k8s.io/v1beta1", "PriorityClass", "1.22", "scheduling.k8s.io/v1"},
	{"batch/v1beta1", "CronJob", "1.25", "batch/v1"},
	{"discovery.k8s.io/v1beta1", "EndpointSlice", "1.25", "discovery.k8s.io/v1"},
	{"events.k8s.io/v1beta1", "Event", "1.25", "events.k8s.io/v1"},
	{"autoscaling/v2beta1", "HorizontalPodAutoscaler", "1.25", "autoscaling/v2"},
	{"autoscaling/v2beta2", "HorizontalPodAutoscaler", "1.26", "autoscaling/v2"},
	{"policy/v1beta1", "PodDisruptionBudget", "1.25", "policy/v1"},
	{"policy/v1beta1", "PodSecurityPolicy", "1.25", "Pod Security admission"},
	{"node.k8s.io/v1beta1", "RuntimeClass", "1.25", "node.k8s.io/v1"},
	{"storage.k8s.io/v1beta1", "CSIStorageCapacity", "1.27", "storage.k8s.io/v1"},
	{"flowcontrol.apiserver.k8s.io/v1beta1", "", "1.26", "flowcontrol.apiserver.k8s.io/v1"},
	{"flowcontrol.apiserver.k8s.io/v1beta2", "", "1.29", "flowcontrol.apiserver.k8s.io/v1"},
	{"flowcontrol.apiserver.k8s.io/v1beta3", "", "1.32", "flowcontrol.apiserver.k8s.io/v1"},
}

// How clients say that the API server does not know what they ask for.
var (
	noMatches = regexp.MustCompile(`no matches for kind \\?"([A-Za-z]+)\\?" in (?:version|group) \\?"([a-z0-9./]+)\\?"`)
	notServed = regexp.MustCompile(`(?i:failed to list) \*(v[0-9a-z]+)\.([A-Za-z]+): the server could not find the requested resource`)
	notPath   = regexp.MustCompile(`/apis/([a-z0-9.]+/v[0-9a-z]+)/[^\s"]*.*(?:the server could not find the requested resource|404 page not found)`)
)

func checkRemoved(s *snapshot.Snapshot, r *finding.Report) {
	found := map[string]*finding.Finding{}
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || kube.Healthy(p) {
			continue
		}
		for _, line := range readings.Of(s, l).Telling {
			n := removedIn(line)
			if n < 0 {
				continue
			}
			x, w := removed[n], s.WorkloadOf(p)
			id := w.String() + x.version + x.kind
			f := found[id]
			if f == nil {
				f = r.Find(APIVersionRemoved, w, fmt.Sprintf("%s asks for %s, which Kubernetes serves no more since %s: use %s", finding.Short(w),
					strings.TrimSpace(x.version+" "+x.kind), x.since, x.instead))
				f.Workload = w
				found[id] = f
			}
			f.AddPod(p)
			f.Cite(finding.SeenLog(p, l.Container, l.Previous, line))
		}
	}
}

// removedIn is the removed version that a line asks for, or -1.
func removedIn(line string) int {
	kind, version, ok := "", "", false
	if m := noMatches.FindStringSubmatch(line); m != nil {
		kind, version, ok = m[1], m[2], true
	} else if m := notServed.FindStringSubmatch(line); m != nil {
		kind, version, ok = m[2], m[1], true
	} else if m := notPath.FindStringSubmatch(line); m != nil {
		version, ok = m[1], true
	}
	if !ok {
		return -1
	}
	return slices.IndexFunc(removed, func(x struct{ version, kind, since, instead string }) bool {
		return (x.version == version || kind != "" && x.kind == kind && strings.HasSuffix(x.version, "/"+version)) &&
			(x.kind == "" || kind == "" || x.kind == kind)
	})
}

// From how many events, and how many a second, on an object's events are a storm.
const (
	stormEvents = 5000
	stormRate   = 3.0
)

func checkEventStorm(s *snapshot.Snapshot, r *finding.Report) {
	var top *corev1.Event
	storms := 0
	rate := func(e *corev1.Event) float64 {
		span := snapshot.EventTime(e).Sub(kube.BeganAt(e)).Seconds()
		return float64(kube.EventCount(e)) / max(span, 1)
	}
	for i := range s.Events {
		e := &s.Events[i]
		if kube.EventCount(e) < stormEvents || s.At.Sub(snapshot.EventTime(e).Time) > finding.RecentRefusal.For || rate(e) < stormRate {
			continue
		}
		storms++
		if top == nil || cmp.Compare(kube.EventCount(e), kube.EventCount(top)) > 0 {
			top = e
		}
	}
	if top == nil {
		return
	}
	o := snapshot.ObjectOf(top.InvolvedObject.Kind, top.InvolvedObject.Namespace, top.InvolvedObject.Name)
	from := cmp.Or(top.Source.Component, top.ReportingController, "an unknown component")
	title := fmt.Sprintf("%s has %d events %s, %.0f a second, from %s", finding.Short(o), kube.EventCount(top), top.Reason, rate(top), from)
	if storms > 1 {
		title += fmt.Sprintf("; %d other events come as often", storms-1)
	}
	f := r.Find(EventStorm, o, title)
	f.Since = kube.BeganAt(top)
	f.Cite(finding.SeenEvent(top))
}
