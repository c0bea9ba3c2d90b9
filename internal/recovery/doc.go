// Package recovery makes a cluster well: it turns a diagnosis into a plan, and an approved plan into acts.
//
// A [Step kind] is how one typed act is described, tried, done, observed and undone; the registry of kinds is closed ([StepKinds]).
// A [Runbook] says which causes it treats and with which steps; [Recovery.Propose] composes one plan from the runbooks of the causes
// at hand, binds every step to its target's UID and to a hash of the target's spec or data, and says in words what it cannot treat.
// What a step restores is a last-good copy that [Keep] chose while all was well, never a constant in the code.
//
// Then, each by itself, for the caller keeps the log and decides with incident.Next what is due:
//
//	Bind      completes one step by looking at its target; Seal numbers a plan's steps and hashes it
//	Review    what an approver is shown: rights and server-side dry-run of every step, as that person
//	MayApprove, Approved    who may say yes, how many must, until when; pure
//	Recheck   is every target still as it was when the plan was made?
//	Healthy   a conditional step's target came back by itself?
//	Apply     one step, as the person who approved: rights, dry-run, write; refused where anything is other than shown
//	Observe   after a crash: was the step done, not done, or can nobody tell?
//	Sample    did it help? pure, over a fresh Snapshot and its diagnosis
//	Inverse   the plan that undoes what was done
//
// A step is data. Generated values (a restart's timestamp) are parameters, large values are blobs named by their hash, so that title,
// diff, rights, hash and inverse follow from the step alone. One algorithm serves every kind: look at the target; a pure function says
// what it should become; if that is what it is already, the step is done; if it has the hash it was planned with, it is not done;
// anything else is somebody else's doing, and nobody writes over it.
//
// The package appends no event, knows neither Slack nor a Kubernetes client nor the model, and is safe for concurrent use.
package recovery
