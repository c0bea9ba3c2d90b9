package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/diagnosis/catalog"
	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// acceptFlags are those of accept that are words of the command itself.
type acceptFlags struct {
	withdraw         bool
	lasts, until, ns string
}

func (f acceptFlags) words(args []string) []string {
	var words []string
	for _, w := range []struct{ name, value string }{{"--for", f.lasts}, {"--until", f.until}, {"-n", f.ns}} {
		if w.value != "" {
			words = append(words, w.name, w.value)
		}
	}
	if f.withdraw {
		words = append(words, "--withdraw")
	}
	if len(args) > 2 { // whatever a reason begins with, it is no option
		return append(append(append([]string{}, args[:2]...), words...), args[2:]...)
	}
	return append(append([]string{}, args...), words...)
}

func (c *cli) accept() *cobra.Command {
	cmd := &cobra.Command{
		Use: "accept [CODE KIND/NAMESPACE/NAME REASON...]", Short: "What is accepted and told no more; accept a finding",
		Long: `Has a finding told no more: one code, about one object, or about the pods of a workload. “check” and alerts are silent about it from then on;
“why” tells it as accepted, by whom, until when and why. It is told again when it is over (--for, --until), when it is withdrawn, when it
gets worse than it is now, and when something follows from it that is not accepted. Alone, accept lists what is accepted.

It works beside a “paramedic serve” that runs on the state, and without one; it is on the record. Give “check” and “why” the same --state.
An object can also say so itself, by the annotation paramedic-bot.github.io/accept: "PodCrashLoop until 2027-01-31: reason".`,
		Example: "  paramedic accept --state paramedic.db\n" +
			"  paramedic accept PodCrashLoop deployment/shop/web --for 7d the shop moves next week\n" +
			"  paramedic accept --withdraw PodCrashLoop deployment/shop/web",
	}
	state, key := stateFlag(cmd), keyFlag(cmd)
	var f acceptFlags
	cmd.Flags().StringVar(&f.lasts, "for", "", "for how `LONG`: 12h, 7d, 2w; without it, and without --until: for good")
	cmd.Flags().StringVar(&f.until, "until", "", "to the end of which `DAY`, such as 2027-01-31, in UTC")
	cmd.Flags().StringVarP(&f.ns, "namespace", "n", "", "the object's namespace, where its name does not say it")
	cmd.Flags().BoolVar(&f.withdraw, "withdraw", false, "have it told again")
	var s source
	s.cluster(cmd)
	cmd.Flags().StringVar(&s.bundle, "bundle", "", "see in a bundle `FILE`, instead of a cluster, how bad it is now")
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := validOutput(*format); err != nil {
			return err
		}
		if len(args) == 0 && !f.withdraw {
			return c.reading(cmd.Context(), *state, func(r *store.Reader) error {
				r.UseKey(*key)
				return c.ask(cmd.Context(), commands.Set{Acceptances: app.ReadAcceptances(r)}, "accept", nil, *format)
			})
		}
		known, closing, err := app.OpenAcceptances(cmd.Context(), *state, *key, c.redactor.String)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closing()) }()
		set := commands.Set{Acceptances: known, Codes: catalog.Codes()}
		if eyes, err := c.eyes(s); err == nil && !f.withdraw {
			eyes.Accepted = known.InForce
			set.Looker = eyes
		}
		return c.ask(cmd.Context(), set, "accept", f.words(args), *format)
	}
	return cmd
}

// ask answers a command in the name of who runs this process.
func (c *cli) ask(ctx context.Context, set commands.Set, name string, args []string, format string) error {
	return c.print(set.Dispatch(ctx, commands.Request{Command: name, Args: args, Person: app.AtTerminal(), Prog: string(c.name),
		Now: time.Now()}), format)
}

// acceptedIn reads what is accepted in a state; nil where none is named. Close it after use.
func acceptedIn(ctx context.Context, state, key string) (_ func(context.Context) ([]incident.Acceptance, error), closing func() error,
	err error) {
	if state == "" {
		return nil, func() error { return nil }, nil
	}
	r, err := store.OpenReadOnly(ctx, state)
	if err != nil {
		return nil, nil, err
	}
	r.UseKey(key)
	return app.ReadAcceptances(r).InForce, r.Close, nil
}
