// Package cluster reads a live cluster: a Snapshot by parallel lists; beside them custom resources, the API server's health and, where
// that is asked for, what may be known of Secrets; log tails of failing containers, DNS look-ups.
//
// [Connect] makes a [Reader] from a kubeconfig or, in a pod, from the service account; [Reader.Look] makes a Snapshot. Nothing here can
// change a cluster: that is cluster/write's alone. What may not be read is said in the Snapshot's NotSeen, and the rest is looked at.
package cluster
