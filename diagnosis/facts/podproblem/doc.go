// Package podproblem is what is wrong with each pod, from its end to its beginning: being deleted, ended, not placed, its containers, being
// created, not ready. All pods are looked at once, whoever asks first ([Of]); [Groups] makes one finding of the pods of a workload that
// fail alike.
package podproblem
