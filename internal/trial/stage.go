package trial

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/cluster/write"
	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	lookEvery    = 2 * time.Second
	cleanWithin  = 3 * time.Minute
	shellWithin  = 5 * time.Minute
	settleWithin = 30 * time.Second // for what a manifest needs and the cluster makes, such as a namespace's service account
)

// Stage is a cluster of one's own on which cases run live. It is safe for concurrent use. Make it with [NewStage].
type Stage struct {
	StageOptions
	writer  *write.Stage
	reader  *write.Reader
	version string

	looking sync.Mutex // held while the program looks

	mu sync.Mutex // of the last look, which cases that run side by side share
	at time.Time
	d  *incident.Diagnosis
}

// StageOptions say what a Stage is made of.
type StageOptions struct {
	Eyes    *app.Eyes // on the live cluster
	Node    string    // the node that a case's host files are of; empty: this machine's name
	Shell   bool      // cases may run their shell lines
	Env     []string  // for these, beside the environment and NS
	Record  string    // a folder for bundles of the cluster as it was at each verdict; empty: none
	Version string    // this program's, for the bundles
	Teller  Teller
	Program Program
}

// NewStage connects.
func NewStage(ctx context.Context, o StageOptions) (*Stage, error) {
	client, err := write.New(o.Eyes.Reader.Config())
	if err != nil {
		return nil, err
	}
	s := &Stage{StageOptions: o}
	if s.writer, err = client.Stage(); err != nil {
		return nil, err
	}
	if s.reader, err = client.Reader(); err != nil {
		return nil, err
	}
	v, err := o.Eyes.Reader.Version(ctx)
	if err != nil {
		return nil, err
	}
	s.version = v.GitVersion
	return s, nil
}

// Run makes what the case says on the cluster, waits until the diagnosis is right or the case's time is up, and removes all of it again.
func (s *Stage) Run(ctx context.Context, c eval.Case) eval.Result {
	return s.During(ctx, c, func(ctx context.Context, h Held, res *eval.Result) (err error) {
		if res.Views, err = s.ways(ctx, h.Case, h.set, h.hostRoot); err != nil {
			return err
		}
		s.Teller.tell(ctx, h.Case, h.Found, res)
		return s.record(ctx, h.Case)
	})
}

// Held is a case that stands on the cluster.
type Held struct {
	Case  eval.Case           // staged
	Found *incident.Diagnosis // what the last look found of it

	set      *scene
	hostRoot string
}

// During makes what the case says on the cluster, waits until the diagnosis is right or the case's time is up, lets do act upon it while it
// stands, and removes all of it again.
func (s *Stage) During(ctx context.Context, c eval.Case, do func(context.Context, Held, *eval.Result) error) eval.Result {
	c = c.Staged()
	res := eval.Result{Verdict: eval.Verdict{Case: c.Name}, Title: c.Title, Fault: c.Fault, Live: true, Version: s.version}
	fail := func(err error) eval.Result {
		res.Error = err.Error()
		return res
	}
	if c.Setup+c.Teardown != "" && !s.Shell {
		return fail(fmt.Errorf("it runs shell lines; allow them with --allow-commands"))
	}
	eyes, hostRoot, done, err := s.eyes(c)
	if err != nil {
		return fail(err)
	}
	defer done()
	began := time.Now()
	set, err := parseScene(c, began)
	if err != nil {
		return fail(err)
	}
	if err := s.clear(ctx, set); err != nil {
		return fail(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanWithin)
		defer cancel()
		if err := s.shell(ctx, c, c.Teardown); err != nil && res.Error == "" {
			res.Error = err.Error()
		}
		if err := s.clear(ctx, set); err != nil && res.Error == "" {
			res.Error = err.Error()
		}
	}()
	if c.Exclusive {
		before, err := eyes.Look(ctx, "")
		if err != nil {
			return fail(err)
		}
		set.ill(before)
	}
	if err := s.make(ctx, set); err != nil {
		return fail(err)
	}
	if err := s.shell(ctx, c, c.Setup); err != nil {
		return fail(err)
	}
	d, err := s.watch(ctx, c, set, eyes, began, &res)
	if err != nil {
		return fail(err)
	}
	stop := s.beating(ctx, set)
	defer stop()
	if err := do(ctx, Held{Case: c, Found: d, set: set, hostRoot: hostRoot}, &res); err != nil {
		return fail(err)
	}
	return res
}

