package workloads

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// refusedEvent returns the newest FailedCreate event about the object, or nil if the last is too old.
func refusedEvent(s *snapshot.Snapshot, o incident.Object) *corev1.Event {
	e := kube.LastEvent(s, o, "FailedCreate")
	if e == nil || s.At.Sub(snapshot.EventTime(e).Time) > finding.RecentRefusal.For {
		return nil
	}
	return e
}

// refusal is what can be read out of the API server's words.
type refusal struct {
	s         *snapshot.Snapshot
	namespace string
	by        []incident.Object   // what refuses
	why       string              // for the title
	next      string              // what to do; empty: the code's
	seen      []incident.Evidence // about what refuses
	blind     bool                // what refuses was not seen, so that this is a symptom
	final     bool                // the setting by which it refuses was seen, or named: nothing has to stand behind it
}

// refusers knows the words of Kubernetes' admission plugins: resourcequota, limitranger, pod-security, serviceaccount, priority,
// webhooks, validatingadmissionpolicy, and of the API's own validation.
var refusers = []struct {
	words *regexp.Regexp
	read  func(r *refusal, m []string)
}{
	{regexp.MustCompile(`exceeded quota: ([^,]+), requested: `), byQuota},
	{regexp.MustCompile(`failed quota: ([^:]+): must specify (.+)`), byQuotaUnset},
	{regexp.MustCompile(`(minimum|maximum) (\S+) usage per (\w+) is ([^,\s]+)[.,]\s+(?:but )?(.+)`), byLimitRange},
	{regexp.MustCompile(`(\S+) max limit to request ratio per (\w+) is ([^,\s]+), but (.+)`), byLimitRatio},
	{regexp.MustCompile(`violates PodSecurity "([a-z]+):([^"]+)": (.+)`), byPodSecurity},
	{regexp.MustCompile(`admission webhook "([^"]+)" denied the request(?:: (.*))?`), byWebhook},
	{regexp.MustCompile(`failed calling webhook "([^"]+)": (.*)`), byWebhookCall},
	{regexp.MustCompile(`error looking up service account ([^/\s]+)/([^:\s]+): serviceaccount "[^"]*" not found`), byServiceAccount},
	{regexp.MustCompile(`no PriorityClass with name (\S+) was found`), byPriorityClass},
	{regexp.MustCompile(`ValidatingAdmissionPolicy '([^']+)'(?: with binding '[^']+')? denied request: (.+)`), byPolicy},
	{regexp.MustCompile(`(?:Pod|Job\.batch) "[^"]*" is invalid: (.+)`), byValidation},
}

// RefusedPods is the detail of PodsRefused: whom the API server's refusal names.
type RefusedPods struct {
	Account  incident.Object // the ServiceAccount that it looked up; zero: none
	Webhooks []string
}

var lookedUp = regexp.MustCompile(`service account ([^/\s]+)/([^:\s]+):`)

func accountIn(message string) incident.Object {
	m := lookedUp.FindStringSubmatch(message)
	if m == nil {
		return incident.Object{}
	}
	return snapshot.ObjectOf("ServiceAccount", m[1], m[2])
}

// refused reports that the API server refuses what a workload wants to create.
func refused(s *snapshot.Snapshot, r *finding.Report, o incident.Object, message string, since time.Time,
	seen incident.Evidence) *finding.Finding {
	x := refusal{s: s, namespace: o.Namespace, why: withoutPod(message)}
	for _, known := range refusers {
		if m := known.words.FindStringSubmatch(message); m != nil {
			known.read(&x, m)
			break
		}
	}
	creates := "pods"
	if o.Kind == "CronJob" {
		creates = "Jobs"
	}
	f := r.Find(PodsRefused, o, fmt.Sprintf("%s cannot create %s: %s", finding.Short(o), creates, x.why)).Cite(seen).Cite(x.seen...)
	f.Workload, f.Since, f.Refs = o, since, x.by
	f.Detail = RefusedPods{Account: accountIn(message), Webhooks: kube.WebhooksIn(message)}
	f.Root = f.Root && !x.blind
	f.Final = x.final && kube.OwnersOf(s)[o].IsZero() // who made the workload may ask for what is refused
	if len(x.by) > 0 {
		f.Fault = append(slices.Clone(x.by), o)
	}
	if x.next != "" {
		f.Next = x.next
	}
	return f
}

