package finding

import "time"

// Patience is how long something may take before whoever is to be woken hears of it. Who asks hears of it at once.
type Patience struct {
	Name string // "Settling", as the guide calls it
	For  time.Duration
	May  string // what it may still be: "may still be starting"
	Why  string // why so long, and after whom, for the guide
}

// Lasting is the same patience for as long as what it is about asks for.
func (p Patience) Lasting(d time.Duration) Patience {
	p.For = d
	return p
}

// Term is until when something may still be normal, and what it may be. The zero value is no time at all.
type Term struct {
	Until time.Time
	May   string
}

// Lasts is the term of what began then; none where that is not known.
func Lasts(p Patience, since time.Time) Term {
	if since.IsZero() {
		return Term{}
	}
	return Term{since.Add(p.For).UTC(), p.May}
}

// Max is the longer of two terms.
func (t Term) Max(other Term) Term {
	if other.Until.After(t.Until) {
		return other
	}
	return t
}

// Over says whether the time is up.
func (t Term) Over(now time.Time) bool { return !t.Until.After(now) }

// Patiences are all that there are, in the order of the guide: a check that finds what may pass by itself says with [Finding.MayPass] or
// [Finding.NotYet] which of them holds.
var Patiences = []Patience{
	Settling, WarmUp, LongStart, SlowProbe, SecondStart, FullAgain, StartAnew, SlowPull, SlowCreation, SlowInit, NoScheduler, SchedulerHangs,
	GateOpens, ScaleUp, StuckTerminating, PartDone, RolloutMoves, HeldUpdate, PauseForgotten, HelperEnds, NextTry, EndlessJob, LateStart,
	LongRun, Unmeasured, AtMaximum, LongAtMaximum, AheadOf, LongStanding, SlowProvisioning, SlowDetach, SlowResize, SlowBalancer, SlowIngress,
	SlowIssuer, NewNode, AgentComes, StartingRuntime, StaleLease, LeavingTime, ForgottenCordon, APIRestarts, LostLead, SlowNamespace,
	EndsAgain, CustomFails, CustomSettles, CustomProgresses, CustomUnseen, HelmOperation,
}

// How long pods and their containers may take.
var (
	Settling = Patience{"Settling", 30 * time.Second, "may still settle",
		"What is made together is not there at the same moment, and controllers, kubelets and endpoints follow within seconds. A kubelet " +
			"starts a container that crashed once anew after 10 s, and a probe asks every 10 s by default."}
	WarmUp = Patience{"WarmUp", 2 * time.Minute, "may still be starting",
		"Virtual machines of languages, caches and joining a cluster take a program a minute or two until it answers, where its probes " +
			"grant no more."}
	LongStart = Patience{"LongStart", 10 * time.Minute, "may still be starting",
		"The most that a pod's own probes (initialDelaySeconds, periodSeconds, failureThreshold) can ask for before somebody should know."}
	SlowProbe = Patience{"SlowProbe", 0, "may still pass its probe",
		"As long as the probe itself takes until it has failed for good: initialDelaySeconds, and failureThreshold times periodSeconds. " +
			"What fails less often than that has no consequence."}
	SecondStart = Patience{"SecondStart", time.Minute, "may do well from its second start on",
		"What a program lacked when it was first started may be there a minute later; a container that crashes again is told at once."}
	FullAgain = Patience{"FullAgain", time.Hour, "may keep within its memory limit from now on",
		"Memory fills as it did before, unless it was one large request; a container that is killed again soon is told at once."}
	StartAnew = Patience{"StartAnew", 2 * time.Minute, "may still be started anew after its node",
		"A container that ended because its node or runtime went down is started by the kubelet as soon as that is back, which takes as " +
			"long as WarmUp."}
	SlowPull = Patience{"SlowPull", 15 * time.Minute, "may still be pulling its image",
		"Images of machine learning weigh many gigabytes."}
	SlowCreation = Patience{"SlowCreation", 3 * time.Minute, "may still be being created",
		"Attaching a cloud's volume takes a minute or two, a large image longer, and the kubelet complains by events if anything fails."}
	SlowInit = Patience{"SlowInit", 5 * time.Minute, "may still be at its work",
		"Migrations in init containers take minutes; waiting for what does not come takes longer."}
	NoScheduler = Patience{"NoScheduler", time.Minute, "may still be taken up by a scheduler",
		"kube-scheduler says of a pod within a second where it goes, or why it goes nowhere."}
	SchedulerHangs = Patience{"SchedulerHangs", 3 * time.Minute, "the scheduler may still come to it",
		"The pods of one workload may be held by something of their own; those of two that wait as long without a word are not."}
	GateOpens = Patience{"GateOpens", 5 * time.Minute, "may still be let through its scheduling gate",
		"Gates are lifted by controllers, which wait for quotas and for places of their own."}
	ScaleUp = Patience{"ScaleUp", 10 * time.Minute, "may still get the node that the autoscaler has promised",
		"A cloud makes a node within minutes; the cluster autoscaler gives up on one after 15 (--max-node-provision-time)."}
	StuckTerminating = Patience{"StuckTerminating", time.Minute, "may still be ending",
		"The deletion's time includes the grace period; the kubelet then kills what still runs and unmounts its volumes."}
	PartDone = Patience{"PartDone", 12 * time.Hour, "may still have the rest of its work to do",
		"One container of a task that does not end may be done long before the others, unless the rest is a sidecar that nobody stops."}
)

