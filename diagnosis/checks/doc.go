// Package checks turns what was seen of a cluster into findings. It is the list of the areas ([All]), runs them side by side ([Run]), and
// knows which findings ask for a second look ([Asks]).
//
// A check is a pure function over a [snapshot.Snapshot]: it reads no clock but Snapshot.At, does no I/O and guesses nothing; without
// evidence there is no finding. Each declares the codes that it may report, in its area's list, from which help and docs derive.
//
// The floors, each of which knows only those below it:
//
//	checks            this package: the list, the run, second looks
//	checks/<area>     one area of Kubernetes each; areas never import each other
//	facts/...         what areas share, computed once: readings of logs, calls, what is wrong with pods
//	kube              questions about what a Snapshot holds
//	finding           what all pass on: Check, Code, Report, Finding
//	logs              what a log tells, pure text
//
// A check that says what it judges by ([finding.Report.Judges]) can clear a place: where all of that was seen, its silence says that all is
// well there. What was not seen is asked by its resource, never by words. A check that panics costs what it alone would have found
// ([Result]).
//
// Checks don't say what caused what: that is package cause. They stay quiet about what passes by itself: pods a few seconds old, rollouts
// under way, restarts long past, what is scaled to zero or suspended on purpose.
//
// Evidence and findings have no ids here; package diagnosis gives them, by sorted content.
package checks
