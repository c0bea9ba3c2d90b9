package recovery_test

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// tale is a cluster and one cause in it.
type tale struct {
	cause     string // its code and objects: "JobFailed Job/shop/report"
	explains  int    // findings besides its own
	manifests string
	planned
}

func (x tale) diagnosis(t *testing.T) *incident.Diagnosis {
	t.Helper()
	words := strings.Fields(x.cause)
	c := incident.Cause{ID: "C1", Code: words[0], Title: words[0], Explains: []string{"F1"}}
	for range x.explains {
		c.Explains = append(c.Explains, "F2")
	}
	for _, w := range words[1:] {
		o, err := incident.ParseObject(w)
		if err != nil {
			t.Fatal(err)
		}
		c.Objects = append(c.Objects, o)
	}
	return &incident.Diagnosis{At: t0, Causes: []incident.Cause{c}}
}

const (
	failedJob = `
apiVersion: batch/v1
kind: Job
metadata: {name: report, namespace: shop, uid: j1, creationTimestamp: "2025-10-05T07:00:00Z"}
spec:
  backoffLimit: 2
  selector: {matchLabels: {batch.kubernetes.io/controller-uid: j1}}
  template:
    metadata: {creationTimestamp: null, labels: {app: report, batch.kubernetes.io/controller-uid: j1, batch.kubernetes.io/job-name: report, controller-uid: j1, job-name: report}}
    spec: {restartPolicy: Never, containers: [{name: main, image: "r.example/report:1", envFrom: [{configMapRef: {name: report}}]}]}
status: {failed: 3, startTime: "2025-10-05T07:00:00Z", conditions: [{type: Failed, status: "True", reason: BackoffLimitExceeded, lastTransitionTime: "2025-10-05T07:10:00Z"}]}
`
	podOfJob = `---
apiVersion: v1
kind: Pod
metadata: {name: report-x, namespace: shop, labels: {job-name: report}, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: report, uid: j1, controller: true}]}
spec: {nodeName: n1, containers: [{name: main, image: "r.example/report:1"}]}
`
	hanging = `
apiVersion: batch/v1
kind: CronJob
metadata: {name: sync, namespace: shop, uid: c1}
spec: {schedule: "*/15 * * * *", concurrencyPolicy: Forbid, jobTemplate: {spec: {template: {spec: {containers: [{name: main, image: a}]}}}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: sync-2, namespace: shop, uid: j2, ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: sync, uid: c1, controller: true}]}
spec: {template: {spec: {containers: [{name: main, image: a}]}}}
status: {active: 1, startTime: "2025-10-05T03:00:00Z"}
---
apiVersion: batch/v1
kind: Job
metadata: {name: sync-1, namespace: shop, uid: j1, ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: sync, uid: c1, controller: true}]}
spec: {template: {spec: {containers: [{name: main, image: a}]}}}
status: {succeeded: 1, startTime: "2025-10-04T03:00:00Z", completionTime: "2025-10-04TEND:00Z"}
`
	node = `
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {allocatable: {cpu: "4", memory: 8Gi, pods: "20"}, conditions: [{type: Ready, status: "True"}]}
`
	deployed = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: d1}
spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {serviceAccountName: web, containers: [{name: main, image: "r.example/web:1", resources: {}}]}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-1, namespace: shop, uid: r1, annotations: {deployment.kubernetes.io/revision: "1"}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: "r.example/web:1"}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1-a, namespace: shop, labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r1, controller: true}]}
spec: {nodeName: n1, containers: [{name: main, resources: {requests: {cpu: "1"}}}]}
status: {phase: Running}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1-b, namespace: shop, labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r1, controller: true}]}
spec: {nodeName: n1, containers: [{name: main, resources: {requests: {cpu: "1"}}}]}
status: {phase: Running}
`
	scaler = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop, creationTimestamp: "2025-10-01T00:00:00Z"}
spec: {minReplicas: 1, maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]}
status: {currentReplicas: 2, desiredReplicas: 2, currentMetrics: [{type: Resource, resource: {name: cpu, current: {averageUtilization: 250}}}]}
`
	budgeted = `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
`
)

const endsAt = "03:04" // of the run of hanging that completed

