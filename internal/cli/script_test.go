package cli_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/paramedic-bot/paramedic/internal/cli"
	"github.com/paramedic-bot/paramedic/internal/store"
)

var update = flag.Bool("update", false, "write what the programs print over what the scripts compare it with")

// atOnce is how soon every command of the scripts must end, on a busy machine, too: none of them has anything far away to wait for.
const atOnce = 20 * time.Second

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"paramedic": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(cli.Run(ctx, "v1.2.3", os.Args, os.Stdout, os.Stderr))
	}})
}

// TestScripts runs testdata/script: what a person types, what the terminal shows, and the exit code. There $BUNDLES holds the demo's two
// bundles, no Ollama answers, and no cluster is known.
func TestScripts(t *testing.T) {
	bundles, err := filepath.Abs(filepath.Join("..", "demo", "bundles"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("BUNDLES", bundles)
			e.Setenv("OLLAMA_HOST", "http://127.0.0.1:1")
			e.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "head": head, "await": await, "awaits": awaits,
			"unmark": unmark, "state": state, "hook": hook, "slack": slack},
	})
}

// state FILE makes a state as the first start of serve does.
func state(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: state FILE")
	}
	st, err := store.Open(context.Background(), ts.MkAbs(args[0]), store.Options{Seal: true})
	ts.Check(err)
	ts.Check(st.Close())
}

// exits CODE PROGRAM ARGS... runs the program and fails unless it ends with just that code, at once.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	start := time.Now()
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", strings.Join(args[1:], " "), err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
	if took := time.Since(start); took > atOnce {
		ts.Fatalf("%s: took %v, more than %v", strings.Join(args[1:], " "), took, atOnce)
	}
}

// head BYTES FROM TO copies the beginning of a file.
func head(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: head BYTES FROM TO")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	data := ts.ReadFile(args[1])
	if n >= len(data) {
		ts.Fatalf("%s has only %d bytes", args[1], len(data))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(data[:n]), 0o600))
}

// await FILE waits until a program in the background has written the file.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	for start := time.Now(); time.Since(start) < atOnce; time.Sleep(5 * time.Millisecond) {
		if st, err := os.Stat(ts.MkAbs(args[0])); err == nil && st.Size() > 0 {
			return
		}
	}
	ts.Fatalf("%s is still not written after %v", args[0], atOnce)
}

// awaits WORDS FILE waits until a program in the background has written the words to the file.
func awaits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: awaits WORDS FILE")
	}
	for start := time.Now(); time.Since(start) < 2*atOnce; time.Sleep(5 * time.Millisecond) {
		if strings.Contains(ts.ReadFile(args[1]), args[0]) {
			return
		}
	}
	ts.Fatalf("%s does not say %q after %v: %s", args[1], args[0], 2*atOnce, ts.ReadFile(args[1]))
}

// unmark FILES... turns lines "@@ NAME @@" into a txtar's own, which a script can't hold within its files.
func unmark(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: unmark FILES...")
	}
	for _, file := range args {
		lines := strings.Split(ts.ReadFile(file), "\n")
		for i, line := range lines {
			if name, ok := strings.CutPrefix(line, "@@ "); ok {
				lines[i] = "-- " + strings.TrimSuffix(name, " @@") + " --"
			}
		}
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(strings.Join(lines, "\n")), 0o644))
	}
}
