package finding

import "time"

// Memory is how old something may be and still speak of now, or how far apart two moments may lie and still belong together.
type Memory struct {
	Name string // as the guide calls it
	For  time.Duration
	Why  string // why so long, and after whom, for the guide
}

// Memories are all that there are, in the order of the guide.
var Memories = []Memory{
	RecentRestart, OldRestart, JustStarted, Forgiven, Seldom, RecentProbe, NearKill, MissedLease, RecentRefusal, RecentError,
	WarnedBefore,
	StillTold, Recently, LastWeek, LongPast, NearExpiry, RenewBefore, WrongClock, FailsAgain, UpdateTakes, NetworkTouched,
	TouchedAfter, ReloadLoses, TakenWithin, SettledAPI, DNSStarts, LoopShows, LeaseLasts, EventLately, EventOnce, EventStopped,
	OtherYear, OtherEra, ProbeGrace,
}

// How long restarts speak of now.
var (
	RecentRestart = Memory{"RecentRestart", time.Hour, "A restart within the hour speaks of now: events are kept for as long."}
	OldRestart    = Memory{"OldRestart", 24 * time.Hour, "A restart, or a failed pod, of a day ago is the past."}
	JustStarted   = Memory{"JustStarted", time.Minute, "After two crashes or more, running for less than this proves nothing."}
	Forgiven      = Memory{"Forgiven", 10 * time.Minute,
		"After running for this long a container is started anew without delay: the kubelet forgets its back-off."}
	Seldom      = Memory{"Seldom", 24 * time.Hour, "Restarts that lie further apart than a day are not worth waking anybody."}
	RecentProbe = Memory{"RecentProbe", 10 * time.Minute,
		"A probe that still fails now and then was last heard of within this: of many alike events a kubelet sends one in five minutes."}
	NearKill = Memory{"NearKill", 2 * time.Minute,
		"How far the kubelet's word of a system OOM may be from the end of the container that it killed."}
)

// How long words, errors and changes speak of now.
var (
	MissedLease = Memory{"MissedLease", 40 * time.Second,
		"The node lifecycle controller gives up on a lease that was not renewed for as long (--node-monitor-grace-period, before 1.32)."}
	RecentRefusal = Memory{"RecentRefusal", 20 * time.Minute,
		"A refused call is tried again after 1000 s at the latest by Kubernetes' controllers; an older refusal may have been mended since."}
	RecentError = Memory{"RecentError", 15 * time.Minute,
		"An error that a log repeats is still going on if it was last said within this, where it came at shorter intervals."}
	WarnedBefore = Memory{"WarnedBefore", 5 * time.Minute,
		"What a called program warns of for the first time, and its caller's errors, belong together if these follow within a client's usual " +
			"timeouts and a few tries."}
	StillTold = Memory{"StillTold", time.Hour, "A line of the kernel or a service of within the hour speaks of now."}
	Recently  = Memory{"Recently", 24 * time.Hour,
		"What is told of the past of a node or of the cluster's DNS: reboots, errors of disks, changes."}
	LastWeek   = Memory{"LastWeek", 7 * 24 * time.Hour, "How old a change of a node, or its failed update, may be that is still told."}
	LongPast   = Memory{"LongPast", 7 * 24 * time.Hour, "A Job or release that failed longer ago is no concern of today."}
	NearExpiry = Memory{"NearExpiry", 14 * 24 * time.Hour,
		"Certificates are spoken of this long before their end, or for a fifth of their life: cert-manager renews at a third."}
	RenewBefore = Memory{"RenewBefore", 30 * 24 * time.Hour,
		"A node's certificate should have been renewed this long before its end; one that lives shortly, a tenth of its life before."}
	WrongClock = Memory{"WrongClock", 30 * time.Second,
		"How far a node's clock may be from the API server's: a request takes seconds at worst; Kerberos and many " +
			"tokens give up at five minutes."}
)

// How long events speak of now that no check knows.
var (
	EventLately  = Memory{"EventLately", time.Hour, "The API server keeps events for an hour; one that came seldom may be as old."}
	EventOnce    = Memory{"EventOnce", 15 * time.Minute, "Who tried again would have told again: controllers do within 1000 s."}
	EventStopped = Memory{"EventStopped", 5 * time.Minute,
		"An event that came more often than once in two minutes has stopped by then: of many alike a component sends one in five minutes."}
)

// How far apart moments may lie that belong together.
var (
	FailsAgain     = Memory{"FailsAgain", 15 * time.Minute, "Failures of a service that lie within this are one loop."}
	UpdateTakes    = Memory{"UpdateTakes", 5 * time.Minute, "Errors this long after an update's beginning are its own."}
	NetworkTouched = Memory{"NetworkTouched", time.Hour, "How long before pods fail their host's network may have been touched for it."}
	TouchedAfter   = Memory{"TouchedAfter", time.Minute, "How long after that moment it may have been, by another clock."}
	ReloadLoses    = Memory{"ReloadLoses", 10 * time.Minute, "How long after a reload of systemd a container may first miss its devices."}
	TakenWithin    = Memory{"TakenWithin", 10 * time.Minute, "From the change of an API to the first autoscaler that it refuses."}
	SettledAPI     = Memory{"SettledAPI", time.Hour, "How long an API must have been there for its change to take it from somebody."}
	DNSStarts      = Memory{"DNSStarts", 15 * time.Second,
		"CoreDNS waits for the API server's lists until it answers, its endpoints for its readiness."}
	LoopShows = Memory{"LoopShows", time.Minute,
		"CoreDNS notices a loop within seconds of its start; a Corefile that serves for longer has none."}
	LeaseLasts = Memory{"LeaseLasts", 15 * time.Second,
		"A leader's Lease that does not say how long it lasts (--leader-elect-lease-duration)."}
	OtherYear = Memory{"OtherYear", 24 * time.Hour,
		"A stamp without a year that lies further ahead is of the year before; less is another clock's or zone's."}
	OtherEra   = Memory{"OtherEra", 10 * 365 * 24 * time.Hour, "A longer age than this is a clock that was not set."}
	ProbeGrace = Memory{"ProbeGrace", time.Minute,
		"How much longer than its probe allows a container lives that the probe ends: the kubelet waits for the grace period on top."}
)
