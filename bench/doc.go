// Package bench measures what needs no cluster: "go test -tags bench -v ./bench/..." prints the figures, one a line, and fails where a goal
// is missed. What needs one is measured by package e2e.
package bench
