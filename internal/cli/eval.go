package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/ollama"
	"github.com/paramedic-bot/paramedic/internal/trial"
)

// evaluation is the flags of eval.
type evaluation struct {
	source
	format, save, resume      string
	filter, except, first     string
	model, ollama             string
	live, shell, ablate, vary bool
	record, viewer            string
	parallel                  int
}

func (c *cli) eval() *cobra.Command {
	var e evaluation
	cmd := &cobra.Command{
		Use: "eval DIR", Short: "Run cases whose answer is known, and print a scoreboard", Args: cobra.ExactArgs(1),
		Long: `Runs every case below a folder (docs/evaluation.md shows one) and says what is amiss: whether the object at fault is named first and for
the right reason, whether anything that is well is blamed, and how often the confidence was right.

With --live the cases' live manifests run on the cluster that the kubeconfig names: they are made, watched until the diagnosis is right, and
removed. Use a cluster that is there to be broken. With --viewer each is looked at in four ways, as people with less in sight look at it,
and what they are told must agree.

Exit codes: 0 all passed, 1 some did not, 2 some could not be run.`,
		Example: "  paramedic eval diagnosis/eval/cases\n  paramedic eval diagnosis/eval/cases --filter 'pods/' --model qwen3:4b\n  paramedic " +
			"eval --live --resume results.jsonl diagnosis/eval/cases -o markdown",
	}
	f := cmd.Flags()
	f.StringVarP(&e.format, "output", "o", "text", "text, json or markdown")
	f.StringVar(&e.filter, "filter", "", "run the cases whose name matches the `REGEXP`")
	f.StringVar(&e.except, "except", "", "leave out the cases whose name matches the `REGEXP`")
	f.StringVar(&e.first, "first-contact", "", "with -o markdown, begin with the first contacts that were saved in `FOLDER`, and the same cases now beside them")
	f.StringVar(&e.save, "save", "", "write the results to `FILE` as JSON")
	f.StringVar(&e.resume, "resume", "", "keep finished results in `FILE`, one a line, and pass over those that are there")
	f.StringVar(&e.model, "model", "", "let the Ollama model `NAME` choose among the causes and tell, too")
	f.StringVar(&e.ollama, "ollama", "", "Ollama's `URL` (default: $OLLAMA_HOST, or http://127.0.0.1:11434)")
	f.BoolVar(&e.ablate, "ablate", false, "run each case again without the checks' codes and the rules that name its root")
	f.BoolVar(&e.vary, "vary", false, "run each case again as somebody who sees less of it, or by another clock")
	f.BoolVar(&e.live, "live", false, "run the cases' live manifests on a cluster, and change it")
	f.BoolVar(&e.shell, "allow-commands", false, "let live cases run their shell lines on this machine")
	f.StringVar(&e.record, "record", "", "write a bundle of each live case's verdict into `FOLDER`")
	f.StringVar(&e.viewer, "viewer", "", "look at each live fault in four ways: with the host root, without it, with the rights of the "+
		"kubeconfig's `CONTEXT`, by its namespace alone")
	f.IntVar(&e.parallel, "parallel", 6, "live cases side by side")
	e.cluster(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return c.runEval(cmd.Context(), e, args[0]) }
	return cmd
}

func (c *cli) runEval(ctx context.Context, e evaluation, dir string) error {
	if !slices.Contains([]string{"text", "json", "markdown"}, e.format) {
		return usage{fmt.Errorf("-o %s: must be text, json or markdown", e.format)}
	}
	cases, err := e.cases(dir)
	if err != nil {
		return err
	}
	teller := trial.Teller{Redact: c.redactor.String}
	if e.model != "" {
		client, err := ollama.New(ollama.Options{Host: e.ollama, Chat: e.model})
		if err != nil {
			return err
		}
		if _, err := client.Digest(ctx, e.model); err != nil {
			return err
		}
		teller.Model = client
	}
	plan := trial.Plan{Parallel: 1, Run: (&trial.Runner{Teller: teller, Ablate: e.ablate, Vary: e.vary}).Run}
	if e.model == "" {
		plan.Parallel = runtime.GOMAXPROCS(0)
	}
	if e.live {
		if plan.Run, err = c.stage(ctx, e, teller); err != nil {
			return err
		}
		plan.Parallel = e.parallel
	}
	if e.live || e.model != "" {
		n := 0
		plan.Finished = func(r eval.Result) {
			n++
			c.progress("%d %s: %s in %.1f s", n, r.Case, word(r), r.Seconds)
		}
	}
	if e.resume != "" {
		if plan.Ledger, err = trial.OpenLedger(e.resume); err != nil {
			return err
		}
		defer plan.Ledger.Close()
	}
	results, err := plan.All(ctx, cases)
	if err != nil {
		return err
	}
	return c.report(e, results)
}

