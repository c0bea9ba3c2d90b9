// Package checks turns what was seen of a cluster into findings.
//
// A [Check] is a pure function over a [snapshot.Snapshot]: it reads no clock but Snapshot.At, does no I/O and guesses nothing; without
// evidence there is no finding. Each check declares the [Code] values that it may report, in one table ([All]) from which help and docs
// derive. What it finds it puts into a [Report], as a [Finding]: the domain's finding, the evidence it rests on, and what the causes
// need to know of it (the pods that fail, the [logs.Fact] values that their logs give, what they wait for).
//
// Checks don't look at each other and don't say what caused what: that is package cause. They stay quiet about what passes by itself:
// pods a few seconds old, rollouts under way, restarts long past, what is scaled to zero or suspended on purpose.
//
// Evidence and findings have no ids here; package diagnosis gives them, by sorted content.
package checks
