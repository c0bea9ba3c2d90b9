package incident

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// maxStack bounds a Failure's stack, in bytes.
const maxStack = 16 << 10

// Failure is a panic in a part of this program, caught so that the rest goes on: what is not known because of it, and what its mender
// needs. Panic and Stack are for the log; they can hold words of the cluster's.
type Failure struct {
	NotSeen
	Panic string
	Stack string
}

// Catch runs f. It returns nil, or, where f panics, the failure: whatever n says is not known, for the reason that f failed. What f has
// written by then stays. It is safe for concurrent use.
func Catch(n NotSeen, f func()) (failed *Failure) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		n.Why = "it failed, which is an error in Paramedic: please report it with the log's lines about it"
		if err, ok := p.(runtime.Error); ok { // the runtime's words hold numbers and types, nothing of a cluster's
			n.Why = "it failed (" + strings.TrimPrefix(err.Error(), "runtime error: ") +
				"), which is an error in Paramedic: please report it with the log's lines about it"
		}
		stack := debug.Stack()
		failed = &Failure{NotSeen: n, Panic: fmt.Sprint(p), Stack: string(stack[:min(len(stack), maxStack)])}
	}()
	f()
	return nil
}
