// Package beside looks, once it is known what fails, at what stands beside it: who makes or renews what it misses, and what those like it
// have that are well. It reports nothing where nothing fails.
package beside
