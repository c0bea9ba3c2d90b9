// Package sisters compares what is ill with those like it that are well: what all of these have, and it has not.
package sisters
