package recovery

// podRunbooks treat what a pod or its template names or asks for.
var podRunbooks = []Runbook{
	{"name-what-exists", "Lets a pod template name the ConfigMap, Secret or key that exists and looks like the one that does not.",
		[]string{"ConfigMapMissing", "SecretMissing", "PodConfigError", "PodVolumeFailed"},
		forEach("let %d workloads name what exists", mendReference)},
	{"name-image", "Gives a container the image, or the credentials, with which others of the cluster run.",
		[]string{"PodImagePull"}, forEach("give %d workloads images that exist", mendImage)},
	{"raise-memory", "Raises a memory limit at which a container was killed, within what nodes and quotas allow.",
		[]string{"PodOOMKilled", "PodRestarts"}, forEach("raise the memory limits of %d workloads", mendMemory)},
	{"raise-storage", "Raises the limit of local storage for which a pod was evicted, within what nodes and quotas allow.",
		[]string{"PodOverStorage"}, forEach("raise the storage limits of %d workloads", mendStorage)},
	{"correct-probe", "Lets a probe ask as the container answers.",
		[]string{"PodProbeFailing", "PodRestarts"}, forEach("correct the probes of %d workloads", mendProbe)},
	{"correct-command", "Lets a container start what others with the same image start, or run where its image does.",
		[]string{"PodCannotStart"}, forEach("correct what %d workloads start", mendCommand)},
	{"find-place", "Corrects the scheduler, node selector, tolerations or requests that keep a pod from every node.",
		[]string{"PodUnschedulable"}, forEach("let %d workloads be placed", mendPlace)},
	{"name-node", "Lets a DaemonSet want the label that nodes have and that looks like the one that none has.",
		[]string{"DaemonSetNoNode"}, forEach("let %d DaemonSets find nodes", mendSelector)},
	{"set-variable", "Sets the variable that a program says it lacks.",
		[]string{"LogMissingEnv"}, forEach("set a variable for %d workloads", mendVariable)},
	{"leave-out-service-links", "Keeps the variables that Kubernetes makes of Services from a program that stumbles over them.",
		[]string{"LogServiceLink"}, forEach("keep the variables of Services from %d workloads", mendServiceLinks)},
	{"reread-settings", "Restarts a workload that runs with what its settings were before.",
		[]string{"SettingsOld", "EnvironmentStale"}, draftReread},
	{"resume-rollout", "Resumes the rollout of a Deployment that somebody paused.",
		[]string{"DeploymentPaused"}, forEach("resume %d rollouts", mendPaused)},
	{"free-statefulset", "Deletes the pod of an older revision for which a StatefulSet waits in vain.",
		[]string{"StatefulSetHeld"}, draftHeld},
	{"make-headless-service", "Makes the headless Service that a StatefulSet names.",
		[]string{"StatefulSetNoService"}, forEach("make %d headless Services", mendServiceName)},
	{"delete-leftovers", "Deletes pods that have failed and that their workload has replaced.",
		[]string{"PodEvicted", "PodFailed", "PodRejected"}, draftLeftovers},
	{"start-elsewhere", "Deletes a pod that never begins to run, so that another is made, if its workload runs elsewhere.",
		[]string{"PodStuckCreating"}, draftElsewhere},
	{"let-go", "Ends a pod whose node is gone, or that the finalizer of a controller holds that is gone.",
		[]string{"PodTerminating"}, draftGone},
}

// podsByHand: no runbook, why not, and what to do.
var podsByHand = map[string]string{
	"PodPreempted": "Which of two workloads matters more is for people to say. Add a node, or correct the priorityClassName of the two.",
	"RegistryFails": "What fails lies outside the cluster. See whether the registry answers from a node; log in to it to lift its rate " +
		"limit, or " +
		"pull through a mirror.",
	"LogMigrationFailed": "A schema that is half migrated is known to nobody but its program, and the version before may not run on it. " +
		"Read the " +
		"migration's error, mend the schema by hand or restore it, then start the program again.",
	"LogNoSpace": "What may be deleted is known to nobody but its owner. Make room on the volume that the log names, or let it grow if its " +
		"StorageClass allows that.",
	"LogLockHeld": "Whoever holds the lock may be writing, and two that write destroy the data. Find the other process, end it, and " +
		"remove a " +
		"stale lock only when nobody holds it.",
	"LogDeviceLost": "The container's devices are given back to it only when it is made anew, and may be lost again if the node is the " +
		"reason. See " +
		"to the node's driver first; then delete the pod.",
	"NodeLimitShared": "The limit is a setting of the node's kernel, which is set on the machine. Raise it there (sysctl fs.inotify, " +
		"fs.file-max, " +
		"kernel.pid_max), or move pods to other nodes.",
	"LogErrorsRepeat": "An error in a log proves nothing by itself. Read what it is about; where it began with a rollout, roll that back.",
	"LogErrorOnce":    "One line proves nothing. Look again later whether it comes back.",
	"LogFaultsObject": "The object says what somebody wants, and only they know what it should have been. Correct the field that the log " +
		"names.",
	"CalledComplains": "What the called program refuses, its own log says. Mend that there: the caller is well.",
}
