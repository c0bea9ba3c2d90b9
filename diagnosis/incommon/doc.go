// Package incommon says what those that fail alike have in common and those that are well lack: the node, its zone or its kernel, an
// image, a revision, a ConfigMap, a Service that they call.
//
// [Find] takes findings that nothing explains, groups them by what fails, and counts for every factor how many of the ill and of the well
// have it. The units that are counted are independent of one another as far as can be told: the pods of a workload of which some are ill
// and some well, and otherwise whole workloads, since the pods of one workload fail together for reasons that lie in it. A workload that
// is well has a factor if any of its pods has; one that is ill only if all of those that fail have.
//
// A factor parts them if nearly all of the ill and nearly none of the well have it, and if that is hardly chance: by Fisher's exact test,
// corrected for the factors tried. It is then a finding of its own, which may have brought the others about, likely at most: what goes
// together need not be a cause. Factors that the same ones have can't be told apart, and are told together.
//
// The package is pure, and its time grows with the pods times their factors.
package incommon
