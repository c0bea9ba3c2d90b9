package recovery_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// planned is what is proposed for a cause: the titles of its steps, words of their diffs and of why, or of the reason why there is none.
type planned struct {
	steps string // titles, one a line; empty: there is no plan
	says  string // a part of the diffs, with a line's own "+" or "-"; or of the reason
}

// Each of these is diagnosed as a user would see it, and the one cause is to be treated so.
func TestWhatIsPlannedForTasks(t *testing.T) {
	for name, want := range map[string]struct {
		code string
		planned
	}{
		"workloads/cronjob-blocked": {"CronJobBlocked", planned{"End Job shop/sync-29548 once it has taken 900 s",
			"+  activeDeadlineSeconds: 900"}},
		"workloads/cronjob-missed": {"CronJobMissed", planned{"Set spec.startingDeadlineSeconds in CronJob shop/poll to 60",
			"+  startingDeadlineSeconds: 60"}},
		"workloads/cronjob-short-deadline": {"CronJobMissed", planned{"Set spec.startingDeadlineSeconds in CronJob shop/tick to 300",
			"-  startingDeadlineSeconds: 5\n+  startingDeadlineSeconds: 300"}},
		"workloads/cronjob-timezone": {"CronJobSchedule", planned{"Set spec.timeZone in CronJob shop/nightly to Europe/Zurich",
			"-  timeZone: Europe/Zurch\n+  timeZone: Europe/Zurich"}},
		"workloads/cronjob-schedule":   {"CronJobSchedule", planned{"", "what it was before is not known"}},
		"workloads/cronjob-no-success": {"JobFailed", planned{"", "nothing shows that what Job/shop/backup-6 failed of has passed"}},
		"workloads/job-backoff":        {"JobFailed", planned{"", "nothing shows"}},
		"workloads/job-deadline":       {"JobFailed", planned{"", "nothing shows"}},
		"workloads/job-held":           {"JobHeld", planned{"", "belongs to no CronJob"}},
		"workloads/hpa-conflict":       {"HPAConflict", planned{"Remove HorizontalPodAutoscaler shop/api-memory", "-  name: api-memory"}},
		"workloads/hpa-maximum": {"HPAAtMaximum", planned{"Set spec.maxReplicas in HorizontalPodAutoscaler shop/api to 8",
			"+  maxReplicas: 8"}},
		"workloads/hpa-metric-unknown":  {"HPANoMetrics", planned{"", "does not know them"}},
		"workloads/hpa-no-metrics":      {"HPANoMetrics", planned{"", "not installed"}},
		"workloads/hpa-request-missing": {"HPARequestMissing", planned{"", "measure it and set the request"}},
		"workloads/hpa-target-missing": {"HPATargetMissing", planned{"Set spec.scaleTargetRef in HorizontalPodAutoscaler shop/frontend",
			"-    name: fronted\n+    name: frontend"}},
		"workloads/pdb-drain": {"PDBBlocksDrain", planned{"Set spec in PodDisruptionBudget shop/redis", "-  minAvailable: 1"}},
		"workloads/pdb-nothing": {"PDBMatchesNone", planned{"Set spec in PodDisruptionBudget shop/web",
			"-      app.kubernetes.io/name: web\n+      app: web"}},
		"workloads/pdb-overlap": {"PDBOverlap", planned{"Remove PodDisruptionBudget shop/all", "-  name: all"}},
		"workloads/refused-cronjob": {"PodsRefused", planned{"Set hard.count/jobs.batch in ResourceQuota shop/objects to 3",
			`+  count/jobs.batch: "3"`}},
		"workloads/refused-invalid": {"PodsRefused", planned{"", "correct the pod template"}},
		"workloads/refused-limitrange": {"PodsRefused", planned{"Set resources of main in Deployment shop/worker",
			"-      memory: 2Gi\n+      memory: 1Gi"}},
		"workloads/refused-podsecurity":   {"PodsRefused", planned{"", "had before is not known"}},
		"workloads/refused-priorityclass": {"PodsRefused", planned{"", "nothing that exists has a name like batch-low"}},
		"workloads/refused-quota": {"PodsRefused", planned{"Set hard.limits.cpu in ResourceQuota shop/compute to 9500m\nHave the missing pods " +
			"of Deployment shop/thumbs made at once\nHave the missing pods of Deployment shop/worker made at once",
			"+  limits.cpu: 9500m"}},
		"workloads/refused-quota-unset": {"PodsRefused", planned{"", "set their requests and limits"}},
		"workloads/refused-serviceaccount": {"ServiceAccountMissing", planned{"Set spec.serviceAccountName in Deployment shop/payments to " +
			"payments",
			"-  serviceAccountName: payment\n+  serviceAccountName: payments"}},
		"workloads/refused-webhook":      {"PodsRefused", planned{"", "ValidatingWebhookConfiguration policy denies the pods"}},
		"workloads/refused-webhook-down": {"WebhookNoEndpoints", planned{"Scale Deployment policy/policy from 0 to 1", "+  replicas: 1"}},
		"control/apiservice-service-missing": {"APIServiceUnavailable", planned{"Remove APIService v1beta1.metrics.k8s.io",
			"-    name: metrics-server"}},
		"control/apiservice-unreachable":       {"APIServiceUnavailable", planned{"", "bring its pods back"}},
		"control/namespace-finalizer-orphaned": {"NamespaceTerminating", planned{"", "no API that another server answers for is at fault"}},
		"control/webhook-ca-expired": {"WebhookCAExpired", planned{
			"Let pass what webhook validate.policy.example.com should judge while it does not answer (ValidatingWebhookConfiguration policy)" +
				"\nHave the missing pods of Deployment shop/web made at once",
			"-  validate.policy.example.com: Fail\n+  validate.policy.example.com: Ignore"}},
		"control/webhook-deadlock": {"WebhookNoEndpoints", planned{
			"Let pass what webhook validate.policy.example.com should judge while it does not answer (ValidatingWebhookConfiguration policy)" +
				"\nHave the missing pods of Deployment policy/policy-engine made at once\nHave the missing pods of Deployment shop/web made at once",
			"+  validate.policy.example.com: Ignore"}},
		"control/webhook-port-missing": {"WebhookPortMissing", planned{"Set spec.ports in Service policy/policy-webhook",
			"-  - port: 443\n+  - port: 8443"}},
		"control/webhook-scaled-to-0": {"WebhookNoEndpoints", planned{"Scale Deployment policy/policy-engine from 0 to 1", "+  replicas: 1"}},
		"control/webhook-service-missing": {"WebhookServiceMissing", planned{
			"Let pass what webhook validate.policy.example.com should judge while it does not answer (ValidatingWebhookConfiguration policy)" +
				"\nHave the missing pods of Deployment shop/web made at once",
			"+  validate.policy.example.com: Ignore"}},
		"control/webhook-times-out": {"WebhookFailing", planned{
			"Let pass what webhook validate.policy.example.com should judge while it does not answer (ValidatingWebhookConfiguration policy)" +
				"\nHave the missing pods of Deployment shop/web made at once",
			"+  validate.policy.example.com: Ignore"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, manifests := diagnosed(t, name)
			d.Causes = slices.DeleteFunc(d.Causes, func(c incident.Cause) bool { return c.Code != want.code })
			if len(d.Causes) == 0 {
				t.Fatalf("no cause is %s", want.code)
			}
			want.check(t, stageAt(t, d.At, manifests), d)
		})
	}
}

