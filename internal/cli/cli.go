package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/terminal"
)

// cli is what all commands share.
type cli struct {
	version  string
	name     name
	lines    commandLine
	out, err io.Writer
	redactor *redact.Redactor
	exit     int
}

// usage marks errors that come from how the program was called.
type usage struct{ error }

// Run runs the program with the arguments, of which the first is the name by which it was started, as in os.Args, and returns its exit
// code.
func Run(ctx context.Context, version string, args []string, stdout, stderr io.Writer) int {
	c := &cli{version: version, name: startedAs(args[0]), out: stdout, err: stderr, redactor: redact.New()}
	listened()
	root := c.root()
	root.SetArgs(args[1:])
	root.SetOut(stdout)
	root.SetErr(stderr)
	if cmd, err := root.ExecuteContextC(ctx); err != nil {
		fmt.Fprintf(stderr, "paramedic: %s\n", c.lines.in(c.redactor.String(err.Error())))
		var u usage
		if errors.As(err, &u) {
			fmt.Fprintf(stderr, "See “%s --help”.\n", cmd.CommandPath())
		}
		return commands.ExitNoAnswer
	}
	return c.exit
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "paramedic",
		Short: "Finds out what is wrong with a Kubernetes cluster, proves it, and fixes it once people approve",
		Long: `Paramedic finds out what is wrong with a Kubernetes cluster, proves it, and fixes it once people approve.

  paramedic demo            see it work: the founding incident in a browser, no cluster needed
  paramedic check           what is wrong in the cluster that your kubeconfig names
  paramedic why             why, with the evidence
  paramedic ask             the same in your own words: paramedic ask what changed since yesterday
  paramedic init            set the Slack bot up
  paramedic serve           the Slack bot

On a terminal answers are wrapped to its width, and in colour unless $NO_COLOR is set. Scripts get whole lines and full dates, or -o json.

Exit codes: 0 nothing wrong, 1 something wrong, 2 could not look, does not exist, or was not understood.`,
		SilenceUsage: true, SilenceErrors: true, Version: c.version,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: string(c.name)},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage{err} })
	root.AddCommand(c.check(), c.why(), c.checks(), c.incidents(), c.evidence(), c.plan(), c.approve(), c.runbooks(), c.grade(), c.grades(),
		c.stop(), c.accept(), c.silence(), c.askInWords(), c.changes(), c.catchup(), c.setup(), c.serve(), c.demo(),
		c.bundle(), c.knowledge(), c.eval(), c.audit(), c.purge(), c.doctor(), c.rbac(), c.versionCommand())
	root.AddCommand(c.care()...)
	c.lines = linesOf(c.name, root)
	c.lines.help(root)
	return root
}

// group is a command that only has sub-commands: alone it helps, and a sub-command that it does not have is an error.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(subs...)
	return cmd
}

// print shows a Reply in the format asked for, and remembers its exit code.
func (c *cli) print(r commands.Reply, format string) error {
	c.exit = r.Exit
	switch format {
	case "json":
		return c.printJSON(r.Data, r.Text)
	case "text":
		_, err := io.WriteString(c.out, commands.PlainAs(r, terminal.Look(c.out, time.Now())))
		return err
	}
	return usage{fmt.Errorf("-o %s: must be text or json", format)}
}

func (c *cli) printJSON(data any, text string) error {
	if data == nil {
		data = map[string]string{"text": text}
	}
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(data)
}

// output adds the -o flag.
func output(cmd *cobra.Command) *string {
	return cmd.Flags().StringP("output", "o", "text", "text or json")
}

// validOutput refuses a format before anything is looked at.
func validOutput(format string) error {
	if format != "text" && format != "json" {
		return usage{fmt.Errorf("-o %s: must be text or json", format)}
	}
	return nil
}
