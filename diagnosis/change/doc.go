// Package change finds what changed in a cluster before it fell ill.
//
// [Timeline] reads the traces that changes leave in a Snapshot: the revisions of Deployments, StatefulSets and DaemonSets with what
// differs between them, the times of field managers, scaling, nodes that joined, were rebooted or cordoned, images whose digest moved
// under a tag, and the package and shell history of hosts. A change is no fault; package diagnosis makes it evidence where it lies on
// the way to a symptom and came just before it.
//
// What the API forgets can't be found: a ConfigMap's former content, a deletion, events older than the API server keeps (an hour by
// default). The package is pure and bounded.
package change