// checkRefusedJobs reports Jobs whose pods, and CronJobs whose Jobs, are refused.
func checkRefusedJobs(s *snapshot.Snapshot, r *finding.Report) {
	for i := range s.Jobs {
		j := &s.Jobs[i]
		o := snapshot.ObjectOf("Job", j.Namespace, j.Name)
		e := refusedEvent(s, o)
		if e == nil || j.Status.Active > 0 || jobEnded(j) || suspended(j.Spec.Suspend) || j.DeletionTimestamp != nil {
			continue
		}
		f := refused(s, r, o, e.Message, kube.BeganAt(e), finding.SeenEvent(e))
		if cron, ok := cronJobOf(j); ok {
			f.Workload = cron
		}
	}
	for i := range s.CronJobs {
		c := &s.CronJobs[i]
		o := snapshot.ObjectOf("CronJob", c.Namespace, c.Name)
		if e := refusedEvent(s, o); e != nil && len(c.Status.Active) == 0 && !suspended(c.Spec.Suspend) {
			refused(s, r, o, e.Message, kube.BeganAt(e), finding.SeenEvent(e))
		}
	}
}

// withoutPod is the API server's reason, without the name of the pod that was to be.
func withoutPod(message string) string {
	if _, after, ok := strings.Cut(message, "is forbidden: "); ok {
		message = after
	}
	return finding.ShortMessage(message)
}

func byQuota(r *refusal, m []string) {
	r.by = []incident.Object{snapshot.ObjectOf("ResourceQuota", r.namespace, m[1])}
	r.next = fmt.Sprintf("Free some of ResourceQuota %s's budget in %s, ask for less, or raise it.", m[1], r.namespace)
	r.seeQuota(m[1])
}

func byQuotaUnset(r *refusal, m []string) {
	r.by = []incident.Object{snapshot.ObjectOf("ResourceQuota", r.namespace, m[1])}
	r.why = fmt.Sprintf("ResourceQuota %s wants every container to specify %s", m[1], m[2])
	r.next = "Set what is missing in the containers' resources, or give the namespace a LimitRange with defaults."
	r.seeQuota(m[1])
	r.final = len(r.seen) > 0
}

func (r *refusal) seeQuota(name string) {
	for i := range r.s.ResourceQuotas {
		q := &r.s.ResourceQuotas[i]
		if q.Namespace != r.namespace || q.Name != name {
			continue
		}
		var parts []string
		for n, hard := range q.Status.Hard {
			used := q.Status.Used[n]
			parts = append(parts, fmt.Sprintf("%s %s of %s", n, used.String(), hard.String()))
		}
		slices.Sort(parts)
		r.seen = append(r.seen, finding.SeenAPI(r.by[0], "status.used", time.Time{}, strings.Join(parts, ", ")))
	}
}

func byLimitRange(r *refusal, m []string) {
	r.limitRange(m[2], m[3], m[1], m[4])
	r.why = fmt.Sprintf("%s allows each %s a %s of %s %s, but %s", r.refuser("a LimitRange"), strings.ToLower(m[3]), m[1], m[2], m[4],
		strings.TrimPrefix(m[5], "but "))
}

func byLimitRatio(r *refusal, m []string) {
	r.limitRange(m[1], m[2], "ratio", m[3])
	r.why = fmt.Sprintf("%s allows each %s a ratio of limit to request of %s %s at most, but %s", r.refuser("a LimitRange"),
		strings.ToLower(m[2]), m[1], m[3], m[4])
}

// refuser names what refuses within the namespace, or says what sort of thing it is.
func (r *refusal) refuser(unknown string) string {
	if len(r.by) == 0 {
		return unknown
	}
	return finding.Short(r.by[0])
}

// limitRange finds the LimitRange that has the bound.
func (r *refusal) limitRange(resource, kind, bound, value string) {
	r.next = "Change the resources of the workload's containers to fit, or the bound."
	for i := range r.s.LimitRanges {
		l := &r.s.LimitRanges[i]
		if l.Namespace != r.namespace {
			continue
		}
		for _, item := range l.Spec.Limits {
			list := map[string]corev1.ResourceList{"minimum": item.Min, "maximum": item.Max, "ratio": item.MaxLimitRequestRatio}[bound]
			if q, ok := list[corev1.ResourceName(resource)]; ok && string(item.Type) == kind && q.String() == value {
				o := snapshot.ObjectOf("LimitRange", l.Namespace, l.Name)
				r.by, r.final = []incident.Object{o}, true
				r.seen = append(r.seen, finding.SeenAPI(o, "spec.limits", time.Time{}, fmt.Sprintf("%s per %s: %s %s", bound, kind, resource, value)))
				return
			}
		}
	}
}

