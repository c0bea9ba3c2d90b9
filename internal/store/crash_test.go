package store_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// The tests here run this test binary as another process, and kill it.

const childEnv = "STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		if err := children[what](context.Background(), os.Args[len(os.Args)-1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// children are what the other process does with a path; it writes to stdout.
var children = map[string]func(ctx context.Context, path string) error{
	"append": appendForever,
	"work":   workForever,
	"cat": func(_ context.Context, path string) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = io.Copy(os.Stdout, f)
		return err
	},
}

type process struct {
	*exec.Cmd
	lines *bufio.Scanner
}

// child prepares a process; it is killed when the test ends.
func child(t *testing.T, what, path string) *process {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], path)
	c.Env = append(os.Environ(), childEnv+"="+what)
	c.Stderr = os.Stderr
	return &process{Cmd: c}
}

func (p *process) output() ([]byte, error) { return p.Output() }

// start starts it, to be read line by line.
func (p *process) start(t *testing.T) {
	t.Helper()
	out, err := p.StdoutPipe()
	ok(t, err)
	p.lines = bufio.NewScanner(out)
	ok(t, p.Start())
	t.Cleanup(func() { p.kill() })
}

// kill is kill -9; then it returns what was still written.
func (p *process) kill() (rest []string) {
	if p.ProcessState != nil {
		return nil
	}
	p.Process.Kill()
	for p.lines.Scan() {
		rest = append(rest, p.lines.Text())
	}
	p.Wait()
	return rest
}

type step struct{ N int }

func (step) Kind() string { return "step" }

const perAppend = 3

// appendForever appends three events and a job at a time, and says the version
// of each append that it was told is done.
func appendForever(ctx context.Context, path string) error {
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	events, err := s.Load(ctx, "a", 0)
	if err != nil {
		return err
	}
	for v := len(events); ; {
		if v, err = s.Append(ctx, "a", v, noted("x", strings.Repeat("y", v%5000), "z"), []store.Job{step{v}}); err != nil {
			return err
		}
		fmt.Println(v)
	}
}

func TestKilledWhileAppending(t *testing.T) {
	path, ctx := newPath(t), t.Context()
	told := 0
	for round := range 8 {
		p := child(t, "append", path)
		p.start(t)
		var said []string
		for range 2 + 5*round { // another moment each time
			if !p.lines.Scan() {
				t.Fatal("the process ended by itself")
			}
			said = append(said, p.lines.Text())
		}
		said = append(said, p.kill()...)
		var err error
		told, err = strconv.Atoi(said[len(said)-1])
		ok(t, err)
	}
	s := openAt(t, path, store.Options{})
	events, err := s.Load(ctx, "a", 0)
	ok(t, err)
	if n := len(events); n < told || n > told+perAppend || n%perAppend != 0 {
		t.Errorf("%d events after %d were confirmed", n, told)
	}
	report, err := s.Verify(ctx)
	ok(t, err)
	if !report.OK() {
		t.Errorf("problems: %v", report.Problems)
	}
	var jobs int
	ok(t, rawDB(t, path).QueryRowContext(ctx, `SELECT count(*) FROM river_job`).Scan(&jobs))
	if jobs != len(events)/perAppend {
		t.Errorf("%d jobs for %d appends", jobs, len(events)/perAppend)
	}
}

// workForever starts a job that never ends, and says so.
func workForever(ctx context.Context, path string) error {
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	_, err = s.Work(ctx, store.WorkOptions{Handlers: []store.Handler{
		store.Handle(time.Hour, func(ctx context.Context, j step) error {
			fmt.Println("started", j.N)
			<-ctx.Done()
			return nil
		}),
	}})
	if err != nil {
		return err
	}
	select {}
}

func TestKilledWhileWorking(t *testing.T) {
	path, ctx := newPath(t), t.Context()
	s := openAt(t, path, store.Options{})
	ok(t, s.Enqueue(ctx, step{7}))

	p := child(t, "work", path)
	p.start(t)
	if !p.lines.Scan() || p.lines.Text() != "started 7" {
		t.Fatalf("the process said %q", p.lines.Text())
	}
	ran := make(chan int, 10)
	options := store.WorkOptions{Handlers: []store.Handler{
		store.Handle(0, func(_ context.Context, j step) error { ran <- j.N; return nil }),
	}}
	_, err := s.Work(ctx, options)
	wantError(t, err, "another process is working on this state")

	p.kill()
	begin := time.Now()
	w, err := s.Work(ctx, options)
	ok(t, err)
	defer w.Stop(context.WithoutCancel(ctx))
	select {
	case n := <-ran:
		if took := time.Since(begin); n != 7 || took > 2*time.Second {
			t.Errorf("job %d ran after %v", n, took)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the job that was running is stuck")
	}
}
