// Package cli is the terminal face: it parses arguments, puts the parts together that a command needs, and prints Replies as text or JSON.
//
// [Run] is the whole program, so that tests can run it. Exit codes: 0 nothing wrong, 1 something wrong, 2 could not look or was not
// understood.
package cli
