package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/metrics"
	"github.com/paramedic-bot/paramedic/internal/straight"
)

// source is the flags that say what is looked at.
type source struct {
	kubeconfig, context, namespace, bundle string
	hostRoot, node, prometheus             string
	all, secrets                           bool
}

func (s *source) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	s.cluster(cmd)
	f.StringVarP(&s.namespace, "namespace", "n", "", "look at one namespace")
	f.BoolVarP(&s.all, "all-namespaces", "A", true, "look at all namespaces; -n overrides it")
	f.StringVar(&s.bundle, "bundle", "", "look at a bundle `FILE`, or at what kubectl cluster-info dump wrote, instead of a cluster")
	cmd.MarkFlagsMutuallyExclusive("bundle", "kubeconfig")
	cmd.MarkFlagsMutuallyExclusive("bundle", "context")
}

func (s *source) cluster(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.kubeconfig, "kubeconfig", "", "kubeconfig `FILE` (default: $KUBECONFIG, ~/.kube/config, or the pod's own account)")
	f.StringVar(&s.context, "context", "", "the kubeconfig's context")
	f.StringVar(&s.hostRoot, "host-root", "", "the node's / as seen from here, to look at its files as well")
	f.BoolVar(&s.secrets, "secrets", false, "look at Secrets too, for missing keys and bad certificates; no value is kept")
	f.StringVar(&s.prometheus, "prometheus", "", "the `URL` of a Prometheus to ask for a few values, such as http://127.0.0.1:9090")
	f.StringVar(&s.node, "node", "", "the node whose files lie under --host-root (default: this machine's name)")
}

// eyes opens what is to be looked at.
func (c *cli) eyes(s source) (*app.Eyes, error) {
	if s.bundle != "" {
		eyes, err := app.OpenBundle(s.bundle, c.redactor.String)
		if err == nil {
			eyes.Failed = c.failed
		}
		return eyes, err
	}
	reader, err := cluster.Connect(s.kubeconfig, s.context)
	if err != nil {
		return nil, err
	}
	eyes := &app.Eyes{Reader: reader, Redact: c.redactor.String, Secrets: s.secrets, Failed: c.failed}
	if s.prometheus != "" {
		if eyes.Metrics, err = metrics.New(s.prometheus, nil, straight.Way{}); err != nil {
			return nil, usage{err}
		}
	}
	if s.hostRoot != "" {
		if eyes.Host, err = host.New(host.Config{Root: s.hostRoot, Node: s.node}); err != nil {
			return nil, err
		}
	}
	return eyes, nil
}

// look is check and why: they differ in what the command makes of the diagnosis.
func (c *cli) look(name string, cmd *cobra.Command, explain bool) *cobra.Command {
	var s source
	s.flags(cmd)
	state := cmd.Flags().String("state", "", "the state `FILE` that serve keeps: what is accepted there is silent")
	key := keyFlag(cmd)
	format := output(cmd)
	trace := false
	if explain {
		cmd.Flag("output").Usage += "; mermaid draws what broke what"
		cmd.Flags().BoolVar(&trace, "trace", false, "tell every finding, rule and weight that led to the causes")
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		draw := explain && *format == "mermaid"
		if err := validOutput(*format); err != nil && !draw {
			return err
		}
		eyes, err := c.eyes(s)
		if err != nil {
			return err
		}
		eyes.Lookups = explain
		known, closing, err := acceptedIn(cmd.Context(), *state, *key)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closing()) }()
		eyes.Accepted = known
		set := commands.Set{Looker: eyes}
		if explain {
			if set.Explainer, err = app.NewPlainMind(cmd.Context(), c.redactor.String, slog.New(slog.DiscardHandler)); err != nil {
				return err
			}
		}
		if trace {
			args = append(args, "--trace")
		}
		if s.namespace != "" {
			args = append(args, "-n", s.namespace)
		}
		reply := set.Dispatch(cmd.Context(), commands.Request{Command: name, Args: args, Prog: string(c.name), Now: time.Now()})
		if report, ok := reply.Data.(commands.Report); ok && draw {
			c.exit = reply.Exit
			_, err := io.WriteString(c.out, report.Graph())
			return err
		}
		if draw {
			*format = "text" // there is nothing to draw, and the reply says why
		}
		return c.print(reply, *format)
	}
	return cmd
}

// lookExits is what the exit codes of check and why mean.
const lookExits = `
Exit codes: 0 nothing wrong, and all that was asked about was looked at; 1 something wrong; 2 no answer, for what was asked about does not
exist or could not be seen.`

func (c *cli) check() *cobra.Command {
	return c.look("check", &cobra.Command{
		Use: "check", Short: "What is wrong in a cluster, and what restarts", Args: cobra.NoArgs,
		Long:    "Says what is wrong in a cluster or, with -n, in a namespace, and what restarts.\n" + lookExits,
		Example: "  paramedic check\n  paramedic check -n shop -o json\n  paramedic check --bundle incident.tar.zst",
	}, false)
}

func (c *cli) why() *cobra.Command {
	return c.look("why", &cobra.Command{
		Use: "why [KIND/NAME]", Short: "Why: the causes, what follows from them, and the evidence", Args: cobra.MaximumNArgs(2),
		Long: `Says why: the causes, what follows from them, and the evidence; of the whole cluster, of a namespace (-n), or of what is named: KIND/NAME,
KIND NAME, NAMESPACE/NAME or NAME. Kinds go by all the names that kubectl takes, custom ones too.
` + lookExits,
		Example: "  paramedic why\n  paramedic why --trace\n  paramedic why deployment/web -n shop\n  paramedic why -o json\n  paramedic why " +
			"-o mermaid > causes.mmd",
	}, true)
}

// progress tells a person who waits what is being done.
func (c *cli) progress(format string, args ...any) { fmt.Fprintf(c.err, format+"\n", args...) }

// failed tells on stderr what panicked in a look, for a report to the project.
func (c *cli) failed(f incident.Failure) {
	c.progress("%s failed: %s\n%s", f.What, c.redactor.String(f.Panic), f.Stack)
}

// withTimeout bounds what a command asks of somebody else.
func withTimeout(ctx context.Context, d time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return f(ctx)
}
