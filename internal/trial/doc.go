// Package trial runs the cases of diagnosis/eval: [Runner.Run] in this process, on manifests or a bundle, and [Stage.Run] live, on a real
// cluster that it changes and cleans up again. What a result is worth decides package eval; nothing here judges.
//
// A case's prior postmortems are the only ones that it knows. They can reach the story and never the ranking; a result says so if untrusted
// words, theirs or the cluster's, were repeated as an order or talked a model into another cause.
package trial
