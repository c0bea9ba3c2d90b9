// Package eval measures a diagnosis against cases whose answer is known.
//
// A [Case] is a file in txtar form: a title and a story, what a diagnosis must say (case.yaml), and the cluster, as manifests
// (manifests.yaml, in the form of [snapshot.FromManifests]) or as a bundle beside it. [Load] reads a folder of them, [Judge] compares a
// diagnosis with one, and [Score] sums the verdicts up. faults.yaml is the list of what goes wrong in clusters, which every check
// answers to: a test sees to it that each of its rows has a case that shows it and a neighbour that must stay quiet.
//
// Nothing here looks at a cluster or asks a model: who runs the cases does, and hands the diagnosis in.
package eval
