package cli

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/app"
)

func (c *cli) knowledge() *cobra.Command {
	return group("knowledge", "The postmortems, and what is found in them", c.knowledgeIndex(), c.knowledgeSearch())
}

// shelf is the flags that say where the postmortems are and what embeds them.
func shelf(cmd *cobra.Command) *app.Config {
	cfg := app.DefaultConfig()
	f := cmd.Flags()
	f.StringVar(&cfg.Knowledge, "dir", "", "the `FOLDER` of postmortems (default: those built in alone)")
	f.StringVar(&cfg.Ollama.Host, "ollama", "", "Ollama's `URL` (default: $OLLAMA_HOST, or http://127.0.0.1:11434)")
	f.StringVar(&cfg.Ollama.Embedder, "embedder", "", "the embedding model (default: none, search by words)")
	return &cfg
}

func (c *cli) openShelf(cmd *cobra.Command, cfg *app.Config) (*app.Mind, error) {
	if cfg.Knowledge != "" { // serve makes a missing folder; who names one here has mistyped it
		if _, err := os.Stat(cfg.Knowledge); err != nil {
			return nil, fmt.Errorf("read the postmortems: %w; name their folder with --dir", err)
		}
	}
	logger := slog.New(c.redactor.Handler(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelWarn})))
	return app.OpenMind(cmd.Context(), *cfg, nil, c.redactor, logger)
}

func (c *cli) knowledgeIndex() *cobra.Command {
	cmd := &cobra.Command{
		Use: "index", Short: "Read the postmortems and say what can be found; exit 1 if some can't be read", Args: cobra.NoArgs,
		Example: "  paramedic knowledge index --dir postmortems --embedder all-minilm",
	}
	cfg := shelf(cmd)
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		mind, err := c.openShelf(cmd, cfg)
		if err != nil {
			return err
		}
		return c.print(indexReply(mind.Shelf()), *format)
	}
	return cmd
}

func indexReply(s app.Shelf) commands.Reply {
	text := fmt.Sprintf("%d postmortems (%d of them built in), %d parts, found by words", s.Documents, s.BuiltIn, s.Chunks)
	if s.Embedded {
		text += " and by meaning"
	}
	reply := commands.Reply{Text: text + ".", Data: s}
	reply.Blocks = []commands.Block{commands.Paragraph{commands.Text(reply.Text)}}
	if s.Note != "" {
		reply.Blocks = append(reply.Blocks, commands.Note{commands.Text(s.Note)})
	}
	if len(s.Problems) == 0 {
		return reply
	}
	reply.Exit = commands.ExitWrong
	list := commands.List{{Spans: []commands.Span{commands.Bold("Not readable:")}}}
	for _, p := range s.Problems {
		list = append(list, commands.Item{Depth: 1, Spans: []commands.Span{commands.Text(p)}})
	}
	reply.Blocks = append(reply.Blocks, list)
	return reply
}

func (c *cli) knowledgeSearch() *cobra.Command {
	cmd := &cobra.Command{
		Use: "search WORDS", Short: "Search the postmortems", Args: cobra.MinimumNArgs(1),
		Example: "  paramedic knowledge search coredns loop after update",
	}
	cfg := shelf(cmd)
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		mind, err := c.openShelf(cmd, cfg)
		if err != nil {
			return err
		}
		set := commands.Set{Searcher: mind}
		return c.print(set.Dispatch(cmd.Context(), commands.Request{Command: "search", Args: []string{strings.Join(args, " ")},
			Prog: c.name.with("knowledge"), Now: time.Now()}), *format)
	}
	return cmd
}
