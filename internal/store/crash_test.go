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
	"claim":  claimAndHang,
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

// write appends to one stream and returns its new version.
func write(ctx context.Context, s *store.Store, stream string, version int, events []store.NewEvent) (int, error) {
	version += len(events)
	return version, s.Append(ctx, store.Write{Stream: stream, Version: version - len(events), Events: events})
}

const perAppend = 3

// appendForever appends three events and a key at a time, and says the version
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
		err := s.Append(ctx, store.Write{Stream: "a", Version: v, Events: noted("x", strings.Repeat("y", v%5000), "z"),
			Change: &store.Change{Open: true, Keys: []store.Key{{Name: "version", Value: strconv.Itoa(v + perAppend)}}}})
		if err != nil {
			return err
		}
		v += perAppend
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
	p, err := s.Projection(ctx, "a")
	ok(t, err)
	if want := strconv.Itoa(len(events)); p.Version != len(events) || len(p.Keys) != 1 || p.Keys[0].Value != want {
		t.Errorf("the projection is that of %d events, %v; there are %s", p.Version, p.Keys, want)
	}
}

// claimAndHang takes the duty, claims what is due, and never settles it.
func claimAndHang(ctx context.Context, path string) error {
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	if _, err := s.TakeDuty(ctx); err != nil {
		return err
	}
	streams, err := s.Claim(ctx, time.Now(), time.Now().Add(time.Hour), 10)
	if err != nil {
		return err
	}
	fmt.Println("claimed", streams)
	select {}
}

func TestKilledWhileWorking(t *testing.T) {
	path, ctx := newPath(t), t.Context()
	s := openAt(t, path, store.Options{})
	ok(t, s.Append(ctx, store.Write{Stream: "a", Events: noted("x"), Change: &store.Change{Open: true, Due: time.Now()}}))

	p := child(t, "claim", path)
	p.start(t)
	if !p.lines.Scan() || p.lines.Text() != "claimed [a]" {
		t.Fatalf("the process said %q", p.lines.Text())
	}
	_, err := s.TakeDuty(ctx)
	wantError(t, err, "another process is working on this state")

	p.kill()
	d, err := s.TakeDuty(ctx)
	ok(t, err)
	defer d.End()
	claimed, err := s.Claim(ctx, time.Now(), time.Now().Add(time.Hour), 10)
	ok(t, err)
	if len(claimed) != 1 {
		t.Errorf("what the dead process had claimed is not due at once: %v", claimed)
	}
}
