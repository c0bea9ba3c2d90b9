// Package scheduling says why a pod fits nowhere, as the scheduler's filters would: what is free on each node (capacity), which nodes a pod
// may go to (filter), how it must spread (topology), and all that in words (explain).
package scheduling
