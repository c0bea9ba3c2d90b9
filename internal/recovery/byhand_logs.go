package recovery

// saidByHand: of what logs, agents and custom resources tell, no runbook, why not, and what to do.
var saidByHand = map[string]string{
	"CertificateNotSigned": "A certificate vouches for whoever asked for it, so a person signs. Read the request (kubectl describe csr), " +
		"see that the name and the addresses in it are that node's, then kubectl certificate approve; or mend what " +
		"its denial names, and let it be asked for again.",
	"StrayCharacters": "What the value should be only its author knows. Take the blank, the line end or the quotes out of the " +
		"argument or the variable where the workload comes from, and roll that out.",
	"ValueMalformed": "The value is secret, and no plan writes one. Make the Secret anew without a line end (printf, not echo; " +
		"--from-literal), and restart what reads it.",
	"CalledFails": "What is wrong lies in the called program: its log says it. Mend that (a disk, a file, what it calls in " +
		"turn); who calls it comes back by itself.",
	"CalledLacks": "How much a program may take is set in its own configuration, which no plan understands. Raise the limit that " +
		"its answer names, or make room in it.",
	"LogStopped": "Most programs halt so that nothing is lost, and a restart would do the same again or worse. Mend what its " +
		"last error names, then restart it (kubectl rollout restart).",
	"PreStopHookFails": "What the hook is for only its author knows. Correct its command in the workload, or where it only waits use " +
		"preStop.sleep.",
	"ConversionFails": "A kind's objects must not be read in a version that nobody converts. Bring back what served the webhook; if " +
		"that is gone for good, set spec.conversion.strategy of the CustomResourceDefinition to None only if its " +
		"versions are alike.",
	"GarbageStays": "The garbage collector is part of kube-controller-manager, which the API server cannot restart. Mend the kind " +
		"that its log says it cannot list; then it removes what was left by itself.",
	"EvictedAgain": "Why the agent is not content lies in what it wants of the pods, and in its configuration. Until that is " +
		"mended, switch it off for the workload, or scale the agent to zero.",
	"PodsEvictedAgain": "It is a symptom: who removes the pods, and what for, is the cause. Their events name the agent.",
	"AdmissionNotAsked": "Webhook configurations are installed by the agent or its chart, with a certificate that no plan may make. " +
		"Restart the agent's admission (kubectl rollout restart), or install its chart again.",
	"CustomSelectsNothing": "Which of the two is right, the labels or the selector, only their author knows. Change the one that is wrong " +
		"where it comes from.",
	"CustomLimit":       "Who may have how much is a decision. Raise what the resource's spec names, or ask for less.",
	"CustomSwitchedOff": "Somebody switched it off, perhaps for a reason. Ask, then switch it on again where it comes from.",
}
