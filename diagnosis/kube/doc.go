// Package kube answers questions about what a Snapshot holds: is this pod ready, whose is it, which Service does this host name mean, what
// name is near this one. It is pure, reads no clock but Snapshot.At, and reports nothing: what is a finding is for the
// checks to say.
package kube
