// Package laws holds tests alone: the laws that the source of this repository keeps, which a reader of one file can't see. Which package
// may know which other is a law too; internal/app holds it.
package laws
