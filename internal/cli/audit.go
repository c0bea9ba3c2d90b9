package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/store"
)

func (c *cli) audit() *cobra.Command {
	return group("audit", "The record of what was seen, decided and done", c.auditVerify(), c.auditRebuild(), c.auditAccept())
}

func (c *cli) auditVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that the record is whole and as it was written; exit 1 if not, 2 without its key", Args: cobra.NoArgs,
		Long: `Reads every event and checks it against its hash and the one before it, and that what is kept beside the events, to find incidents without reading
them all, follows from them. Last-good copies and blobs are checked too. That it was Paramedic who wrote them only the record's key can
tell: without it the rest is checked, and the exit code is 2.`,
		Example: "  paramedic audit verify --state /var/lib/paramedic/paramedic.db",
	}
	state, key := stateFlag(cmd), keyFlag(cmd)
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		return c.reading(cmd.Context(), *state, func(r *store.Reader) error {
			r.UseKey(*key)
			report, err := r.Verify(cmd.Context())
			if err != nil {
				return err
			}
			beside, err := app.NewJournal(r).Compare(cmd.Context())
			if err != nil {
				return err
			}
			return c.print(c.auditReply(report, beside), *format)
		})
	}
	return cmd
}

func (c *cli) auditRebuild() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rebuild", Short: "Make what is kept beside the record anew from it", Args: cobra.NoArgs,
		Long: `Makes the projection anew from the events: which incidents are open, what leads to them, and that each is to be looked at. Events stay as they are.
Stop “paramedic serve” first.`,
		Example: "  paramedic audit rebuild --state /var/lib/paramedic/paramedic.db",
	}
	state, key := stateFlag(cmd), keyFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		n, err := app.Rebuild(cmd.Context(), *state, *key)
		if err != nil {
			return err
		}
		return c.print(commands.Reply{Text: fmt.Sprintf("Made anew for %d incidents.", n)}, "text")
	}
	return cmd
}

func (c *cli) auditAccept() *cobra.Command {
	cmd := &cobra.Command{
		Use: "accept", Short: "Go on with a record that is older than what Slack has seen of it, or that its key does not vouch for",
		Args: cobra.NoArgs,
		Long: `Slack keeps with each incident's message how far its record had come. When an older copy of the state was restored, “paramedic serve” notices,
says so, and executes nothing: what was done since is not in the record. Look at the cluster and at Slack first; then this command, which
is recorded, lets it go on with the copy that is there.

With --reseal the record, as it is, is sealed with the key: what was recorded while Paramedic did not have its key counts from then on,
and so does what was written with a key that is lost, which nobody can check any more. Look at “paramedic audit verify” first, and stop
“paramedic serve”.`,
		Example: "  paramedic audit accept --state /var/lib/paramedic/paramedic.db",
	}
	state, key, reseal := stateFlag(cmd), keyFlag(cmd),
		cmd.Flags().Bool("reseal", false, "seal the record anew with the key, which is made if it is lost")
	by := byFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var text []string
		if *reseal {
			done, err := store.Reseal(cmd.Context(), *state, *key, *by)
			if err != nil {
				return err
			}
			text = append(text, resealed(done))
		}
		what, err := app.AcceptRecord(cmd.Context(), *state, *key, *by)
		if err != nil {
			return err
		}
		if what != "" {
			text = append(text, "Accepted: "+what+".")
		}
		if len(text) == 0 {
			text = append(text, "Nothing is in doubt.")
		}
		return c.print(commands.Reply{Text: strings.Join(text, " ")}, "text")
	}
	return cmd
}

func resealed(done store.Resealed) string {
	text := fmt.Sprintf("Sealed: %d streams count as they are.", done.Streams)
	if done.Lost {
		text += " What was written with the key of before is taken on your word."
	}
	if done.Copies > 0 {
		text += fmt.Sprintf(" %d last-good copies that nobody can vouch for are forgotten; serve keeps new ones while all is well.", done.Copies)
	}
	return text
}

// audited is what verify prints as JSON.
type audited struct {
	store.Report
	Beside []store.Problem // where what is kept beside the events does not follow from them
}

func (c *cli) auditReply(report store.Report, beside []store.Problem) commands.Reply {
	sum := fmt.Sprintf("%d events in %d streams", report.Events, report.Streams)
	if report.Purged > 0 {
		sum += fmt.Sprintf(", %d purged on the record", report.Purged)
		if len(report.PurgedBy) > 0 {
			sum += " by " + strings.Join(report.PurgedBy, ", ")
		}
	}
	data := audited{report, append([]store.Problem{}, beside...)}
	if report.Copies > 0 || report.Blobs > 0 {
		sum += fmt.Sprintf("; %d last-good copies, %d blobs", report.Copies, report.Blobs)
	}
	if report.OK() && len(beside) == 0 {
		return commands.Reply{Text: "The record is whole: " + sum + ".", Data: data}
	}
	if len(report.Problems)+len(beside) == 0 {
		return commands.Reply{Text: "What can be checked of the record without its key is whole; who wrote it can't be.",
			Exit: commands.ExitNoAnswer, Data: data,
			Blocks: []commands.Block{commands.Header{Text: "Who wrote the record can't be checked"},
				commands.Paragraph{commands.Text(fmt.Sprintf("%s. Of %d events it is not known who wrote them.",
					strings.ToUpper(report.Key[:1])+report.Key[1:], report.Unverified))},
				commands.Note{commands.Text(sum + " looked at. Name the key with --key. Until it is there, Paramedic approves and runs nothing; if " +
					"it is lost: " + c.lines.in("“paramedic audit accept --reseal”."))}}}
	}
	list := commands.List{}
	for _, p := range slices.Concat(report.Problems, beside) {
		list = append(list, commands.Item{Spans: []commands.Span{commands.Text(p.String())}})
	}
	text, head := fmt.Sprintf("The record is broken in %s.", strings.Join(report.Broken(), ", ")), "The record is broken"
	note := sum + " looked at. Paramedic runs nothing on the word of a broken stream; restore the state from a backup."
	if len(report.Problems) == 0 {
		text, head = "The record is whole, and what is kept beside it does not follow from it.", "What is kept beside the record is wrong"
		note = sum + " looked at. " + c.lines.in("“paramedic audit rebuild” makes it anew; what can't be read stays as it is.")
	}
	return commands.Reply{Text: text, Exit: commands.ExitWrong, Data: data,
		Blocks: []commands.Block{commands.Header{Text: head}, list, commands.Note{commands.Text(note)}}}
}
