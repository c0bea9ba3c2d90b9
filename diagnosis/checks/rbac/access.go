package rbac

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about rights.
const (
	RightMissing          = "RightMissing"
	RoleMissing           = "RoleMissing"
	ServiceAccountMissing = "ServiceAccountMissing"
)

var accessCodes = []finding.Code{
	{Code: RightMissing, Severity: incident.Critical, Root: true, Detail: RefusedRight{},
		Meaning: "The API server refuses what a program asks: no Role that is bound to its account grants it.",
		Next: "Give the account the right that is named, by the Role or binding that is named; kubectl auth can-i VERB RESOURCE --as " +
			"SUBJECT shows whether it has it.",
		Example: "ServiceAccount ops/watcher may not list pods in shop: Role shop/pod-reader allows it get, watch, not list"},
	{Code: RoleMissing, Severity: incident.Critical, Root: true, Detail: RefusedRight{},
		Meaning: "A binding gives a program's account a Role that does not exist, so the API server refuses what it asks.",
		Next:    "Create the Role, or make the binding again with the right name (a binding's roleRef cannot be changed).",
		Example: "RoleBinding shop/watcher gives ServiceAccount ops/watcher Role pod-raeder, which does not exist (there is pod-reader), so it " +
			"may not list pods in shop"},
	{Code: ServiceAccountMissing, Severity: incident.Critical, Root: true,
		Meaning: "A workload's pods are to run as a ServiceAccount that does not exist, so they cannot be created.",
		Next:    "Create the ServiceAccount, or correct spec.serviceAccountName in the workload.",
		Example: "ServiceAccount shop/wroker does not exist (there is worker), Deployment web is to run as it"},
}

func checkAccess(s *snapshot.Snapshot, r *finding.Report) {
	d := denials{s: s, r: r, found: map[string]*finding.Finding{}}
	eachRefusal(s, d.denied)
	checkServiceAccounts(s, r)
}

// eachRefusal tells of each refusal that logs, events and the statuses of custom resources speak of.
func eachRefusal(s *snapshot.Snapshot, tell func(refused)) {
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || !strings.Contains(l.Text, "cannot") {
			continue
		}
		well := kube.Healthy(p)
		for _, f := range readings.Of(s, l).Facts {
			if f.Kind == logs.Forbidden && (!well || standsStill(f)) {
				tell(refused{f, p, finding.SeenLog(p, l.Container, l.Previous, f.Line), nil, false})
			}
		}
		if well && !l.Previous {
			livedWith(s, l, p, tell)
		}
	}
	for i := range s.Events {
		e := &s.Events[i]
		if !strings.Contains(e.Message, `forbidden: User "system:serviceaccount:`) ||
			s.At.Sub(snapshot.EventTime(e).Time) > finding.RecentRefusal.For {
			continue
		}
		o := snapshot.ObjectOf(e.InvolvedObject.Kind, e.InvolvedObject.Namespace, e.InvolvedObject.Name)
		for _, f := range logs.Read(e.Message).Facts {
			if f.Kind == logs.Forbidden {
				tell(refused{f, nil, finding.SeenEvent(e), []incident.Object{o}, false})
			}
		}
	}
	for i := range s.Customs {
		toldBy(&s.Customs[i], tell)
	}
}

// toldBy reads what a custom resource's controller has written into its status of being refused.
func toldBy(c *unstructured.Unstructured, tell func(refused)) {
	list, _, _ := unstructured.NestedSlice(c.Object, "status", "conditions")
	for _, x := range list {
		m, _ := x.(map[string]any)
		message := kube.StringAt(m, "message")
		if !strings.Contains(message, `forbidden: User "system:serviceaccount:`) {
			continue
		}
		o := snapshot.CustomObject(c)
		for _, f := range logs.Read(message).Facts {
			if f.Kind == logs.Forbidden {
				seen := finding.SeenAPI(o, "status.conditions["+kube.StringAt(m, "type")+"]", time.Time{}, message)
				tell(refused{f, nil, seen, []incident.Object{o}, false})
			}
		}
	}
}

// standsStill says whether what is refused keeps a controller from all of its work, however well its probes say that it is.
func standsStill(f logs.Fact) bool { return neverSees(f) || neverLeads(f) }

// neverLeads says whether a controller may not have the lock that it waits for before it does anything: client-go's leader election tries
// for ever (k8s.io/client-go/tools/leaderelection/leaderelection.go). None of its instances gets it, for all have the same account.
func neverLeads(f logs.Fact) bool {
	return slices.Contains(locks, f.Resource) && slices.ContainsFunc([]string{"leaderelection.go:", "resource lock", "leader election"},
		func(words string) bool { return strings.Contains(f.Line, words) })
}

// locks are the resources that a lock may be kept in.
var locks = []string{"leases", "configmaps", "endpoints"}

// neverSees says whether a controller may not list what it is to care for: client-go's reflector then tries for ever, and what waits for
// its cache does nothing, while the program's probes may say that it is well (k8s.io/client-go/tools/cache/reflector.go).
func neverSees(f logs.Fact) bool {
	return f.Telling && (f.Verb == "list" || f.Verb == "watch") && (strings.Contains(f.Line, "ailed to list *") || strings.Contains(f.Line,
		"ailed to watch *"))
}

// RefusedRight is the detail of RightMissing and RoleMissing.
type RefusedRight struct {
	Telling    bool     // a log tells of the refusal in its last words, rather than of something else
	Halts      bool     // it keeps a controller from its work: it never sees what it is to care for, or never leads
	Namespaces []string // where the right is missing, as far as it is for one namespace
}

// denials gathers what was refused, so that what has one cause is one finding.
type denials struct {
	s     *snapshot.Snapshot
	r     *finding.Report
	found map[string]*finding.Finding
}

