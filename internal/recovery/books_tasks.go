package recovery

// taskRunbooks treat Jobs, CronJobs, autoscalers, disruption budgets, quotas, refused pods and rights.
var taskRunbooks = []Runbook{
	{"run-job-again", "Makes a failed Job once more under another name, where what it failed of is seen to have passed.",
		[]string{"JobFailed"}, draftRunAgain},
	{"end-hanging-run", "Ends a CronJob's run that has taken far longer than any other, so that the next one starts.",
		[]string{"CronJobBlocked"}, draftEndRun},
	{"end-helper", "Ends a CronJob's run whose work is done, while a helper beside it runs on.",
		[]string{"JobHeld"}, draftEndHelper},
	{"mend-schedule", "Puts a CronJob's schedule or time zone back as it was applied, or corrects a zone that is one letter off.",
		[]string{"CronJobSchedule"}, draftSchedule},
	{"allow-late-start", "Lets a CronJob's run start late, until the next one is due.",
		[]string{"CronJobMissed"}, draftDeadline},
	{"one-run-at-a-time", "Keeps a CronJob's runs from adding up.",
		[]string{"CronJobOverlaps"}, draftForbid},
	{"resume-cronjob", "Resumes a suspended CronJob that something else needs.",
		[]string{"CronJobSuspended"}, draftResume},
	{"mend-scale-target", "Points an autoscaler to the workload that its target nearly names.",
		[]string{"HPATargetMissing"}, draftScaleTarget},
	{"raise-maximum", "Raises an autoscaler's maximum to what its own metrics ask for, as far as nodes and quotas have room.",
		[]string{"HPAAtMaximum"}, draftMaximum},
	{"set-request", "Gives a container the request that its autoscaler measures by, from an earlier revision or a workload with the same " +
		"image.",
		[]string{"HPARequestMissing"}, draftRequest},
	{"one-autoscaler", "Removes of two autoscalers of one workload the later one.",
		[]string{"HPAConflict"}, draftOneAutoscaler},
	{"room-to-drain", "Makes room for one disruption: one pod more, or a budget that allows one.",
		[]string{"PDBBlocksDrain", "PDBTight"}, draftRoomToDrain},
	{"mend-budget-selector", "Corrects a disruption budget's selector by the labels of the pods that it nearly names.",
		[]string{"PDBMatchesNone"}, draftBudgetSelector},
	{"one-budget", "Removes of two disruption budgets the one whose pods the other protects as well.",
		[]string{"PDBOverlap"}, draftOneBudget},
	{"admit-pods", "Changes what the API server refuses a workload's pods for: a quota, bounds, a level, a name; or rolls the workload back.",
		[]string{"PodsRefused"}, draftAdmit},
	{"mend-account", "Makes the ServiceAccount that bindings name, or sets the one that a workload nearly names.",
		[]string{"ServiceAccountMissing"}, draftAccount},
	{"grant-right", "Gives an account exactly what is refused to it, where the roles and bindings show that it was meant to have it.",
		[]string{"RightMissing", "RoleMissing"}, draftRight},
	{"scale-up-server", "Gives what is to answer for a webhook or an API its pods back, where it is scaled to zero.",
		[]string{"WebhookNoEndpoints", "WebhookFailing", "APIServiceUnavailable", "HPANoMetrics"}, draftServerScaleUp},
	{"mend-webhook-port", "Gives a Service the port at which a webhook calls it.",
		[]string{"WebhookPortMissing"}, draftWebhookPort},
	{"let-pass", "Lets pass what a webhook should judge that does not answer, until it does.",
		[]string{"WebhookServiceMissing", "WebhookNoEndpoints", "WebhookPortMissing", "WebhookCAExpired", "WebhookFailing"}, draftUnguard},
	{"remove-dead-api", "Removes an API whose server is gone for good, and which keeps namespaces from going.",
		[]string{"APIServiceUnavailable", "NamespaceTerminating"}, draftRemoveAPI},
}