// cases are those that can run the way they are asked to.
func (e evaluation) cases(dir string) ([]eval.Case, error) {
	match, err := regexp.Compile(e.filter)
	if err != nil {
		return nil, usage{fmt.Errorf("--filter: %w", err)}
	}
	except, err := regexp.Compile(cmp.Or(e.except, "^$"))
	if err != nil {
		return nil, usage{fmt.Errorf("--except: %w", err)}
	}
	all, err := eval.Load(dir)
	if err != nil {
		return nil, err
	}
	cases := slices.DeleteFunc(all, func(c eval.Case) bool {
		return e.live && len(c.Live) == 0 || !e.live && !c.InProcess() || !match.MatchString(c.Name) || except.MatchString(c.Name)
	})
	if len(cases) == 0 {
		return nil, fmt.Errorf("run cases: none below %s can run like this and matches %q", dir, e.filter)
	}
	return cases, nil
}

// stage connects to the cluster that is to be changed.
func (c *cli) stage(ctx context.Context, e evaluation, teller trial.Teller) (func(context.Context, eval.Case) eval.Result, error) {
	eyes, err := c.eyes(e.source)
	if err != nil {
		return nil, err
	}
	eyes.Lookups = true
	o := trial.StageOptions{Eyes: eyes, Node: e.node, Shell: e.shell, Record: e.record, Version: c.version, Teller: teller}
	if e.kubeconfig != "" {
		o.Env = append(o.Env, "KUBECONFIG="+e.kubeconfig)
	}
	if e.hostRoot != "" {
		o.Env = append(o.Env, "HOST_ROOT="+e.hostRoot)
	}
	if e.viewer != "" {
		if o.Program, err = e.program(ctx); err != nil {
			return nil, err
		}
	}
	stage, err := trial.NewStage(ctx, o)
	if err != nil {
		return nil, err
	}
	c.progress("running live cases on %s", eyes.Reader.Name())
	return stage.Run, nil
}

// program is this one, with which live faults are looked at as users do.
func (e evaluation) program(ctx context.Context) (p trial.Program, err error) {
	p = trial.Program{Viewer: e.viewer, Context: e.context, HostRoot: e.hostRoot, Node: e.node}
	if e.kubeconfig != "" {
		p.Args = append(p.Args, "--kubeconfig", e.kubeconfig)
	}
	viewer, err := cluster.Connect(e.kubeconfig, e.viewer)
	if err != nil {
		return p, err
	}
	if p.May, err = viewer.MayList(ctx); err != nil {
		return p, fmt.Errorf("find out what %s may see: %w", e.viewer, err)
	}
	if !p.May["pods"] {
		return p, fmt.Errorf("%s may not even list pods; bind it to the ClusterRole view", e.viewer)
	}
	p.Path, err = os.Executable()
	return p, err
}

// report prints results, and keeps them where they are asked for.
func (c *cli) report(e evaluation, results []eval.Result) error {
	board := eval.Score(results)
	switch {
	case board.Errors > 0:
		c.exit = commands.ExitNoAnswer
	case board.Cases.Yes < board.Cases.Of:
		c.exit = commands.ExitWrong
	}
	data := map[string]any{"version": c.version, "scoreboard": board, "results": results}
	if e.save != "" {
		b, err := json.MarshalIndent(data, "", "  ")
		if err == nil {
			err = os.WriteFile(e.save, append(b, '\n'), 0o644)
		}
		if err != nil {
			return fmt.Errorf("save the results: %w", err)
		}
	}
	switch e.format {
	case "json":
		return c.printJSON(data, "")
	case "markdown":
		first := ""
		if e.first != "" {
			all, err := eval.LoadFirstContacts(e.first)
			if err != nil {
				return err
			}
			first = "## First contact\n\n" + eval.FirstContacts(all, results) + "\n## All cases\n\n"
		}
		_, err := fmt.Fprint(c.out, first+eval.Markdown(results))
		return err
	}
	reply := commands.Reply{Text: board.Cases.String() + " cases passed", Blocks: evalBlocks(board, results), Exit: c.exit}
	return c.print(reply, "text")
}

func evalBlocks(board eval.Board, results []eval.Result) []commands.Block {
	var blocks []commands.Block
	for _, r := range results {
		if r.Passed() {
			continue
		}
		list := commands.List{{Spans: []commands.Span{commands.Bold(r.Case), commands.Text(": " + r.Title)}}}
		for _, s := range r.Amiss() {
			list = append(list, commands.Item{Depth: 1, Spans: []commands.Span{commands.Text(s)}})
		}
		blocks = append(blocks, list)
	}
	t := commands.Table{Columns: []commands.Column{{Title: "Measure"}, {Title: "Score"}}}
	for _, r := range board.Rows() {
		t.Rows = append(t.Rows, []commands.Span{commands.Text(r.What), commands.Text(r.Value)})
	}
	areas := commands.Table{Columns: []commands.Column{{Title: "Area"}, {Title: "Passed"}, {Title: "Root object first"}}}
	for _, a := range board.Areas {
		areas.Rows = append(areas.Rows, []commands.Span{commands.Text(a.Name), commands.Text(a.Cases.String()), commands.Text(a.Top1.String())})
	}
	return append(blocks, t, areas)
}

// word is what became of a case, in short.
func word(r eval.Result) string {
	switch {
	case r.Passed():
		return "passed"
	case r.Error != "":
		return "could not be run: " + r.Error
	}
	return "failed: " + strings.Join(r.Amiss(), "; ")
}
