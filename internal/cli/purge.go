package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/app"
)

func (c *cli) purge() *cobra.Command {
	cmd := &cobra.Command{
		Use: "purge", Short: "Remove a secret that leaked from the record, Slack's messages and the postmortems", Args: cobra.NoArgs,
		Long: `Looks for a text in all that Paramedic keeps (the record of incidents, last-good copies, messages, postmortems), also where it is escaped or in
base64, and says where it is. With --yes it is removed there, and the record says who did that: each event keeps what is left of it, so
that nothing which was done is lost, and “paramedic audit verify” stays whole. A “paramedic serve” that runs updates the messages in Slack
within half a minute.

The text is asked for, or read from the standard input or a file: as an argument it would stay in the shell's history. Change the secret
too: what a cluster shows is seen again. Answers to commands in Slack, backups, logs, and a git repository's history are out of reach.`,
		Example: "  paramedic purge --state /var/lib/paramedic/paramedic.db --knowledge /var/lib/paramedic/postmortems\n  pass show db | " +
			"paramedic purge --yes",
	}
	state, key, by := stateFlag(cmd), keyFlag(cmd), byFlag(cmd)
	folder := cmd.Flags().String("knowledge", app.DefaultConfig().Knowledge, "the `FOLDER` of postmortems")
	file := cmd.Flags().String("file", "", "read the text from `FILE`")
	yes := cmd.Flags().Bool("yes", false, "remove it")
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		text, err := c.secret(cmd.Context(), *file)
		if err != nil {
			return err
		}
		report, err := app.Purge(cmd.Context(), app.PurgeOptions{State: *state, KeyFile: *key, Knowledge: *folder, Text: text, By: *by, Do: *yes})
		if err != nil {
			return err
		}
		return c.print(purgeReply(report, *by), *format)
	}
	return cmd
}

// secret reads a text without showing it.
func (c *cli) secret(ctx context.Context, file string) (string, error) {
	var data []byte
	var err error
	switch {
	case file != "":
		data, err = os.ReadFile(file)
	case term.IsTerminal(int(os.Stdin.Fd())):
		var typed string
		typed, err = (&prompt{ctx: ctx, out: c.err}).Secret("The text to be removed (it is not shown): ")
		data = []byte(typed)
	default:
		data, err = io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
	}
	if err == nil && len(strings.TrimSpace(string(data))) == 0 {
		err = errors.New("give the text to be removed, at the prompt, on the standard input or with --file")
	}
	return string(data), err
}

func purgeReply(r app.PurgeReport, by string) commands.Reply {
	if r.Empty() {
		return commands.Reply{Text: "It is nowhere to be found.", Data: r}
	}
	verb, head := "holds it", "It is there; --yes removes it"
	if r.Done {
		verb, head = "held it", "It is removed, by "+by
	}
	list := commands.List{}
	add := func(n int, format string, args ...any) {
		if n > 0 {
			list = append(list, commands.Item{Spans: []commands.Span{commands.Text(fmt.Sprintf(format, args...))}})
		}
	}
	add(r.Events, "%d events of the record", r.Events)
	add(len(r.Incidents), "of %s", strings.Join(r.Incidents, ", "))
	add(r.Blobs, "%d blobs: last-good copies, whole diagnoses, what plans write", r.Blobs)
	add(r.Messages, "%d messages", r.Messages)
	for _, f := range r.Files {
		add(1, "%s", f)
	}
	add(r.Embeddings, "%d pieces of postmortems, of which what an embedder made goes too", r.Embeddings)
	notes := append([]string{}, r.Notes...)
	if r.Done {
		when := "when “paramedic serve” runs next"
		if r.Served {
			when = "within half a minute"
		}
		notes = append(notes, "The messages in Slack are updated "+when+
			". Answers to commands, and what people wrote themselves, have to be deleted there by hand.",
			"Backups of the state hold it still. Change the secret: what the cluster shows is seen again.")
	}
	blocks := []commands.Block{commands.Header{Text: head}, list}
	for _, n := range notes {
		blocks = append(blocks, commands.Note{commands.Text(n)})
	}
	return commands.Reply{Text: fmt.Sprintf("%s: what %s: %d events, %d messages, %d blobs, %d files.", head, verb, r.Events, r.Messages,
		r.Blobs, len(r.Files)), Data: r, Blocks: blocks}
}