// tasksByHand: no runbook, why not, and what to do.
var tasksByHand = map[string]string{
	"JobEndless": "Whether a Job that has run for days still does something cannot be seen from outside. Look at its log; if it hangs, " +
		"give it an " +
		"activeDeadlineSeconds (kubectl patch job), which ends it.",
	"KeeperIdle": "Why it was switched off only its owner knows. Resume it (kubectl patch cronjob … suspend: false) or scale it up, run it " +
		"once (kubectl create job --from), and see that what it makes is new.",
	"SisterHas": "What the other has may be of another time or purpose. Compare the two (kubectl get -o yaml), and set what is missing " +
		"where the object is installed from.",
	"CustomRivals": "Which of the two is to have the object only their owners know. Give the newer one a target of its own where it is " +
		"installed from, then let the older one write its own anew.",
	"DefaultsAmbiguous": "Which of them is to be the default only their owners know. Take the mark from the others (kubectl annotate KIND " +
		"NAME KEY-), where they are installed from, too.",
	"NamespacePassedBy": "Whether the namespace is to be left out only its owner knows. Label it as the webhook's namespaceSelector asks " +
		"(kubectl label namespace), and restart its workloads, so that their pods are made anew.",
	"CronJobNoSuccess": "Its runs start as they should, and each fails for a reason of its own. Read the log of the last run's pods; " +
		"what it says is " +
		"a finding of its own where it is understood.",
	"HPAFought": "Two writers set the number of pods, and the one that is not the autoscaler sits outside the cluster, as a manifest " +
		"that is applied " +
		"again and again does. Take spec.replicas out of it.",
	"PDBUnhealthy": "The budget is right: too few of its pods are well. Mend these, and it allows a disruption by itself.",
	"QuotaNearlySpent": "Nothing is refused yet. Free what is not needed, or raise the quota before the next rollout; once it refuses " +
		"pods there is a " +
		"plan that raises it by what is missing.",
	"WebhookPassesBy": "Which labels a webhook goes by is its maker's choice, and older pods lose what they have as they are made anew. Add " +
		"the labels that its objectSelector wants to the pod template, and see that a new pod is given it.",
	"CustomUnselected": "Whether it is to be taken up, and by whom, is for its owner to say: kubectl label it with what the selector wants, " +
		"or widen the selector.",
	"WebhookInjects": "What a webhook puts into pods stands in its own configuration, of which every one has another form. Correct the " +
		"image or the " +
		"setting there (often a ConfigMap beside it), or exempt the namespace by the label that its namespaceSelector asks for.",
	"WebhookCatchesItself": "Nothing fails yet. Exempt the webhook's own namespace by its namespaceSelector where it is installed from, " +
		"so that its " +
		"pods can start while it does not answer.",
	"APIServiceTakenOver": "Which of the two servers is to have the API only their owners know, and each installs its own again. Turn " +
		"the APIService " +
		"of one off where it is installed from (with Helm, a value of its chart), and install the other again.",
	"AuthorityExpired": "A root and an issuer are made anew by the means of the program that has them (its command line, or its chart's " +
		"values), and all who trust the old one need the new one. Then restart what is shut out.",
	"LockHolderGone": "Whether what the lock guarded was finished only its owner knows: the holder may have been half-way. Make sure that " +
		"it is gone for good, then remove the annotation that the finding names (kubectl annotate KIND/NAME KEY-).",
	"SchedulerNotLeading": "The scheduler runs as a static pod or a service of its node, which the API server cannot restart. Look at " +
		"its log on the " +
		"control plane's node (crictl logs, journalctl), and mend what it says.",
	"ControllerManagerNotLeading": "The controller-manager runs as a static pod or a service of its node, which the API server cannot " +
		"restart. Look " +
		"at its log on the control plane's node (crictl logs, journalctl), and mend what it says.",
	"SchedulerIdle": "A scheduler that hangs is restarted on its node: move its manifest out of /etc/kubernetes/manifests and back, or " +
		"restart the " +
		"service. Keep its log first, for what it hangs at will come again.",
	"EtcdUnhealthy": "Nothing can be written while the datastore is ill, a plan's steps included. On its node: look at its log and disk; " +
		"with no space " +
		"left, compact, defragment and disarm the alarm (etcdctl alarm disarm); with members lost, restore the quorum.",
	"APIServerUnhealthy": "Which check fails is in the finding, and what it checks lies beneath the API server. Look at its log on its node.",
	"APIServerAway": "Without the API server no step can be taken, nor proved. On its node: systemctl status k3s, or crictl ps -a and " +
		"/etc/kubernetes/manifests; its log says why it ends.",
	"APISlow": "Slowness has a source outside the objects: the datastore's disk, or a client that lists too much. Look at etcd's fsync " +
		"times, and at " +
		"apiserver_request_total by client.",
	"APIVersionRemoved": "The program asks for an API that this Kubernetes does not serve; only a version of it that asks for the new " +
		"one helps. " +
		"Upgrade it, or change its manifests (kubectl convert).",
	"EventStorm": "Who writes the events has to stop, and that is a program's own fault. Mend what its events complain of, or scale it " +
		"down; events " +
		"go by themselves within an hour.",
}
