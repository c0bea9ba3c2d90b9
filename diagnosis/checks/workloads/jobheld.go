package workloads

import (
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// helpers are containers that serve others of their pod and never end by themselves, by the beginnings of their usual names.
var helpers = []string{"istio-proxy", "linkerd-proxy", "consul-dataplane", "envoy-sidecar", "vault-agent", "cloud-sql-proxy",
	"cloudsql-proxy", "kuma-sidecar", "daprd"}

// checkJobHeld looks at a Job whose work is done, or has failed, while a helper keeps its pod running: the Job is complete, or tries again,
// once all ordinary containers have ended. Init containers with restartPolicy Always do not count, and are the remedy.
func checkJobHeld(s *snapshot.Snapshot, r *finding.Report, j *batchv1.Job) bool {
	o := snapshot.ObjectOf("Job", j.Namespace, j.Name)
	for _, p := range kube.PodsOf(s, o) {
		done, held, exit, since := heldBySidecar(j, p)
		if len(held) == 0 {
			continue
		}
		f := r.Find(JobHeld, o, finding.Inflect(len(done),
			"Job %s does not end: {container|containers} %s ended with exit %d %s ago, and %s beside {it|them} runs on",
			j.Name, strings.Join(done, ", "), exit, finding.Duration(s.At.Sub(since)), strings.Join(held, ", ")))
		if exit != 0 {
			f.Retitle(f.Title + ", so that it is not tried again")
		}
		f.Workload, f.Since, f.Pods = s.WorkloadOf(p), since, []*corev1.Pod{p}
		f.Fault = []incident.Object{o}
		if cron, ok := cronJobOf(j); ok {
			f.Workload, f.Fault = cron, []incident.Object{o, cron}
		}
		for _, c := range kube.ContainersOf(p) {
			if !c.Init && !c.Sidecar {
				f.Cite(finding.SeenAPI(finding.PodObject(p), c.Field(), podproblem.EndOf(c.Status.State.Terminated),
					podproblem.StatusWords(c.Status, c.Status.State.Terminated)))
			}
		}
		if f.MayPass(finding.HelperEnds, since).Early(s.At) {
			f.AtMost = incident.Likely // it may have been told to quit
			continue
		}
		return true
	}
	return false
}

// heldBySidecar tells the containers that have ended, with the last of their exit codes that is not 0, from the helpers that run on; none
// are held where anything else still runs, or would be started again in its place. A helper is known by its name, or by being no part of
// the Job's template: a webhook put it there.
func heldBySidecar(j *batchv1.Job, p *corev1.Pod) (done, held []string, exit int32, since time.Time) {
	if p.DeletionTimestamp != nil || p.Status.Phase != corev1.PodRunning {
		return nil, nil, 0, since
	}
	for _, c := range kube.ContainersOf(p) {
		if c.Init || c.Sidecar {
			continue
		}
		switch end := c.Status.State.Terminated; {
		case end != nil && (end.ExitCode == 0 || p.Spec.RestartPolicy == corev1.RestartPolicyNever):
			done, since = append(done, c.Spec.Name), kube.Latest(since, end.FinishedAt.Time)
			if end.ExitCode != 0 {
				exit = end.ExitCode
			}
		case c.Status.State.Running != nil && helps(j, c.Spec.Name):
			held = append(held, c.Spec.Name)
		default:
			return nil, nil, 0, since
		}
	}
	if len(done) == 0 {
		return nil, nil, 0, since
	}
	return done, held, exit, since
}

func helps(j *batchv1.Job, name string) bool {
	if hasPrefix(helpers, name) {
		return true
	}
	for i := range j.Spec.Template.Spec.Containers {
		if j.Spec.Template.Spec.Containers[i].Name == name {
			return false
		}
	}
	return true
}

func hasPrefix(prefixes []string, name string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}
