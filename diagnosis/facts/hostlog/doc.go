// Package hostlog reads what was seen on a node outside Kubernetes: the lines of its services and of its kernel, newest first, as evidence.
package hostlog
