package finding

import "time"

// Patience is how long something may take before whoever is to be woken hears of it. Who asks hears of it at once.
type Patience struct {
	Name string // "Settling", as the guide calls it
	For  time.Duration
	May  string // what it may still be: "may still be starting"
	Why  string // why so long, and after whom, for the guide
}

// How long something may take, or how old it may be, before areas that share the answer tell of it, or no longer do.
const (
	// Settling is how long a pod or a condition may be new without being looked at: what passes by itself does so within it.
	Settling = 30 * time.Second
	// WarmUp is how long a program may take from its start until it answers: virtual machines of languages, caches and joining a cluster
	// take a minute or two.
	WarmUp = 2 * time.Minute
	// LongStart is the most that a probe can ask for before somebody should know.
	LongStart = 10 * time.Minute
	// StuckTerminating is how long after its grace period (which the deletion's time includes) a pod should be gone.
	StuckTerminating = time.Minute
	// SlowIngress is how long a controller may take to take an Ingress up.
	SlowIngress = 2 * time.Minute
	// LostLead is how long after its lease ran out a leader, or its successor, should have renewed it.
	LostLead = 45 * time.Second
	// NearExpiry is how long before its end a certificate is spoken of.
	NearExpiry = 14 * 24 * time.Hour

	RecentRestart = time.Hour      // a restart that speaks of now
	OldRestart    = 24 * time.Hour // a restart, or a failed pod, that is the past
	StillTold     = time.Hour      // how old a line of the kernel may be that speaks of now
	// RecentRefusal is how long an event about a refused call speaks of now: controllers try again within minutes.
	RecentRefusal = 20 * time.Minute
	Recently      = 24 * time.Hour     // bounds what is told of a node's past
	LastWeek      = 7 * 24 * time.Hour // how old a change or a failed update may be that is still told
	LongPast      = 7 * 24 * time.Hour // how long ago a Job may have failed to be a concern of today
)

// How long a custom resource may say that it is not well.
var (
	// CustomFailing is for what speaks of a failure: controllers try again within seconds.
	CustomFailing = Patience{Name: "CustomFailing", For: time.Minute, May: "its controller may still get over it",
		Why: "a controller that fails tries again within seconds, and a minute shows whether it gets over it"}
	// CustomPlain is for what is not ready without a word of failure or of progress.
	CustomPlain = Patience{Name: "CustomPlain", For: 10 * time.Minute, May: "it may still become ready",
		Why: "most controllers have made what they make within minutes"}
	// CustomProgress is for what says that it is being made.
	CustomProgress = Patience{Name: "CustomProgress", For: 45 * time.Minute, May: "it may still be in the making",
		Why: "controllers make machines, databases and certificates: minutes, at times half an hour"}
	// CustomUnseen is for a change, or an object, that its controller has not taken note of.
	CustomUnseen = Patience{Name: "CustomUnseen", For: 10 * time.Minute, May: "its controller may still get to it",
		Why: "a busy controller gets to a change within minutes"}
)
