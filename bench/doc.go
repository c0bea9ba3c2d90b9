// Package bench measures, through the doors that people and alerts use, what has to hold at every size, and prints it: lines that begin
// with "bench:". It needs no cluster: `make bench`. Its tests have the build tag bench.
package bench