// beating goes on telling the present time until it is stopped. What cannot be told is told the next time.
func (s *Stage) beating(ctx context.Context, set *scene) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			_ = s.beat(ctx, set, time.Now())
			select {
			case <-ctx.Done():
			case <-time.After(lookEvery):
			}
		}
	})
	return func() { cancel(); done.Wait() }
}

// watch looks until the verdict is a pass; a quiet case has to stay quiet until its time is up.
func (s *Stage) watch(ctx context.Context, c eval.Case, set *scene, looks looker, began time.Time, res *eval.Result) (*incident.Diagnosis,
	error) {
	ctx, cancel := context.WithTimeout(ctx, c.Within.Duration)
	defer cancel()
	var d *incident.Diagnosis
	var unseen error
	quiet := len(c.Root) == 0
	for {
		whole, err := looks.Look(ctx, "")
		if ctx.Err() == nil {
			unseen = err
		}
		if err == nil {
			d = diagnosis.Keep(whole, set.wanted(c))
			res.Verdict, res.Seconds = eval.Judge(c, d), time.Since(began).Seconds()
			if res.Verdict.Passed() != quiet { // a pass, or an alarm where all is well
				return d, nil
			}
		}
		select {
		case <-ctx.Done():
			if d == nil {
				return nil, fmt.Errorf("the cluster could not be looked at: %w", unseen)
			}
			return d, nil
		case <-time.After(lookEvery):
		}
		if err := s.beat(ctx, set, time.Now()); err != nil && ctx.Err() == nil {
			return nil, err
		}
	}
}

// looker looks at the whole cluster.
type looker interface {
	Look(ctx context.Context, namespace string) (*incident.Diagnosis, error)
}

// eyes are the case's own if it brings a node's files, with the folder of these, else those that cases share.
func (s *Stage) eyes(c eval.Case) (eyes looker, hostRoot string, done func(), err error) {
	if len(c.HostFiles) == 0 {
		return s, "", func() {}, nil
	}
	dir, err := os.MkdirTemp("", "paramedic-host-")
	if err != nil {
		return nil, "", nil, fmt.Errorf("make the host of %s: %w", c.Name, err)
	}
	done = func() { os.RemoveAll(dir) }
	for path, data := range c.HostFiles {
		full := filepath.Join(dir, filepath.FromSlash(path))
		if err = os.MkdirAll(filepath.Dir(full), 0o755); err == nil {
			err = os.WriteFile(full, data, 0o644)
		}
		if err != nil {
			done()
			return nil, "", nil, fmt.Errorf("make the host of %s: %w", c.Name, err)
		}
	}
	h, err := host.New(host.Config{Root: dir, Node: s.Node})
	if err != nil {
		done()
		return nil, "", nil, err
	}
	return s.Eyes.Beside(h), dir, done, nil
}

// Look looks at the whole cluster, unless another case did just now.
func (s *Stage) Look(ctx context.Context, _ string) (*incident.Diagnosis, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.d != nil && time.Since(s.at) < lookEvery/2 {
		return s.d, nil
	}
	d, err := s.Eyes.Look(ctx, "")
	if err == nil {
		s.at, s.d = time.Now(), d
	}
	return d, err
}

// shell runs a case's lines.
func (s *Stage) shell(ctx context.Context, c eval.Case, lines string) error {
	if lines == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, shellWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euc", lines)
	cmd.Env = slices.Concat(os.Environ(), s.Env, []string{"NS=" + c.Namespace()})
	cmd.WaitDelay = time.Second // what it left running keeps its output open
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.TrimSpace(lines), err, strings.TrimSpace(string(out[max(0, len(out)-500):])))
	}
	return nil
}

// record keeps the cluster as it is now.
func (s *Stage) record(ctx context.Context, c eval.Case) error {
	if s.Record == "" {
		return nil
	}
	namespace := c.Namespace()
	if c.Exclusive {
		namespace = ""
	}
	b, err := s.Eyes.Capture(ctx, namespace, s.Version, 0)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Record, 0o755); err != nil {
		return fmt.Errorf("record %s: %w", c.Name, err)
	}
	_, err = b.WriteFile(filepath.Join(s.Record, strings.ReplaceAll(c.Name, "/", "-")+".tar.zst"))
	return err
}

// Mine is what of a diagnosis is the case's doing.
func (h Held) Mine(d *incident.Diagnosis) *incident.Diagnosis {
	return diagnosis.Keep(d, h.set.wanted(h.Case))
}