// How long workloads may take.
var (
	RolloutMoves = Patience{"RolloutMoves", 30 * time.Second, "may still be rolling out",
		"The Deployment controller notes each step of a rollout that moves; it calls one stuck by itself after progressDeadlineSeconds, 10 " +
			"minutes by default."}
	EndsAgain = Patience{"EndsAgain", 2 * time.Hour, "may be over with the pods that have ended",
		"What fails as pods end fails no more until the next ones do; nobody need be woken for pods that are gone."}
	HeldUpdate = Patience{"HeldUpdate", 2 * time.Minute, "may still become ready, and be replaced",
		"With OrderedReady a pod of an older revision is replaced once it is ready, which takes as long as WarmUp."}
	PauseForgotten = Patience{"PauseForgotten", 24 * time.Hour, "may be paused on purpose",
		"Who pauses a Deployment for a change in several steps, or for a canary, comes back within a day."}
	HelperEnds = Patience{"HelperEnds", 10 * time.Minute, "may still end after its task",
		"A helper that is told to quit drains its connections first: Envoy for 10 minutes by default."}
	NextTry = Patience{"NextTry", 6 * time.Minute, "may still succeed at its next try",
		"The Job controller tries again after 10 s, 20 s, 40 s … and 6 minutes at most, backoffLimit times (6 by default); then the Job says " +
			"itself that it has failed."}
	EndlessJob = Patience{"EndlessJob", 72 * time.Hour, "may still have work to do",
		"Jobs without activeDeadlineSeconds are meant to take their time: imports and trainings take days."}
	LateStart = Patience{"LateStart", 10 * time.Minute, "may still be started",
		"The CronJob controller starts a run within seconds of its time, and catches up minutes after it was away itself."}
	LongRun = Patience{"LongRun", time.Hour, "may still end, and let the next one start",
		"With concurrencyPolicy Forbid, a run of less than this may be meant to hold the next ones up."}
	Unmeasured = Patience{"Unmeasured", 3 * time.Minute, "may still get its metrics",
		"metrics-server needs two rounds of 15 s to measure a new pod, and the kubelets theirs; the autoscaler looks every 15 s."}
	AtMaximum = Patience{"AtMaximum", 15 * time.Minute, "may be a peak",
		"A peak that an autoscaler answers with its maximum is what the maximum is for; it scales down again after 5 minutes."}
	LongAtMaximum = Patience{"LongAtMaximum", time.Hour, "may be a peak",
		"Beyond AtMaximum it is worth knowing; a maximum that is in force for an hour is too low, or something is wrong below it."}
	LongStanding = Patience{"LongStanding", 24 * time.Hour, "may be of no account",
		"What was so for a day, and what nothing is seen to use or to suffer from, is hardly what hurts now."}
	AheadOf = Patience{"AheadOf", 10 * time.Minute, "may be made ahead of its workload",
		"What is installed together comes in an order of its own, and a chart's hooks take minutes."}
)

