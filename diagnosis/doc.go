// Package diagnosis turns what was seen of a cluster into a diagnosis: findings with their evidence, and the causes that explain them.
//
// [Diagnose] is a pure function of a Snapshot: it runs the checks (package checks) side by side, gathers their evidence, gives ids by
// sorted content, so that the same evidence gives the same bytes, finds the causes (package cause) and sums up restarts. [Focus] narrows a
// diagnosis to one object. The story that is told of it (package story) is not made here: it may come from a model, the facts may not.
package diagnosis
