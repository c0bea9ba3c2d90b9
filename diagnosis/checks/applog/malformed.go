package applog

import (
	"fmt"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// ValueMalformed is the code of a Secret whose value a program cannot use by its form.
const ValueMalformed = "ValueMalformed"

var malformedCodes = []finding.Code{
	{Code: ValueMalformed, Severity: incident.Warning, Root: true,
		Meaning: "A program's log repeats that a token, a key or an address has a form which cannot be used, and it is given such " +
			"values by one " +
			"Secret. Mostly it was written with a line end behind it (echo without -n), encoded twice, or is of another kind.",
		Next: "Write the value anew without a line end (kubectl create secret … --from-literal, printf instead of echo), then restart what " +
			"reads it.",
		Example: "Secret api-token seems to hold a value that Deployment exporter cannot use: net/http: invalid header field value for key " +
			"Authorization"},
}

// credential are the names of keys and variables whose values a request is signed with, or a connection made with.
var credential = regexp.MustCompile(`(?i)token|key|pass|secret|cred|auth|cert|pem|url|uri|dsn`)

// checkMalformed looks for the Secret behind a value that a log says cannot be used.
func checkMalformed(s *snapshot.Snapshot, r *finding.Report) {
	all := repeating(s)
	found := map[incident.Object]*finding.Finding{}
	for _, k := range all.order {
		for _, x := range all.by[k] {
			if !slices.ContainsFunc(x.Facts, func(f logs.Fact) bool { return f.Kind == logs.ValueMalformed }) {
				continue
			}
			from := secretsOf(x.pod, k.container)
			if len(from) == 0 || found[from[0]] != nil {
				continue
			}
			f := r.Find(ValueMalformed, from[0], fmt.Sprintf("%s seems to hold a value that %s cannot use: %s", finding.Short(from[0]),
				finding.Short(k.workload), finding.ShortMessage(x.Says))).Suspected()
			f.Workload, f.Fault, f.Since, f.Refs = k.workload, from[:1], x.First, []incident.Object{k.workload}
			f.AddPod(x.pod)
			f.AddFacts(x.Facts)
			if len(from) > 1 {
				f.AtMost = incident.Possible
			}
			f.Cite(finding.SeenLog(x.pod, k.container, false, clip.Bytes(x.Line, incident.MaxExcerpt)),
				finding.SeenAPI(finding.PodObject(x.pod), "spec.containers["+k.container+"]", x.pod.CreationTimestamp.Time,
					"takes values from Secret "+from[0].Name))
			found[from[0]] = f
		}
	}
}

// secretsOf are the Secrets that a container takes values from: those whose keys or variables are called after credentials before others.
func secretsOf(p *corev1.Pod, container string) []incident.Object {
	var named, others finding.Gathered[incident.Object]
	add := func(secret, key string) {
		if o := snapshot.ObjectOf("Secret", p.Namespace, secret); credential.MatchString(key) {
			named.Add(o)
		} else {
			others.Add(o)
		}
	}
	mounted := map[string]string{}
	for i := range p.Spec.Volumes {
		if v := p.Spec.Volumes[i].Secret; v != nil {
			mounted[p.Spec.Volumes[i].Name] = v.SecretName
		}
	}
	for _, c := range p.Spec.Containers {
		if c.Name != container {
			continue
		}
		for _, e := range c.Env {
			if v := e.ValueFrom; v != nil && v.SecretKeyRef != nil {
				add(v.SecretKeyRef.Name, e.Name+v.SecretKeyRef.Key)
			}
		}
		for _, e := range c.EnvFrom {
			if e.SecretRef != nil {
				add(e.SecretRef.Name, e.SecretRef.Name)
			}
		}
		for _, m := range c.VolumeMounts {
			if name := mounted[m.Name]; name != "" {
				add(name, name)
			}
		}
	}
	return finding.Union(named.List, others.List)
}
