package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/internal/guard"
)

// ErrNoAnswer says that a file system did not answer in time, such as a network mount whose server is gone. After [Host.Restore] it is not
// known what was written.
var ErrNoAnswer = errors.New("no answer from the file system")

// answerWithin is how long whatever is asked of a host's file system may take, all of [Host.Facts] together. A disk under load answers
// within seconds; a look at the cluster has 45.
const answerWithin = 10 * time.Second

// ask lets do work below the root and returns what it returns. If that takes too long, or the context ends first, it is left behind:
// nothing can interrupt a system call that waits for a mount that hangs. It then holds a thread until the file system answers, so that
// nothing more is asked of the same kind (what) before.
func ask[T any](ctx context.Context, h *Host, what string, do func(context.Context, *os.Root) (T, error)) (T, error) {
	var none T
	if ctx.Err() != nil {
		return none, ctx.Err()
	}
	if since, late := h.late.since(what); late {
		return none, fmt.Errorf("%w, which was asked at %s", ErrNoAnswer, since.UTC().Format(time.TimeOnly+" MST"))
	}
	within, cancel := context.WithTimeout(ctx, h.within)
	defer cancel()
	type answer struct {
		value T
		err   error
	}
	c, answers := &call{what: what, began: time.Now()}, make(chan answer, 1)
	go func() {
		var a answer
		a.err = guard.Do("read "+what, func() (err error) {
			root, err := h.open(h.root)
			if err != nil {
				return err
			}
			defer root.Close()
			if err := within.Err(); err != nil {
				return err // whoever asked has gone: nothing is begun any more
			}
			a.value, err = do(within, root)
			return err
		})
		h.late.end(c)
		answers <- a
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-within.Done():
		if h.late.leave(c) {
			a := <-answers // it has just ended
			return a.value, a.err
		}
	}
	if ctx.Err() != nil {
		return none, fmt.Errorf("%w: %w", ErrNoAnswer, ctx.Err())
	}
	return none, fmt.Errorf("%w in %v", ErrNoAnswer, h.within)
}

// call is something asked of a file system.
type call struct {
	what  string
	began time.Time
	ended bool
}

// late remembers the calls that were left behind and have not ended.
type late struct {
	mu    sync.Mutex
	calls map[*call]bool
}

// since says since when something of the kind has been waited for, if so.
func (l *late) since(what string) (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.calls {
		if c.what == what {
			return c.began, true
		}
	}
	return time.Time{}, false
}

// leave notes that nobody waits for the call any more, unless it has ended.
func (l *late) leave(c *call) (ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !c.ended {
		if l.calls == nil {
			l.calls = map[*call]bool{}
		}
		l.calls[c] = true
	}
	return c.ended
}

func (l *late) end(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.ended = true
	delete(l.calls, c)
}
