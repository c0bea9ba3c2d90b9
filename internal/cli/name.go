package cli

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/internal/terminal"
)

// called is the program's name where nothing else is said: how Slack speaks of it, and every text that is written for both.
const called = "paramedic"

// name is how this program was started, as a shell takes it: what it tells people to type begins with it.
type name string

// startedAs is the name by which a program was started, whose first argument is as the system gives it. On Windows, too, it can be typed
// with slashes.
func startedAs(arg0 string) name {
	if arg0 == "" {
		return called
	}
	return name(terminal.Word(filepath.ToSlash(arg0)))
}

// with is a command line of this program.
func (n name) with(args ...string) string {
	line := []string{string(n)}
	for _, a := range args {
		line = append(line, terminal.Word(a))
	}
	return strings.Join(line, " ")
}

// commandLine finds command lines of this program in a text: its name, and a command behind it.
type commandLine struct {
	name  name
	lines *regexp.Regexp
}

// linesOf finds the command lines of a program with these commands.
func linesOf(n name, root *cobra.Command) commandLine {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, regexp.QuoteMeta(c.Name()))
	}
	return commandLine{n, regexp.MustCompile(`(^|[^\w/.-])` + called + ` (` + strings.Join(names, "|") + `)\b`)}
}

// in is a text whose command lines run as they stand.
func (l commandLine) in(text string) string {
	if l.name == called || !strings.Contains(text, called+" ") {
		return text
	}
	return l.lines.ReplaceAllString(text, "${1}"+strings.ReplaceAll(string(l.name), "$", "$$")+" ${2}")
}

// help has what a command and those below it say of themselves run as it stands.
func (l commandLine) help(cmd *cobra.Command) {
	cmd.Long, cmd.Example = l.in(cmd.Long), l.in(cmd.Example)
	for _, sub := range cmd.Commands() {
		l.help(sub)
	}
}
