package workloads

import (
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about workloads.
const (
	DeploymentUnavailable  = "DeploymentUnavailable"
	DeploymentStuck        = "DeploymentStuck"
	DeploymentFails        = "DeploymentFails"
	DeploymentPaused       = "DeploymentPaused"
	StatefulSetUnavailable = "StatefulSetUnavailable"
	StatefulSetHeld        = "StatefulSetHeld"
	StatefulSetNoService   = "StatefulSetNoService"
	DaemonSetUnavailable   = "DaemonSetUnavailable"
	DaemonSetNoNode        = "DaemonSetNoNode"
	PodsRefused            = "PodsRefused"
)

var workloadCodes = []finding.Code{
	{Code: DeploymentUnavailable, Severity: incident.Critical, Trouble: finding.WorkloadTrouble,
		Meaning: "Fewer pods of a Deployment are available than it promises.",
		Next:    "Look at its pods.",
		Example: "Deployment grafana: 0 of 1 pods are available"},
	{Code: DeploymentStuck, Severity: incident.Critical, Trouble: finding.WorkloadTrouble,
		Meaning: "A rollout has not progressed within its deadline; the pods of the new revision do not become ready.",
		Next:    "Look at the new revision's pods; roll back if the previous revision was well (kubectl rollout undo).",
		Example: "Deployment web: the rollout of revision 4 is stuck, image shop/web:v3 → shop/web:v4"},
	{Code: DeploymentFails, Severity: incident.Warning, Trouble: finding.WorkloadTrouble,
		Meaning: "The pods of a Deployment's new revision fail, while those of the revision before still serve.",
		Next:    "Look at the new revision's pods; roll back if they will not do (kubectl rollout undo).",
		Example: "Deployment web: the pods of revision 4 fail while revision 3 serves, image shop/web:v3 → shop/web:v4"},
	{Code: DeploymentPaused, Severity: incident.Warning, Root: true,
		RestsOn: []incident.Resource{finding.ReplicaSets},
		Meaning: "A Deployment is paused: changes to its pods wait until somebody resumes it.",
		Next:    "Resume it (kubectl rollout resume), or take the waiting change back.",
		Example: "Deployment web is paused, and its change has been waiting for 3d2h: image shop/web:v3 → shop/web:v4"},
	{Code: StatefulSetUnavailable, Severity: incident.Critical, Trouble: finding.WorkloadTrouble,
		Meaning: "Fewer pods of a StatefulSet are ready than it should have. It starts them in order: one that fails holds up those after it.",
		Next:    "Look at the first pod that is not ready.",
		Example: "StatefulSet chromadb: 0 of 1 pods are ready, it waits for chromadb-0"},
	{Code: StatefulSetHeld, Severity: incident.Critical, Root: true,
		Meaning: "A StatefulSet has a new revision, but waits for a pod of an older one that will never be ready: its order keeps the " +
			"repair away.",
		Next:    "Delete the pod that is named: the StatefulSet makes it anew, of the new revision.",
		Example: "StatefulSet db waits for db-1, which is of revision db-6f and not ready: revision db-7c cannot reach it before it is deleted"},
	{Code: StatefulSetNoService, Severity: incident.Warning, Root: true,
		RestsOn: []incident.Resource{finding.Services},
		Meaning: "The headless Service that gives a StatefulSet's pods their names does not exist, so names such as db-0.db do not resolve.",
		Next:    "Create the Service with clusterIP None; serviceName itself cannot be changed.",
		Example: "StatefulSet db: its serviceName is db-headless, and there is no such Service (there is db-headles)"},
	{Code: DaemonSetUnavailable, Severity: incident.Warning, Trouble: finding.WorkloadTrouble,
		Meaning: "A DaemonSet does not run on every node that it should.",
		Next:    "Look at its pods on the nodes named.",
		Example: "DaemonSet node-exporter: ready on 2 of 3 nodes, not on worker-1"},
	{Code: DaemonSetNoNode, Severity: incident.Warning, Root: true,
		RestsOn: []incident.Resource{finding.Nodes},
		Meaning: "A DaemonSet's node selector matches no node, but nearly one.",
		Next:    "Correct the selector, or the nodes' labels.",
		Example: "DaemonSet agent runs on no node: its node selector wants disktype=sdd, and nodes have disktype=ssd"},
	{Code: PodsRefused, Severity: incident.Critical, Root: true, Detail: RefusedPods{},
		Meaning: "The API server refuses the pods that a workload wants: a quota, a policy, a webhook, a missing ServiceAccount or an " +
			"invalid field.",
		Next:    "Read the refusal: it names what refuses and its numbers.",
		Example: `Deployment web cannot create pods: exceeded quota: compute, requested: cpu=2, used: cpu=4, limited: cpu=4`},
}

func checkWorkloads(s *snapshot.Snapshot, r *finding.Report) {
	for i := range s.Deployments {
		checkDeployment(s, r, &s.Deployments[i])
	}
	for i := range s.StatefulSets {
		checkStatefulSet(s, r, &s.StatefulSets[i])
	}
	for i := range s.DaemonSets {
		checkDaemonSet(s, r, &s.DaemonSets[i])
	}
	checkRefusedJobs(s, r)
}
