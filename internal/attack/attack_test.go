package attack

import (
	"testing"
	"time"
)

func TestControl(t *testing.T) {
	t0 := time.Now()
	w := begin(t, setup{})
	t.Log("begun", time.Since(t0))
	w.breaks()
	t.Log("plan", time.Since(t0))
	t.Log(w.slack.Transcript())
	w.approves(ada)
	w.wait("written", func() bool { return len(w.written()) > 0 })
	t.Log("ran", time.Since(t0), w.written(), w.events())
}