// How long volumes, addresses and certificates may take.
var (
	SlowProvisioning = Patience{"SlowProvisioning", 2 * time.Minute, "may still be provisioned",
		"A provisioner says by an event that it begins within seconds; a restarted one first takes its lease, which takes a minute."}
	SlowDetach = Patience{"SlowDetach", time.Minute, "may still be detached from its node",
		"The attach/detach controller looks every few seconds; a cloud takes up to a minute to detach a volume."}
	SlowResize = Patience{"SlowResize", 5 * time.Minute, "may still grow",
		"Clouds take minutes to enlarge a volume; its file system grows when the kubelet next looks."}
	SlowBalancer = Patience{"SlowBalancer", 5 * time.Minute, "may still get its address",
		"Clouds take a few minutes to set up a load balancer."}
	SlowIngress = Patience{"SlowIngress", 2 * time.Minute, "may still be taken up by its controller",
		"Controllers take an Ingress up within seconds, and write its address within a minute (ingress-nginx: every 60 s)."}
	SlowIssuer = Patience{"SlowIssuer", 10 * time.Minute, "may still be issued",
		"ACME's challenges wait for DNS to spread, and cert-manager tries again after minutes."}
)

// How long nodes and the control plane may take.
var (
	NewNode = Patience{"NewNode", 3 * time.Minute, "may still be set up",
		"A new node's network plugin has yet to be pulled and started before the kubelet calls the node ready."}
	AgentComes = Patience{"AgentComes", 2 * time.Minute, "may still get its pod",
		"The DaemonSet controller makes a pod for a new node within seconds; taints that other controllers lift can keep it away for a minute."}
	StartingRuntime = Patience{"StartingRuntime", 2 * time.Minute, "may still be starting",
		"A kubelet that has just started waits for its first look at the runtime, which lists all containers."}
	StaleLease = Patience{"StaleLease", 60 * time.Second, "may still renew its lease",
		"Kubelets renew every 10 s, and the node lifecycle controller gives up on a lease after 40 s (--node-monitor-grace-period)."}
	LeavingTime = Patience{"LeavingTime", 15 * time.Minute, "may be on its way out",
		"Draining a node and ending its machine takes minutes; the cluster autoscaler gives " +
			"up a drain after 10 (--max-graceful-termination-sec)."}
	ForgottenCordon = Patience{"ForgottenCordon", 24 * time.Hour, "may be cordoned on purpose",
		"A cordon lasts for as long as the maintenance that it is for; after a day people have forgotten it."}
	APIRestarts = Patience{"APIRestarts", 45 * time.Second, "may be restarting",
		"A control plane with one API server is away for as long as that takes to start: half a minute for an upgrade or a changed setting."}
	LostLead = Patience{"LostLead", 45 * time.Second, "may still be renewed, or taken over",
		"After its Lease ran out (15 s) a leader's successor takes it within two rounds of 2 s, and needs half a minute to begin."}
	SlowNamespace = Patience{"SlowNamespace", 5 * time.Minute, "may still be emptied",
		"The namespace controller deletes what is in it and waits for the pods' grace periods."}
)

// How long custom resources may take.
var (
	CustomFails = Patience{"CustomFails", time.Minute, "may still pass at its controller's next try",
		"A controller tries again what failed within seconds (controller-runtime: from 5 ms on, doubling), and a minute shows whether it " +
			"gets over it."}
	CustomSettles = Patience{"CustomSettles", 10 * time.Minute, "may still become ready",
		"What is not ready without a word of failure or of progress: most controllers have made what they make within minutes."}
	CustomProgresses = Patience{"CustomProgresses", 45 * time.Minute, "may still be in the making",
		"What says that it is being made: controllers make machines, databases and clusters, at times for half an hour and more."}
	CustomUnseen = Patience{"CustomUnseen", 10 * time.Minute, "may still be taken note of by its controller",
		"A change, or an object, that its controller has not taken note of: a busy one gets to it within minutes."}
	HelmOperation = Patience{"HelmOperation", 30 * time.Minute, "may still be under way",
		"An operation of Helm ends after five minutes unless told otherwise (--timeout); hooks and large charts are given more."}
)