const podSecurityLabel = "pod-security.kubernetes.io/enforce"

func byPodSecurity(r *refusal, m []string) {
	o := snapshot.ObjectOf("Namespace", "", r.namespace)
	r.by = []incident.Object{o}
	r.why = fmt.Sprintf("namespace %s enforces Pod Security %q: %s", r.namespace, m[1], m[3])
	r.next = fmt.Sprintf("Set the fields that the refusal names, or change the namespace's label %s.", podSecurityLabel)
	for i := range r.s.Namespaces {
		if n := &r.s.Namespaces[i]; n.Name == r.namespace && n.Labels[podSecurityLabel] != "" {
			r.seen = append(r.seen, finding.SeenAPI(o, "metadata.labels["+podSecurityLabel+"]", time.Time{}, n.Labels[podSecurityLabel]))
			r.final = n.Labels[podSecurityLabel] == m[1]
		}
	}
}

func byWebhook(r *refusal, m []string) {
	r.webhook(m[1])
	r.why = fmt.Sprintf("admission webhook %s denies it", m[1])
	if m[2] != "" {
		r.why += ": " + finding.ShortMessage(m[2])
	}
	r.next = "Read why the webhook denies it; change the workload, or the policy behind the webhook."
	r.final = len(r.by) > 0
}

func byWebhookCall(r *refusal, m []string) {
	r.webhook(m[1])
	r.why = fmt.Sprintf("admission webhook %s cannot be called: %s", m[1], finding.ShortMessage(m[2]))
	r.next = "Bring the webhook's pods back; its failurePolicy is Fail, so nothing gets past it meanwhile."
}

// webhook finds the configurations that have a webhook of the name.
func (r *refusal) webhook(name string) {
	for i := range r.s.ValidatingWebhooks {
		c := &r.s.ValidatingWebhooks[i]
		for j := range c.Webhooks {
			if c.Webhooks[j].Name == name {
				r.by = finding.Union(r.by, []incident.Object{snapshot.ObjectOf("ValidatingWebhookConfiguration", "", c.Name)})
			}
		}
	}
	for i := range r.s.MutatingWebhooks {
		c := &r.s.MutatingWebhooks[i]
		for j := range c.Webhooks {
			if c.Webhooks[j].Name == name {
				r.by = finding.Union(r.by, []incident.Object{snapshot.ObjectOf("MutatingWebhookConfiguration", "", c.Name)})
			}
		}
	}
	unseen := func(r incident.Resource, s *snapshot.Snapshot) bool {
		return finding.NotSeen(s, r+".admissionregistration.k8s.io", "")
	}
	r.blind = len(r.by) == 0 && (unseen("validatingwebhookconfigurations", r.s) || unseen("mutatingwebhookconfigurations", r.s))
}

func byServiceAccount(r *refusal, m []string) {
	var names []string
	for i := range r.s.ServiceAccounts {
		if r.s.ServiceAccounts[i].Namespace == m[1] {
			names = append(names, r.s.ServiceAccounts[i].Name)
		}
	}
	r.by = []incident.Object{snapshot.ObjectOf("ServiceAccount", m[1], m[2])}
	r.why = fmt.Sprintf("ServiceAccount %s does not exist in namespace %s%s", m[2], m[1], kube.DidYouMean(kube.Nearest(m[2], names)))
	r.next = "Create the ServiceAccount, or correct spec.serviceAccountName in the workload's template."
}

func byPriorityClass(r *refusal, m []string) {
	r.by = []incident.Object{snapshot.ObjectOf("PriorityClass", "", m[1])}
	r.why, r.final = fmt.Sprintf("PriorityClass %s does not exist", m[1]), true
	r.next = "Create the PriorityClass, or correct spec.priorityClassName in the workload's template."
}

func byPolicy(r *refusal, m []string) {
	r.by = []incident.Object{snapshot.ObjectOf("ValidatingAdmissionPolicy", "", m[1])}
	r.why = fmt.Sprintf("ValidatingAdmissionPolicy %s denies it: %s", m[1], finding.ShortMessage(m[2]))
	r.next = "Change the workload to what the policy wants, or the policy."
}

// byValidation is never final: a LimitRange's default or a mutating webhook may have made the pod other than its template.
func byValidation(r *refusal, m []string) {
	r.why = "its pod template is invalid: " + finding.ShortMessage(strings.Trim(m[1], "[]"))
	r.next = "Correct the field that is named in the workload's template."
}
