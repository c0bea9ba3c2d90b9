// Package checks turns what was seen of a cluster into findings.
//
// A [Check] is a pure function over a [snapshot.Snapshot]: it reads no clock but Snapshot.At, does no I/O and guesses nothing; without
// evidence there is no finding. Each check declares the [Code] values that it may report, in one table ([All]) from which help and docs
// derive. What it finds it puts into a [Report], as a [Finding]: the domain's finding, the evidence it rests on, and what the causes
// need to know of it (the pods that fail, the [logs.Fact] values that their logs give, what they wait for), with a [Detail] where a code has more to tell.
//
// A check that says what it judges by ([Report.Judges]) can clear a place: where all of that was seen, its silence says that all is well
// there. What was not seen is asked by its resource, never by words. A check that panics costs what it alone would have found ([Result]).
//
// Titles are made of constant templates and what is put into them (say, inflect): words of others are never taken for a template.
//
// Checks don't look at each other and don't say what caused what: that is package cause. They stay quiet about what passes by itself:
// pods a few seconds old, rollouts under way, restarts long past, what is scaled to zero or suspended on purpose.
//
// Evidence and findings have no ids here; package diagnosis gives them, by sorted content.
package checks
