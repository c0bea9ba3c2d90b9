package guard

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
)

var panics atomic.Uint64

// Panics counts the panics that were caught since the process began. It is safe for concurrent use.
func Panics() uint64 { return panics.Load() }

// Error is a panic that was caught.
type Error struct {
	What  string // what was being done
	Value any    // what it panicked with
	Stack []byte // of the goroutine, as debug.Stack prints it
}

// Error is one line, without the stack.
func (e *Error) Error() string { return fmt.Sprintf("%s: panic: %v", e.What, e.Value) }

// Unwrap is the error that it panicked with, if it was one.
func (e *Error) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Do runs f and returns its error. A panic in it is counted and returned as an *Error that says what was being done. Goroutines that f
// starts are not covered: they need a Do of their own.
func Do(what string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			panics.Add(1)
			err = &Error{What: what, Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}

// Run runs f, and says whether it came to its end. A panic in it is counted, and logged with its stack; nil means slog.Default.
func Run(log *slog.Logger, what string, f func()) (ended bool) {
	err := Do(what, func() error { f(); return nil })
	if err != nil {
		Log(log, err)
	}
	return err == nil
}

// Log logs an error, with the stack if it is an *Error; nil means slog.Default.
func Log(log *slog.Logger, err error) {
	if log == nil {
		log = slog.Default()
	}
	var caught *Error
	if errors.As(err, &caught) {
		log.Error("something panicked; the process goes on", "what", caught.What, "panic", fmt.Sprint(caught.Value), "stack",
			string(caught.Stack))
		return
	}
	log.Error("something did not work", "error", err)
}
