package finding

import (
	"time"
)

const (
	RecentRestart = time.Hour      // a restart that speaks of now
	OldRestart    = 24 * time.Hour // a restart, or a failed pod, that is the past
)

const StillTold = time.Hour // how old a line of the kernel may be that speaks of now

const LastWeek = 7 * 24 * time.Hour // how old a change or a failed update may be that is still told

// SlowIngress is how long a controller may take to take an Ingress up.
const SlowIngress = 2 * time.Minute

// LongPast is how long ago a Job may have failed to be a concern of today.
const LongPast = 7 * 24 * time.Hour

// LostLead is how long after its lease ran out a leader, or its successor, should have renewed it.
const LostLead = 45 * time.Second

// Recently bounds what is told of a node's past.
const Recently = 24 * time.Hour

// Settling is how long a pod or a condition may be new without being looked at: what passes by itself does so within it.
const Settling = 30 * time.Second

// StuckTerminating is how long after its grace period (which the deletion's time includes) a pod should be gone.
const StuckTerminating = time.Minute

// RecentRefusal is how long an event about a refused call speaks of now: controllers try again within minutes.
const RecentRefusal = 20 * time.Minute

// NearExpiry is how long before its end a certificate is spoken of.
const NearExpiry = 14 * 24 * time.Hour

// WarmUp is how long a program may take from its start until it answers: virtual machines of languages, caches and joining a cluster
// take a minute or two.
const WarmUp = 2 * time.Minute

// LongStart is the most that a probe can ask for before somebody should know.
const LongStart = 10 * time.Minute
