// Package snapshot holds what was seen of a cluster at one moment: Kubernetes API objects, the log tails of failing containers, host
// facts and the results of probes, indexed once.
//
// A [Snapshot] is what checks are functions of. It is made by cluster.Look from a live cluster, by a bundle from a file, and by tests
// from manifests ([FromManifests]); the same evidence gives the same Snapshot wherever it comes from. [Snapshot.At] is the only clock
// that a check may use. A Snapshot is not written to after [Snapshot.Index] and is then safe for concurrent use.
//
// It knows Kubernetes' API types and no client.
package snapshot