// denied traces one refusal.
func (d *denials) denied(q refused) {
	if q.Subject == "" || q.Verb == "" || q.Resource == "" {
		return
	}
	m := missingRight(d.s, q.pod, q.Subject, q.Verb, q.Group, q.Resource, q.Namespace)
	if m.granted {
		return // it has the right by now
	}
	id := m.object.String() + "\x00" + q.Subject + "\x00" + m.code
	x := d.found[id]
	if x == nil {
		x = d.r.Find(m.code, m.object, m.title)
		d.found[id] = x
		if m.unseen {
			x.AtMost = incident.Likely // it may have been granted since
		}
		if who, ok := accountOf(q.Subject); ok && who != m.object {
			x.Fault = []incident.Object{m.object, who}
		}
		if q.lives {
			x.Suspected()
		}
	}
	if !q.lives {
		x.Shown()
	}
	if q.pod != nil {
		x.AddPod(q.pod)
		x.Workload = d.s.WorkloadOf(q.pod)
		if !q.lives && kube.Healthy(q.pod) && !d.blinds(x.Workload) {
			x.Severity = incident.Warning
		}
	}
	x.Refs = finding.Union(x.Refs, q.about)
	was, _ := finding.DetailOf[RefusedRight](x)
	was.Telling = was.Telling || q.Telling && !q.lives
	was.Halts = was.Halts || q.pod != nil && standsStill(q.Fact)
	if q.Namespace != "" {
		was.Namespaces = finding.Union(was.Namespaces, []string{q.Namespace})
	}
	x.Detail = was
	x.Cite(q.seen).Cite(m.seen...)
}

// blinds says whether what the workload may not list leaves the cluster without names: CoreDNS answers SERVFAIL for every Service until it
// has listed them and their EndpointSlices, and is ready all the while by some probes. A look-up that was answered says otherwise.
func (d *denials) blinds(w incident.Object) bool {
	return resolvers.AnswersNames(d.s, w) && !slices.ContainsFunc(d.s.Lookups, func(l snapshot.Lookup) bool {
		_, ours := kube.ServiceOf(d.s, l.Name, resolvers.DNSNamespace)
		return ours && l.Error == ""
	})
}

// accountOf is the ServiceAccount of a user's name.
func accountOf(subject string) (incident.Object, bool) {
	rest, ok := strings.CutPrefix(subject, "system:serviceaccount:")
	namespace, name, both := strings.Cut(rest, ":")
	return snapshot.ObjectOf("ServiceAccount", namespace, name), ok && both
}

// noAccount is the words of the API server's ServiceAccount admission, as controllers pass them on.
var noAccount = regexp.MustCompile(`error looking up service account ([^/\s]+)/(\S+): service ?account "[^"]+" not found`)

// checkServiceAccounts takes the refusals' word for accounts that do not exist.
func checkServiceAccounts(s *snapshot.Snapshot, r *finding.Report) {
	found := map[incident.Object]*finding.Finding{}
	note := func(message string, e incident.Evidence, by incident.Object) {
		m := noAccount.FindStringSubmatch(message)
		if m == nil {
			return
		}
		o := snapshot.ObjectOf("ServiceAccount", m[1], m[2])
		if s.ServiceAccount(m[1], m[2]) != nil {
			return // it is there by now
		}
		if t := kube.TemplateSpec(s, by); t != nil && t.ServiceAccountName != "" && t.ServiceAccountName != m[2] {
			return // another one is named by now
		}
		f := found[o]
		if f == nil {
			var names []string
			for i := range s.ServiceAccounts {
				if s.ServiceAccounts[i].Namespace == m[1] && s.ServiceAccounts[i].Name != "default" {
					names = append(names, s.ServiceAccounts[i].Name)
				}
			}
			alike := kube.DidYouMean(kube.Nearest(m[2], names))
			f = r.Find(ServiceAccountMissing, o, fmt.Sprintf("ServiceAccount %s/%s does not exist%s, %s is to run as it", m[1], m[2], alike,
				finding.Short(by))).Absent(alike)
			found[o] = f
		}
		f.Since = finding.Earlier(f.Since, e.Time)
		f.Cite(e)
	}
	for i := range s.Events {
		if e := &s.Events[i]; strings.Contains(e.Message, "error looking up service account") &&
			s.At.Sub(snapshot.EventTime(e).Time) < finding.RecentRefusal.For {
			seen := finding.SeenEvent(e)
			seen.Time = kube.BeganAt(e).UTC()
			note(e.Message, seen, ownerOf(s, snapshot.ObjectOf(e.InvolvedObject.Kind, e.InvolvedObject.Namespace, e.InvolvedObject.Name)))
		}
	}
	for i := range s.Deployments {
		dep := &s.Deployments[i]
		for _, c := range dep.Status.Conditions {
			if c.Status == corev1.ConditionTrue && strings.Contains(c.Message, "error looking up service account") {
				o := snapshot.ObjectOf("Deployment", dep.Namespace, dep.Name)
				note(c.Message, finding.SeenAPI(o, "status.conditions["+string(c.Type)+"]", c.LastTransitionTime.Time, c.Message), o)
			}
		}
	}
}

// ownerOf is the Deployment of a ReplicaSet, or the object itself.
func ownerOf(s *snapshot.Snapshot, o incident.Object) incident.Object {
	if o.Kind != "ReplicaSet" {
		return o
	}
	for _, rs := range s.ReplicaSetsIn(o.Namespace) {
		if c := metav1.GetControllerOf(rs); rs.Name == o.Name && c != nil {
			return snapshot.ObjectOf(c.Kind, o.Namespace, c.Name)
		}
	}
	return o
}
