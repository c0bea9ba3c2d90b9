package deploy

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/knowledge"
)

func TestTheGuidesNameWhatTheProgramHas(t *testing.T) {
	names := map[string][]string{"../docs/slack.md": slackapp.Scopes}
	for _, k := range recovery.StepKinds() {
		names["../docs/runbooks.md"] = append(names["../docs/runbooks.md"], k.Kind)
	}
	for _, b := range recovery.Runbooks {
		names["../docs/runbooks.md"] = append(names["../docs/runbooks.md"], b.Name)
	}
	front := reflect.TypeFor[knowledge.Meta]()
	for i := range front.NumField() {
		name, _, _ := strings.Cut(front.Field(i).Tag.Get("json"), ",")
		names["../docs/knowledge.md"] = append(names["../docs/knowledge.md"], name)
	}
	names["../docs/knowledge.md"] = append(names["../docs/knowledge.md"], knowledge.Outcomes...)
	for guide, all := range names {
		text := read(t, guide)
		for _, name := range all {
			if !strings.Contains(text, "`"+name+"`") {
				t.Errorf("%s says nothing about %s", guide, name)
			}
		}
	}
}

// Who installs Paramedic must be told of all that it reads of a node, and of what a container is not shown.
func TestTheGuideNamesWhatIsReadOfANode(t *testing.T) {
	shown, withheld, ok := strings.Cut(read(t, "../docs/install.md"), "and withheld from the pod:")
	if !ok {
		t.Fatal("docs/install.md does not say what is withheld")
	}
	for _, p := range host.Places {
		text := shown
		if p.Withheld != "" {
			text = withheld
		}
		if !strings.Contains(text, "`"+p.Path+"`") && !slices.Contains(host.CNIDirs, p.Path) {
			t.Errorf("docs/install.md says nothing about %s (withheld: %q)", p.Path, p.Withheld)
		}
	}
}

func TestTheGuidesExampleIsAPostmortem(t *testing.T) {
	_, rest, _ := strings.Cut(read(t, "../docs/knowledge.md"), "```markdown\n")
	example, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("docs/knowledge.md shows no example")
	}
	if _, err := knowledge.Parse([]byte(example)); err != nil {
		t.Error(err)
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

func TestTheGuidesLinkToWhatIsThere(t *testing.T) {
	for _, guide := range glob(t, "../docs/*.md", "../CONTRIBUTING.md") {
		for _, m := range link.FindAllStringSubmatch(read(t, guide), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(guide), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", guide, m[1], err)
			}
		}
	}
}
