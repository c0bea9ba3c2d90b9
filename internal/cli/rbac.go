package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/internal/grants"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

func (c *cli) rbac() *cobra.Command {
	var books []string
	var namespace string
	cmd := &cobra.Command{
		Use: "rbac", Short: "Print the least rights that the bot and the people who approve need", Args: cobra.NoArgs,
		Long: `Prints Kubernetes roles, for kubectl apply: without --runbooks what the bot itself may do, which is to look and to change nothing;
with --runbooks what a person needs who approves the plans of these runbooks, and undoes them. That follows from the kinds of step that
they make.

Bind the first to the bot's account, and the second to people, never to the bot: it acts as the person who approved.`,
		Example: "  paramedic rbac | kubectl apply -f -\n  paramedic rbac --runbooks all\n  paramedic rbac --runbooks " +
			"roll-back,PodOOMKilled --namespace shop",
	}
	f := cmd.Flags()
	f.StringSliceVar(&books, "runbooks", nil, "the runbooks, by their `NAMES` or by the codes that they treat; all for every one")
	f.StringVarP(&namespace, "namespace", "n", "", "with --runbooks, rights in this namespace alone: a Role, and a ClusterRole only for what "+
		"lies in none")
	cmd.RunE = func(*cobra.Command, []string) error {
		if len(books) == 0 {
			if namespace != "" {
				return usage{fmt.Errorf("--namespace needs --runbooks: the bot looks at the whole cluster")}
			}
			text, err := grants.Role("paramedic-read", "", grants.Bot())
			return c.write(err, text)
		}
		rights := recovery.AllRights()
		if len(books) != 1 || books[0] != "all" {
			var err error
			if rights, err = recovery.RightsFor(books...); err != nil {
				return usage{fmt.Errorf("--runbooks: %w", err)}
			}
		}
		text, err := operator(rights, namespace)
		return c.write(err, text)
	}
	return cmd
}

// operator is the role of whoever approves, or the two where some of it lies in no namespace.
func operator(rights []incident.Right, namespace string) (string, error) {
	const name = "paramedic-operator"
	if namespace == "" {
		return grants.Role(name, "", grants.Rules(rights))
	}
	var parts []string
	within, wide := grants.Split(rights)
	for _, p := range []struct {
		rights    []incident.Right
		namespace string
	}{{within, namespace}, {wide, ""}} {
		if len(p.rights) == 0 {
			continue
		}
		text, err := grants.Role(name, p.namespace, grants.Rules(p.rights))
		if err != nil {
			return "", err
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "---\n"), nil
}

func (c *cli) write(err error, text string) error {
	if err == nil {
		_, err = io.WriteString(c.out, text)
	}
	return err
}
