package cli

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/diagnosis/catalog"
	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// question is ask, changes and restarts: a look at the cluster that is told in another way.
func (c *cli) question(cmd *cobra.Command, words func(args []string) []string) *cobra.Command {
	var s source
	s.cluster(cmd)
	cmd.Flags().StringVarP(&s.namespace, "namespace", "n", "", "in one namespace")
	cmd.Flags().StringVar(&s.bundle, "bundle", "", "look at a bundle `FILE` instead of a cluster")
	state := cmd.Flags().String("state", "", "the state `FILE` that serve keeps: it has incidents, and what is accepted")
	key := keyFlag(cmd)
	format := output(cmd)
	name := cmd.Name()
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := validOutput(*format); err != nil {
			return err
		}
		eyes, err := c.eyes(s)
		if err != nil {
			return err
		}
		set := commands.Set{Looker: eyes, Memory: eyes, Books: app.Books(), Codes: catalog.Codes()}
		if set.Explainer, err = app.NewPlainMind(cmd.Context(), c.redactor.String, slog.New(slog.DiscardHandler)); err != nil {
			return err
		}
		if *state != "" {
			r, err := store.OpenReadOnly(cmd.Context(), *state)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, r.Close()) }()
			r.UseKey(*key)
			known := app.ReadAcceptances(r)
			eyes.Accepted = known.InForce
			set.Incidents, set.Acceptances, set.Silences = app.ReadIncidents(r), known, app.ReadSilences(r)
		}
		args = words(args)
		if s.namespace != "" {
			args = append(args, "-n", s.namespace)
		}
		return c.ask(cmd.Context(), set, name, args, *format)
	}
	return cmd
}

func (c *cli) askInWords() *cobra.Command {
	return c.question(&cobra.Command{
		Use: "ask QUESTION...", Short: "Ask in your own words", Args: cobra.MinimumNArgs(1),
		Long: `Reads a question as a person would put it as one of those that Paramedic answers, shows what it was read as, and answers it. Words alone never
change anything. What is not understood is answered with the nearest that can be asked.`,
		Example: "  paramedic ask why is convocanvas crashing\n  paramedic ask what changed since yesterday\n  paramedic ask --state " +
			"paramedic.db who has INC-3",
	}, func(args []string) []string { return []string{strings.Join(args, " ")} })
}

func (c *cli) changes() *cobra.Command {
	since := ""
	cmd := c.question(&cobra.Command{
		Use: "changes", Short: "What changed in a cluster", Args: cobra.NoArgs,
		Example: "  paramedic changes --since yesterday\n  paramedic changes -n shop --since 2h -o json",
	}, func(args []string) []string {
		if since != "" {
			args = append(args, "--since", since)
		}
		return args
	})
	cmd.Flags().StringVar(&since, "since", "", "since `WHEN`: 2h, 3d, yesterday, monday, or a day such as 2027-01-31, in UTC")
	return cmd
}

func (c *cli) catchup() *cobra.Command {
	cmd := &cobra.Command{
		Use: "catchup [INC-ID]", Short: "Where things stand, in eight lines at most", Args: cobra.MaximumNArgs(1),
		Example: "  paramedic catchup\n  paramedic catchup INC-3",
	}
	return c.ofState(cmd, incidentsAlone)
}

func (c *cli) silence() *cobra.Command {
	cmd := &cobra.Command{
		Use: "silence [CODE | INC-ID] [REASON...]", Short: "By what nobody is woken now; silence it for a while",
		Long: `Has nobody woken by a namespace, by a code or an alert of that name, or by an incident, for a while. Alerts that belong to an open incident join it
without waking anybody; others open none and are held, and are taken in when the silence ends if they still fire. Alone, silence lists what
is silent, with who said so, why and until when.

It works beside a “paramedic serve” that runs on the state, and without one; it is on the record.`,
		Example: "  paramedic silence --state paramedic.db\n  paramedic silence -n shop --for 2h the shop moves\n" +
			"  paramedic silence --end -n shop",
	}
	state, key, format := stateFlag(cmd), keyFlag(cmd), output(cmd)
	var lasts, until, ns string
	var end bool
	cmd.Flags().StringVar(&lasts, "for", "", "for how `LONG`: 30m, 2h, 7d")
	cmd.Flags().StringVar(&until, "until", "", "to the end of which `DAY`, such as 2027-01-31, in UTC")
	cmd.Flags().StringVarP(&ns, "namespace", "n", "", "the namespace that is to be silent")
	cmd.Flags().BoolVar(&end, "end", false, "end it before its time")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := validOutput(*format); err != nil {
			return err
		}
		if ns != "" {
			args = append([]string{"-n", ns}, args...)
		}
		if end {
			args = append([]string{"--end"}, args...)
		}
		if len(args) == 0 && lasts == "" && until == "" {
			return c.reading(cmd.Context(), *state, func(r *store.Reader) error {
				r.UseKey(*key)
				return c.ask(cmd.Context(), commands.Set{Silences: app.ReadSilences(r)}, "silence", nil, *format)
			})
		}
		for _, w := range [][2]string{{"--for", lasts}, {"--until", until}} {
			if w[1] != "" {
				args = append(args, w[0], w[1])
			}
		}
		return c.silencing(cmd.Context(), *state, *key, args, *format)
	}
	return cmd
}

// silencing silences something in a state, or ends that.
func (c *cli) silencing(ctx context.Context, state, key string, args []string, format string) (err error) {
	known, closing, err := app.OpenSilences(ctx, state, key, c.redactor.String)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()
	r, err := store.OpenReadOnly(ctx, state)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	set := commands.Set{Silences: known, Incidents: app.ReadIncidents(r), Codes: catalog.Codes()}
	return c.print(set.Dispatch(ctx, commands.Request{Command: "silence", Args: args, Person: app.AtTerminal(), Prog: string(c.name),
		Now: time.Now()}),
		format)
}
