// Package nodes reports what is wrong with nodes, as the API server has them: not ready, short of something, full, cordoned, of another
// clock.
package nodes
