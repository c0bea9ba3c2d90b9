package checks

// The codes that checks report. They are stable: postmortems, runbooks and policies name them. What each means is said in the table
// of its check; see [All].
const (
	NodeCNIMissing  = "NodeCNIMissing"
	NodeNotReady    = "NodeNotReady"
	NodeUnreachable = "NodeUnreachable"
	NodePressure    = "NodePressure"
	NodeCordoned    = "NodeCordoned"
	NodeLeaseStale  = "NodeLeaseStale"

	PodCrashLoop     = "PodCrashLoop"
	PodExitsZero     = "PodExitsZero"
	PodOOMKilled     = "PodOOMKilled"
	PodCannotStart   = "PodCannotStart"
	PodRestarts      = "PodRestarts"
	PodImagePull     = "PodImagePull"
	PodConfigError   = "PodConfigError"
	PodUnschedulable = "PodUnschedulable"
	PodProbeFailing  = "PodProbeFailing"
	PodSandboxFailed = "PodSandboxFailed"
	PodVolumeFailed  = "PodVolumeFailed"
	PodStuckCreating = "PodStuckCreating"
	PodInitStuck     = "PodInitStuck"
	PodNotReady      = "PodNotReady"
	PodEvicted       = "PodEvicted"
	PodFailed        = "PodFailed"
	PodTerminating   = "PodTerminating"

	ConfigMapMissing = "ConfigMapMissing"
	SecretMissing    = "SecretMissing"

	DeploymentUnavailable  = "DeploymentUnavailable"
	DeploymentStuck        = "DeploymentStuck"
	StatefulSetUnavailable = "StatefulSetUnavailable"
	DaemonSetUnavailable   = "DaemonSetUnavailable"
	PodsRefused            = "PodsRefused"
	JobFailed              = "JobFailed"

	ServiceNoEndpoints  = "ServiceNoEndpoints"
	ServicePodsUnready  = "ServicePodsUnready"
	ServicePortMismatch = "ServicePortMismatch"
	ServiceMissing      = "ServiceMissing"
	ServiceIdle         = "ServiceIdle"

	DNSLoop          = "DNSLoop"
	DNSCorefileError = "DNSCorefileError"
	DNSScaledToZero  = "DNSScaledToZero"
	DNSDown          = "DNSDown"

	PVCPending = "PVCPending"
	PVCLost    = "PVCLost"
	PVCMissing = "PVCMissing"
)
