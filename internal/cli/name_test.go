package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestWhatIsToBeTypedBeginsWithTheNameOfTheStart(t *testing.T) {
	t.Parallel()
	root := &cobra.Command{}
	root.AddCommand(&cobra.Command{Use: "doctor"}, &cobra.Command{Use: "audit"})
	for _, c := range []struct{ arg0, text, want string }{
		{"paramedic", "run paramedic doctor", "run paramedic doctor"},
		{"", "run paramedic doctor", "run paramedic doctor"},
		{"bin/paramedic", "paramedic doctor, “paramedic audit verify”\n  paramedic doctor", "bin/paramedic doctor, “bin/paramedic audit verify”\n  bin/paramedic doctor"},
		{"/opt/my bin/p", "paramedic doctor", "'/opt/my bin/p' doctor"},
		{"/opt/$1/p", "paramedic doctor", "'/opt/$1/p' doctor"},
		{"bin/paramedic", "paramedic doctors; a paramedic called; .paramedic doctor; x/paramedic doctor",
			"paramedic doctors; a paramedic called; .paramedic doctor; x/paramedic doctor"},
	} {
		if got := linesOf(startedAs(c.arg0), root).in(c.text); got != c.want {
			t.Errorf("started as %q, it says %q, want %q", c.arg0, got, c.want)
		}
	}
}

func TestEveryDoorSaysTheNameOfTheStart(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("KUBECONFIG", "nosuch")
	for line, want := range map[string]string{
		"--help":         "  bin/paramedic check  ",
		"rbac --help":    "  bin/paramedic rbac | kubectl apply -f -",
		"check --colour": "See “bin/paramedic check --help”",
		"serve":          "make one by “bin/paramedic init”",
		"incidents":      `has "bin/paramedic serve" run with this state`,
		"search x":       `unknown command "search" for "bin/paramedic"`,
	} {
		out := &bytes.Buffer{}
		Run(t.Context(), "test", append([]string{"bin/paramedic"}, strings.Fields(line)...), out, out)
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s does not say %q:\n%s", line, want, out)
		}
	}
}
