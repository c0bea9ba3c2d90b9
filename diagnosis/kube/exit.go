package kube

import (
	"fmt"
)

// exitCodes says what an exit code means, by the shell's and the kernel's convention: 126 and 127 are the shell's, 128+n is signal n.
var exitCodes = map[int32]string{
	0:   "it ended by itself, without an error",
	1:   "a general error of the program",
	2:   "wrong usage, or a panic of a Go program",
	126: "the command cannot be executed: no permission, or not a program",
	127: "the command was not found",
	128: "the container could not be started",
	130: "interrupted (SIGINT)",
	132: "illegal instruction (SIGILL): built for another processor",
	134: "aborted (SIGABRT)",
	135: "bad memory access (SIGBUS)",
	136: "arithmetic error (SIGFPE)",
	137: "killed (SIGKILL): out of memory, or it did not stop in time",
	139: "segmentation fault (SIGSEGV)",
	141: "wrote to a closed pipe (SIGPIPE)",
	143: "asked to stop (SIGTERM)",
	255: "a general error of the program",
}

// ExitMeaning says what a container's exit code means.
func ExitMeaning(code int32) string {
	if m, ok := exitCodes[code]; ok {
		return m
	}
	if code > 128 && code <= 192 {
		return fmt.Sprintf("killed by signal %d", code-128)
	}
	return "the program's own code"
}
