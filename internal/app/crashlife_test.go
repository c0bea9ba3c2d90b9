package app

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/cluster/write"
	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest/served"
	"github.com/paramedic-bot/paramedic/internal/store"
)

const lifeEnv = "PARAMEDIC_CRASH_LIFE"

// TestMain is also the process that is killed: it works on a state until it is.
func TestMain(m *testing.M) {
	if spec := os.Getenv(lifeEnv); spec != "" {
		if err := lead(context.Background(), spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1) // who is not killed has not lived as it should
	}
	os.Exit(m.Run())
}

// life is what a process is given to work on: a cluster, or a Slack to tell people in.
type life struct {
	State, API, Host, Slack string

	Pictures bool // are put into the thread; otherwise people are told news, and called
}

// What a process says: each time that it has recorded something, whereupon it waits for leave to go on, and that the run is over or nobody but a
// person can go on with it.
const (
	saysRecorded = "recorded"
	saysOver     = "over"
)

// lead does the work of a state's incidents as serve does: runner, worker, recovery, writer and store are its own.
func lead(ctx context.Context, spec string) error {
	var l life
	if err := json.Unmarshal([]byte(spec), &l); err != nil {
		return err
	}
	st, err := store.Open(ctx, l.State, store.Options{Seal: true})
	if err != nil {
		return err
	}
	if _, err := st.TakeDuty(ctx); err != nil {
		return err
	}
	if l.Slack != "" {
		return l.tell(ctx, st)
	}
	rec, err := l.recovery(st)
	if err != nil {
		return err
	}
	ledger := &ledger{Journal: NewJournal(st.Reader), store: st, now: time.Now}
	w := &worker{ledger: ledger, eyes: &Eyes{}, recovery: rec, access: crashAccess(), policy: incident.DefaultPolicy, steps: time.Millisecond}
	idle := func(context.Context, *incident.State, incident.Work) error { return nil }
	r := newRunner(runner{ledger: ledger, policy: w.policy, draw: sayOver, redact: func(s string) string { return s },
		logger: slog.New(slog.DiscardHandler), do: map[incident.WorkKind]doer{incident.Execute: w.execute, incident.Observe: w.observe,
			incident.Verify: idle, incident.Propose: idle, incident.Investigate: idle}})
	sayRecorded(ledger)
	r.run(ctx)
	return nil
}

// sayRecorded has a ledger say each time that it has recorded something, and wait for leave to go on.
func sayRecorded(l *ledger) {
	wake, leave := l.wake, bufio.NewReader(os.Stdin)
	l.wake = func() {
		fmt.Println(saysRecorded)
		if _, err := leave.ReadString('\n'); err != nil {
			os.Exit(1) // who would kill it is gone
		}
		wake()
	}
}

func (l life) recovery(st *store.Store) (*recovery.Recovery, error) {
	client, err := write.New(&rest.Config{Host: l.API})
	if err != nil {
		return nil, err
	}
	reader, err := client.Reader()
	if err != nil {
		return nil, err
	}
	h, err := host.New(host.Config{Root: l.Host, Node: served.Node})
	if err != nil {
		return nil, err
	}
	return recovery.New(recovery.Options{Reader: reader, Hosts: map[string]recovery.Host{served.Node: h}, Blobs: st, LastGood: lastGood{st},
		Now: time.Now, WriterFor: func(as incident.Identity) (recovery.Writer, error) { return client.WriterFor(as) }})
}

func crashAccess() *Access {
	return accessFor(PersonConfig{Slack: ada.Key(), User: "ada"}, PersonConfig{Slack: eve.Key(), User: "eve"})
}

func sayOver(_ context.Context, s *incident.State) error {
	over := s.Plan == nil || s.RunEnded()
	for _, st := range s.Steps {
		over = over || st.Unclear != ""
	}
	if over {
		fmt.Println(saysOver)
	}
	return nil
}

// runTwice has a process killed at a boundary, and another one go on to the end. It says whether the first was killed, and where.
func (c *crash) runTwice(t *testing.T, killAt int) (killed bool, where string) {
	t.Helper()
	if killed, where = c.run(t, killAt); killed {
		c.kept(t, nil)
		c.run(t, 0)
	}
	return killed, where
}

// run has a process work until it is killed at a boundary or has come to the end, and says which. It fails if the process ends by itself, or
// does not come to the end.
func (c *crash) run(t *testing.T, killAt int) (killed bool, where string) {
	t.Helper()
	spec, err := json.Marshal(c.life)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), lifeEnv+"="+string(spec))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	c.begins(cmd.Process, killAt)
	late := time.AfterFunc(3*time.Minute, func() { _ = cmd.Process.Kill() })
	over := c.listen(out, in)
	inTime := late.Stop()
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	if killed, where = c.ends(); !killed && !over {
		t.Errorf("%s: the process ended by itself, or did not get on (in time: %v), after %v", c.name, inTime, c.trace)
	}
	return killed, where
}

// listen gives leave to go on until the process says that the run is over, or is dead.
func (c *crash) listen(out io.Reader, in io.Writer) (over bool) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch lines.Text() {
		case saysOver:
			return true
		case saysRecorded:
			if !c.boundary("after a record") {
				return false
			}
			_, _ = io.WriteString(in, "\n") // if it has died, there is no next line
		}
	}
	return false
}
