// Package guard keeps a panic from ending the process: [Do] runs something and turns a panic in it into an [*Error] with the stack, and
// [Run] logs it as well. It stands wherever input from outside reaches a goroutine of ours, so that one bad payload, object or log line
// costs its own answer and nobody else's.
//
// It is not a way to go on as if nothing had happened: whoever calls it says what did not work, to a person or in a finding. What the
// runtime itself ends the process for (running out of memory, concurrent map writes) can't be caught.
package guard
