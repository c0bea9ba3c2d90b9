// Package diagnosis turns what was seen of a cluster into a diagnosis: findings with their evidence, and the causes that explain them.
//
// [Diagnose] is a pure function of a Snapshot: it runs the checks (package checks) side by side, gathers their evidence, gives ids by
// sorted content, so that the same evidence gives the same bytes, finds the causes (package cause) and sums up restarts. [Examine] runs the
// checks alone, for who takes the second looks that their findings ask for, or diagnoses several scopes. What a person asks about,
// [Resolve] finds among what was seen and [Examination.Answer] diagnoses; what does not exist, or could not be seen, is never called well.
// The story that is told of a diagnosis (package story) is not made here: it may come from a model, the facts may not.
package diagnosis