func TestPlansForJobs(t *testing.T) {
	lost := strings.TrimSpace(podOfJob) + "\nstatus: {phase: Failed, conditions: [{type: DisruptionTarget, status: \"True\"}]}\n"
	for name, x := range map[string]tale{
		"its pods were evicted": {"JobFailed Job/shop/report", 0, failedJob + lost,
			planned{"Make Job shop/report-29327580", "All pods of Job/shop/report that are known were taken from it"}},
		"only the labels of its controller are left out": {"JobFailed Job/shop/report", 0, failedJob + lost,
			planned{"Make Job shop/report-29327580", "+    metadata:\n+      labels:\n+        app: report\n+    spec:"}},
		"its program failed": {"JobFailed Job/shop/report", 0, failedJob + podOfJob, planned{"", "would only fail again"}},
		"its configuration was made since": {"JobFailed Job/shop/report", 0, failedJob + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: report, namespace: shop, creationTimestamp: "2025-10-05T08:00:00Z"}
`, planned{"Make Job shop/report-29327580", "ConfigMap shop/report, which Job/shop/report is configured by, was written after"}},
		"its configuration is older": {"JobFailed Job/shop/report", 0, failedJob + `---
apiVersion: v1
kind: ConfigMap
metadata: {name: report, namespace: shop, creationTimestamp: "2025-10-05T06:00:00Z"}
`, planned{"", "would only fail again"}},
		"it tries again": {"JobFailed Job/shop/report", 0, strings.Replace(failedJob, "type: Failed", "type: Suspended", 1),
			planned{"", "it tries again by itself"}},
		"it selects by hand": {"JobFailed Job/shop/report", 0, strings.Replace(failedJob, "  backoffLimit", "  manualSelector: true\n  "+
			"backoffLimit", 1) + lost,
			planned{"", "take its pods over"}},
		"a run hangs": {"CronJobBlocked Job/shop/sync-2 CronJob/shop/sync", 0, strings.Replace(hanging, "TEND", "T"+endsAt, 1),
			planned{"End Job shop/sync-2 once it has taken 900 s", "the longest that is known (sync-1) took 4m"}},
		"runs usually take longer than the time between them": {"CronJobBlocked Job/shop/sync-2 CronJob/shop/sync", 0,
			strings.Replace(hanging, "TEND", "T05:00", 1), planned{"End Job shop/sync-2 once it has taken 7200 s", "took 2h0m"}},
		"a run may be at work": {"CronJobBlocked Job/shop/sync-2 CronJob/shop/sync", 0, strings.Replace(hanging, "TEND", "T07:00", 1),
			planned{"", "it may still be at work"}},
		"a helper runs on": {"JobHeld Job/shop/sync-2 CronJob/shop/sync", 0, strings.Replace(hanging, "TEND", "T"+endsAt, 1) + `---
apiVersion: v1
kind: Pod
metadata: {name: sync-2-x, namespace: shop, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: sync-2, uid: j2, controller: true}]}
spec: {containers: [{name: main}, {name: istio-proxy}]}
status: {containerStatuses: [{name: main, state: {terminated: {exitCode: 0, finishedAt: "2025-10-05T03:02:00Z"}}}, {name: istio-proxy, state: {running: {}}}]}
`, planned{"End Job shop/sync-2 once it has taken 120 s", "Kubernetes will count this run as failed"}},
		"a schedule was applied otherwise": {"CronJobSchedule CronJob/shop/night", 0, `
apiVersion: batch/v1
kind: CronJob
metadata: {name: night, namespace: shop, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"spec":{"schedule":"0 3 * * *"}}'}}
spec: {schedule: "0 3 * *", jobTemplate: {spec: {template: {spec: {containers: [{name: main}]}}}}}
`, planned{"Set spec.schedule in CronJob shop/night to 0 3 * * *", "somebody has changed it by hand since"}},
		"a zone is one letter off": {"CronJobSchedule CronJob/shop/night", 0, `
apiVersion: batch/v1
kind: CronJob
metadata: {name: night, namespace: shop}
spec: {schedule: "0 3 * * *", timeZone: europe/zurich, jobTemplate: {spec: {template: {spec: {containers: [{name: main}]}}}}}
`, planned{"Set spec.timeZone in CronJob shop/night to Europe/Zurich", "is the only one that differs by a letter"}},
		"a zone is like no other": {"CronJobSchedule CronJob/shop/night", 0, `