// check proposes, and reviews what is proposed as the approver who will see it.
func (want planned) check(t *testing.T, x scene, d *incident.Diagnosis) {
	t.Helper()
	p, reason, err := x.r.Propose(t.Context(), d, x.snap)
	if err != nil {
		t.Fatal(err)
	}
	if p == nil {
		if want.steps != "" || !strings.Contains(reason, want.says) {
			t.Errorf("no plan: %q", reason)
		}
		return
	}
	var got []string
	diffs := p.Why
	for _, s := range p.Steps {
		got, diffs = append(got, s.Title), diffs+"\n"+s.Diff
	}
	if titles := strings.Join(got, "\n"); titles != want.steps || !strings.Contains(diffs, want.says) {
		t.Errorf("got %s\nwant %s\nin %s", titles, want.steps, diffs)
	}
	if checks := x.r.Review(t.Context(), p, ada); !incident.AllOK(checks) {
		t.Errorf("review: %+v", checks)
	}
}

// diagnosed is the diagnosis of a case, and its manifests.
func diagnosed(t *testing.T, name string) (*incident.Diagnosis, string) {
	t.Helper()
	cases, err := eval.Load("../../diagnosis/eval/cases/" + name + ".txtar")
	if err != nil || len(cases) != 1 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	s, err := cases[0].Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return diagnosis.Diagnose(s, diagnosis.Scope{}), string(cases[0].Manifests)
}

// What the API server said of an account while a workload named it says nothing of one that is named by now.
func TestAnAccountThatIsNamedNoMoreIsNotMissed(t *testing.T) {
	const missing = "ServiceAccountMissing"
	missed := func(change ...string) bool {
		_, d := loadCase(t, "storage/service-account-missing", change...)
		return slices.ContainsFunc(d.Findings, func(f incident.Finding) bool { return f.Code == missing })
	}
	if !missed() || missed("serviceAccountName: wroker", "serviceAccountName: worker", `type: ReplicaFailure, status: "True"`,
		`type: ReplicaFailure, status: "False"`) {
		t.Error("an account is missed, or not, whatever the workload names")
	}
}
