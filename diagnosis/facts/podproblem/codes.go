package podproblem

import (
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// The codes of findings about pods.
const (
	PodCrashLoop       = "PodCrashLoop"
	PodExitsZero       = "PodExitsZero"
	PodOOMKilled       = "PodOOMKilled"
	PodCannotStart     = "PodCannotStart"
	PodRestarts        = "PodRestarts"
	PodImagePull       = "PodImagePull"
	PodConfigError     = "PodConfigError"
	PodUnschedulable   = "PodUnschedulable"
	PodPreempted       = "PodPreempted"
	PodProbeFailing    = "PodProbeFailing"
	PodSandboxFailed   = "PodSandboxFailed"
	PodVolumeFailed    = "PodVolumeFailed"
	PodStuckCreating   = "PodStuckCreating"
	PodInitStuck       = "PodInitStuck"
	PodNotReady        = "PodNotReady"
	PodEvicted         = "PodEvicted"
	PodOverStorage     = "PodOverStorage"
	PodRejected        = "PodRejected"
	PodSecurityRefused = "PodSecurityRefused"
	PodFailed          = "PodFailed"
	PodTerminating     = "PodTerminating"
)

// Codes document what may be wrong with a pod.
var Codes = []finding.Code{
	{Code: PodCrashLoop, Severity: incident.Critical, Trouble: finding.PodTrouble, Crash: true, InPlace: true,
		Meaning: "A container ends with an error again and again.",
		Next:    "Read the last lines of its log; they say what it could not do.",
		Example: "3 pods of Deployment convocanvas-worker keep crashing: cannot resolve chromadb.chromadb.svc.cluster.local"},
	{Code: PodExitsZero, Severity: incident.Critical, Root: true, Trouble: finding.PodTrouble, Crash: true, InPlace: true,
		Meaning: "A container ends by itself, without an error, and is started again for ever: a task that is run as a service.",
		Next:    "Make it a Job or a CronJob, or give it a command that does not end.",
		Example: "The pod of Deployment migrate ends by itself (exit 0) and is started again and again"},
	{Code: PodOOMKilled, Severity: incident.Critical, Root: true, Final: true, Detail: OutOfMemory{}, Trouble: finding.PodTrouble,
		InPlace: true,
		Meaning: "The kernel killed a container because it used more memory than its limit.",
		Next:    "Raise its memory limit, or make it use less; look at its usage before the kill.",
		Example: "2 pods of Deployment cart are killed for using more memory than their limit of 64Mi"},
	{Code: PodCannotStart, Severity: incident.Critical, Root: true, Final: true, Trouble: finding.PodTrouble, InPlace: true,
		Meaning: "The runtime cannot execute the container's command: it is not in the image, not executable, or for another architecture.",
		Next:    "Compare the container's command with what is in the image.",
		Example: `The pod of Deployment api cannot start: exec "serve": executable file not found in $PATH`},
	{Code: PodRestarts, Severity: incident.Warning, Trouble: finding.PodTrouble, Crash: true, InPlace: true,
		Meaning: "Restarts add up, though the pod runs whenever one looks.",
		Next:    "Read the log of the instance before (kubectl logs --previous).",
		Example: "The pod of Deployment api restarted 42 times (40 a day), last 12m ago"},
	{Code: PodImagePull, Severity: incident.Critical, Root: true, Final: true, Trouble: finding.PodTrouble, InPlace: true,
		Meaning: "The container's image cannot be had.",
		Next:    "Check the reference, the registry's answer, and the pull secret if it names one.",
		Example: `The pod of Deployment web cannot get its image shop/web:v2: not found`},
	{Code: PodConfigError, Severity: incident.Critical, Root: true, Trouble: finding.PodTrouble, InPlace: true,
		Meaning: "The kubelet cannot put the container's configuration together: a ConfigMap, a Secret or a key of one is missing, or a " +
			"rule is broken.",
		Next:    "Create what is missing, or correct the reference.",
		Example: `The pod of Deployment web cannot be configured: configmap "web-conf" not found`},
	{Code: PodUnschedulable, Severity: incident.Critical, Root: true, Detail: Unschedulable{}, Trouble: finding.PodTrouble,
		Meaning: "No node can take the pod.",
		Next:    "Read the scheduler's reasons: they say for how many nodes each holds.",
		Example: "2 pods of Deployment batch cannot be scheduled: 0/3 nodes are available: 3 Insufficient cpu"},
	{Code: PodPreempted, Severity: incident.Critical, Root: true, Final: true, Detail: Unschedulable{}, Trouble: finding.PodTrouble,
		Meaning: "The scheduler took the pod's place away for one of higher priority, and it finds no other.",
		Next:    "Add room, or correct the priorities (priorityClassName) of the two.",
		Example: "The pod of Deployment web lost its place to Deployment batch in namespace jobs (priority 1000) at 09:00:00 UTC, and cannot " +
			"be scheduled"},
	{Code: PodProbeFailing, Severity: incident.Critical, Root: true, Trouble: finding.PodTrouble, Crash: true, InPlace: true,
		Meaning: "A probe fails: the pod gets no traffic (readiness), or is killed and started again (liveness, startup).",
		Next:    "Compare the probe's port, path and times with what the container serves.",
		Example: "The pod of Deployment web is not ready: readiness probe GET :8080/ready fails: connection refused"},
	{Code: PodSandboxFailed, Severity: incident.Critical, Root: true, Detail: SandboxFailed{}, Trouble: finding.PodTrouble,
		Meaning: "The pod's network cannot be set up, so its containers can't be created.",
		Next:    "Look at the CNI plugin on its node.",
		Example: "The pod of Deployment web cannot start on node worker-1: network is not ready"},
	{Code: PodVolumeFailed, Severity: incident.Critical, Root: true, Trouble: finding.PodTrouble, InPlace: true,
		Meaning: "A volume of the pod cannot be attached or mounted.",
		Next:    "Read the mount's error; see whether what the volume names exists and whether another node holds it.",
		Example: `The pod of Deployment web waits for a volume: secret "web-tls" not found`},
	{Code: PodStuckCreating, Severity: incident.Critical, Trouble: finding.PodTrouble,
		Meaning: "The pod's containers have not been created, and nothing says why.",
		Next:    "Look at the kubelet's log on its node.",
		Example: "The pod of Deployment web has been waiting for its containers to be created for 5m"},
	{Code: PodInitStuck, Severity: incident.Warning, Trouble: finding.PodTrouble, Crash: true, InPlace: true,
		Meaning: "An init container runs and does not end, so the pod's containers never start.",
		Next:    "Read the init container's log; it usually waits for something.",
		Example: "The pod of Deployment web waits for its init container wait-db, running for 12m"},
	{Code: PodNotReady, Severity: incident.Warning, Trouble: finding.PodTrouble,
		Meaning: "The pod's containers run, but the pod does not count as ready, so it gets no traffic.",
		Next:    "See whether its node is ready, and its readiness gates.",
		Example: "The pod of Deployment redis runs, but is not ready"},
	{Code: PodEvicted, Severity: incident.Warning, Trouble: finding.PodTrouble,
		Meaning: "The kubelet evicted the pod because its node ran short of something.",
		Next:    "Give it requests that match its use; free the node.",
		Example: "The pod of Deployment cache was evicted from node worker-1: The node was low on resource: memory"},
	{Code: PodOverStorage, Severity: incident.Critical, Root: true, Final: true, Trouble: finding.PodTrouble,
		Meaning: "The kubelet evicts the pod because it uses more local storage than its own limit allows.",
		Next:    "Raise the limit (ephemeral-storage, or the emptyDir's sizeLimit), or find what it writes and where it should go.",
		Example: `2 pods of Deployment web are evicted for using more storage than their own limit: Usage of EmptyDir volume "cache" exceeds the limit "1Gi"`},
	{Code: PodRejected, Severity: incident.Critical, Root: true, Final: true, Detail: Rejected{}, Trouble: finding.PodTrouble,
		Meaning: "The kubelet does not admit a pod that was bound to its node: the node cannot give what the scheduler thought that it could.",
		Next:    "Read the kubelet's reason; look for pods that no scheduler placed (static pods, nodeName), and for device plugins.",
		Example: "3 pods of Deployment train were rejected by the kubelet of node gpu-1 (UnexpectedAdmissionError): Allocate failed due to no " +
			"healthy devices"},
	{Code: PodSecurityRefused, Severity: incident.Critical, Root: true, Final: true, Trouble: finding.PodTrouble,
		Meaning: "The kubelet or the container runtime refuses a container for its own security settings.",
		Next:    "Correct the field that is named, or what the image and the node bring along for it.",
		Example: "The pod of Deployment web is refused for its spec.containers[main].securityContext.runAsNonRoot: it must not run as root, " +
			"and its image does"},
	{Code: PodFailed, Severity: incident.Warning, Trouble: finding.PodTrouble, Crash: true, InPlace: true,
		Meaning: "The pod ended with an error and is not started again.",
		Next:    "Read its log.",
		Example: "Pod backup has failed: exit code 1 (a general error of the program)"},
	{Code: PodTerminating, Severity: incident.Warning, Trouble: finding.PodTrouble,
		Meaning: "The pod should be gone long since: its node does not answer, or a finalizer or a volume holds it.",
		Next:    "See whether its node answers; then who should remove the finalizer.",
		Example: "The pod of StatefulSet db should have been gone since 09:00:00 UTC and is still terminating"},
}