apiVersion: batch/v1
kind: CronJob
metadata: {name: night, namespace: shop}
spec: {schedule: "0 3 * * *", timeZone: Mars/Olympus, jobTemplate: {spec: {template: {spec: {containers: [{name: main}]}}}}}
`, planned{"", "none that differs by a letter"}},
		"nobody needs what is suspended": {"CronJobSuspended CronJob/shop/sync", 0, hangingSuspended, planned{"",
			"nothing that was found needs it"}},
		"somebody needs it": {"CronJobSuspended CronJob/shop/sync", 1, hangingSuspended, planned{"Resume CronJob shop/sync",
			"-  suspend: true\n+  suspend: false"}},
		"runs add up": {"CronJobOverlaps CronJob/shop/sync", 0, strings.Replace(hangingSuspended, "suspend: true", "concurrencyPolicy: Allow", 1),
			planned{"Set spec.concurrencyPolicy in CronJob shop/sync to Forbid", "-  concurrencyPolicy: Allow"}},
	} {
		t.Run(name, func(t *testing.T) { x.check(t, stage(t, x.manifests), x.diagnosis(t)) })
	}
}

const hangingSuspended = `
apiVersion: batch/v1
kind: CronJob
metadata: {name: sync, namespace: shop}
spec: {schedule: "*/15 * * * *", suspend: true, jobTemplate: {spec: {template: {spec: {containers: [{name: main}]}}}}}
`

func TestPlansForAutoscalersAndBudgets(t *testing.T) {
	web := "---" + deployed
	withRequest := strings.Replace(deployed, `image: "r.example/web:1"}`, `image: "r.example/web:0", resources: {requests: {cpu: 250m}}}`, 1)
	for name, x := range map[string]tale{
		"twice at most": {"HPAAtMaximum HorizontalPodAutoscaler/shop/web", 0, scaler + web + "---" + strings.Replace(node, `cpu: "4"`,
			`cpu: "40"`, 1),
			planned{"Set spec.maxReplicas in HorizontalPodAutoscaler shop/web to 4", "it wants 10 pods"}},
		"as far as nodes have room": {"HPAAtMaximum HorizontalPodAutoscaler/shop/web", 0, scaler + web + "---" + strings.Replace(node,
			`cpu: "4"`, `cpu: "3"`, 1),
			planned{"Set spec.maxReplicas in HorizontalPodAutoscaler shop/web to 3", "there is room for (1 more)"}},
		"no room": {"HPAAtMaximum HorizontalPodAutoscaler/shop/web", 0, scaler + web + "---" + strings.Replace(node, `cpu: "4"`, `cpu: "2"`, 1),
			planned{"", "no node has room for one more"}},
		"a quota has no room": {"HPAAtMaximum HorizontalPodAutoscaler/shop/web", 0, scaler + web + "---" + node + `---
apiVersion: v1
kind: ResourceQuota
metadata: {name: q, namespace: shop}
spec: {hard: {requests.cpu: "2"}}
status: {hard: {requests.cpu: "2"}, used: {requests.cpu: "2"}}
`, planned{"", "ResourceQuota q has no room for one more"}},
		"an earlier revision had a request": {"HPARequestMissing Deployment/shop/web HorizontalPodAutoscaler/shop/web", 0, scaler + "---" +
			withRequest,
			planned{"Set resources of main in Deployment shop/web", "+      cpu: 250m"}},
		"two were made at once": {"HPAConflict HorizontalPodAutoscaler/shop/web HorizontalPodAutoscaler/shop/two", 0,
			scaler + "---" + strings.Replace(scaler, "name: web", "name: two", 1), planned{"", "made at the same time"}},
		"one more pod": {"PDBBlocksDrain PodDisruptionBudget/shop/web", 0, budgeted + web + "---" + node,
			planned{"Scale Deployment shop/web from 2 to 3", "+  replicas: 3"}},
		"no room for one more": {"PDBBlocksDrain PodDisruptionBudget/shop/web", 0, budgeted + web + "---" + strings.Replace(node, `cpu: "4"`,
			`cpu: "2"`, 1),
			planned{"Set spec in PodDisruptionBudget shop/web", "+  maxUnavailable: 1"}},
		"an autoscaler would take it back": {"PDBTight PodDisruptionBudget/shop/web", 0, budgeted + web + "---" + node + "---" + scaler,
			planned{"Set spec in PodDisruptionBudget shop/web", "-  minAvailable: 2"}},
		"somebody looks after the budget": {"PDBTight PodDisruptionBudget/shop/web", 0, strings.Replace(budgeted, "namespace: shop",
			"namespace: shop, ownerReferences: [{apiVersion: db/v1, kind: Postgres, name: main, uid: p, controller: true}]", 1) + web,
			planned{"", "belongs to Postgres main"}},
		"each protects others": {"PDBOverlap PodDisruptionBudget/shop/web PodDisruptionBudget/shop/b", 0, budgeted + web + `---
apiVersion: v1
kind: Pod
metadata: {name: only-b, namespace: shop, labels: {tier: front}}
spec: {containers: [{name: main}]}
---
apiVersion: v1
kind: Pod
metadata: {name: both, namespace: shop, labels: {tier: front, app: web}}
spec: {containers: [{name: main}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: b, namespace: shop}
spec: {minAvailable: 1, selector: {matchLabels: {tier: front}}}
`, planned{"", "protects pods that the other does not"}},
		"a target that may be either of two": {"HPATargetMissing HorizontalPodAutoscaler/shop/web", 0, strings.Replace(scaler,
			"kind: Deployment, name: web", "kind: Deployment, name: weg", 1) + web + strings.ReplaceAll(strings.ReplaceAll(web, "name: web",
			"name: wet"),
			"namespace: shop", "namespace: shop"), planned{"", "weg may mean web or wet"}},
	} {
		t.Run(name, func(t *testing.T) { x.check(t, stage(t, x.manifests), x.diagnosis(t)) })
	}
}
