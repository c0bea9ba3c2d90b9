// Package steptest is the conformance suite that every kind of step has to pass, on whatever cluster: a dry-run changes nothing,
// observe tells the truth at every point, a step applied twice is done once, the inverse restores, and what changed since the plan was
// made is not touched. [Run] takes a [World], which is a real cluster or [NewWorld]'s small one in memory.
package steptest
