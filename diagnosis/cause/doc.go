// Package cause says what explains what, and which findings are causes.
//
// Findings are the nodes of a graph. An edge says that one would explain another; it comes from a [Rule], which wants proof (a log that
// names the Service, a pod on the node, an event's words) and gives its reason in words. Rules go by typed fields (objects with their
// namespaces, pods, containers, facts of logs), never by titles, in which names of several namespaces are alike. No proof, no edge: two
// roots that merely coincide stay two. What no edge explains is a root; a root of severity warning or more is a cause, and explains all
// that can be reached from it. Findings that explain each other in a circle count as one, spoken for by the one that began first.
//
// That a cause keeps another's remedy from working is an edge of its own ([incident.Block]), for it explains nothing.
//
// # Order
//
// Causes are ordered by weight, which is the sum over the findings explained (critical 10, warning 3, info 0), times 1, 0.8 or 0.5 as the
// cause is certain, likely or possible, times 0.7 for each consequence that it should have and has not, plus 5 for each cause that it
// blocks, plus 2 if something changed just before it; then by onset, the earlier first; then by code and object. What was there long before
// and explains nothing of the rest comes last.
//
// # Confidence
//
// A cause is certain if its finding names what is at fault in itself ([finding.Code].Root), nothing can stand behind it, and at least one
// thing that it explains follows by proof, or nothing else needs explaining. It is likely if all links are inferred or a consequence is
// missing; if a rule knows that it may follow from another root, which was not seen, and its evidence does not rule that out
// ([finding.Code].Final); and if it explains nothing, is about no pods that fail, and stands beside a symptom that nothing explains. It is
// possible if it is a symptom without an observed root.
//
// The package is pure: it reads the Snapshot and the findings, and gives the same answer for the same input.
package cause
