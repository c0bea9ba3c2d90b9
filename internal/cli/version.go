package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
)

// built is what a binary says of itself.
type built struct {
	Version string `json:"version"`
	Commit  string `json:"commit"` // "unknown" where the program was built outside a checkout
	Date    string `json:"date"`   // of the commit, RFC 3339
	Dirty   bool   `json:"dirty"`  // built with changes that are in no commit
	Go      string `json:"go"`
	System  string `json:"system"` // "linux/arm64"
}

func (c *cli) versionCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "version", Short: "Print the version, its commit and its date", Args: cobra.NoArgs}
	format := output(cmd)
	cmd.RunE = func(*cobra.Command, []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		b := c.built()
		dirty := ""
		if b.Dirty {
			dirty = ", changed since"
		}
		text := fmt.Sprintf("paramedic %s\ncommit %s of %s%s\n%s, %s", b.Version, b.Commit, b.Date, dirty, b.Go, b.System)
		return c.print(commands.Reply{Data: b, Text: text}, *format)
	}
	return cmd
}

// built reads what the Go toolchain put into the binary.
func (c *cli) built() built {
	b := built{Version: c.version, Commit: "unknown", Date: "unknown", Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Dirty = s.Value == "true"
		}
	}
	return b
}
