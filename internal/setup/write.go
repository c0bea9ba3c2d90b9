package setup

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/terminal"
)

// file is what of a configuration is written.
type file struct {
	Cluster   *cluster      `json:"cluster,omitempty"`
	Slack     *slackPart    `json:"slack,omitempty"`
	Notices   []noticesPart `json:"notices,omitempty"`
	Webhook   *webhookPart  `json:"webhook,omitempty"`
	Approvers []approver    `json:"approvers"`
}

type noticesPart struct {
	URL   string `json:"url"`
	Form  string `json:"form"`
	Token string `json:"token,omitempty"`
}

type webhookPart struct {
	Listen      string `json:"listen"`
	BearerToken string `json:"bearerToken"`
}

type cluster struct {
	Kubeconfig string `json:"kubeconfig,omitempty"`
	Context    string `json:"context,omitempty"`
}

type slackPart struct {
	AppToken      string `json:"appToken,omitempty"`
	SigningSecret string `json:"signingSecret,omitempty"`
	Listen        string `json:"listen,omitempty"`
	RequestURL    string `json:"requestURL,omitempty"`
	BotToken      string `json:"botToken"`
	Channel       string `json:"channel"`
	APIURL        string `json:"apiURL,omitempty"`
}

type approver struct {
	Slack string `json:"slack,omitempty"`
	User  string `json:"user"`
}

// head begins the file.
const head = `# Made by "paramedic init". Whoever reads this file has the bot's tokens: it is for its owner alone.
# docs/configuration.md has every field; "paramedic doctor" says whether what it names is there.
`

// withSlack is what of a configuration is written for a bot with Slack.
func (w *wizard) withSlack() file {
	return file{Slack: &slackPart{AppToken: w.AppToken, SigningSecret: w.SigningSecret, Listen: w.Listen, RequestURL: w.RequestURL,
		BotToken: w.BotToken, Channel: w.told.ID, APIURL: w.APIURL},
		Approvers: []approver{{Slack: w.decides.ID, User: w.User}}}
}

// write writes the file whole, or not at all.
func (w *wizard) write(f file) error {
	if w.Kubeconfig != "" || w.Context != "" {
		path := w.Kubeconfig
		if abs, err := filepath.Abs(path); path != "" && err == nil {
			path = abs // relative paths are relative to the configuration
		}
		f.Cluster = &cluster{Kubeconfig: path, Context: w.Context}
	}
	text, err := yaml.Marshal(f)
	if err != nil {
		return fmt.Errorf("write %s: %w", w.Config, err)
	}
	part, err := os.CreateTemp(filepath.Dir(w.Config), ".paramedic-*.yaml") // which only its owner may read
	if err != nil {
		return fmt.Errorf("write %s: %w", w.Config, err)
	}
	_, err = part.WriteString(head + string(text))
	err = errors.Join(err, part.Close())
	if err == nil {
		err = os.Rename(part.Name(), w.Config)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", w.Config, err), os.Remove(part.Name()))
	}
	return nil
}

// first is what has to be done in Slack once the bot runs where Slack posts to it.
func (w *wizard) first() string {
	if !w.posted() {
		return ""
	}
	return "Then, on the app's page: Event Subscriptions, Retry: Slack asks " + w.RequestURL + ", which must lead to\n" +
		"                        " + w.Listen + " here, and says Verified\n"
}

// next says what is to be done now.
func (w *wizard) next() {
	w.say(`
%s is written, for your eyes only.
%s
Start the bot:          %s
%sAsk it, in Slack:       /medic check
Is all as it should be? %s`, w.Config, w.rights(w.decides.Name), w.line("serve", w.config()...), w.first(), w.line("doctor", w.config()...))
}

// line is a command line of this program.
func (w *wizard) line(command string, args ...string) string {
	words := []string{cmp.Or(w.Prog, "paramedic"), command}
	for _, a := range args {
		words = append(words, terminal.Word(a))
	}
	return strings.Join(words, " ")
}

// ByItself is the configuration that commands take where none is named.
const ByItself = "paramedic.yaml"

// config are the arguments that name the configuration.
func (w *wizard) config() []string {
	if w.Config == ByItself {
		return nil
	}
	return []string{"--config", w.Config}
}

// kubectl is a command line of kubectl's on the cluster that was looked at.
func (w *wizard) kubectl(line string) string {
	words := "kubectl "
	if w.Kubeconfig != "" {
		words += "--kubeconfig " + terminal.Word(w.Kubeconfig) + " "
	}
	if w.Context != "" {
		words += "--context " + terminal.Word(w.Context) + " "
	}
	return words + line
}

// rights says what rights whoever approves needs.
func (w *wizard) rights(name string) string {
	binding := terminal.Word("paramedic-operator-" + notInUsers.ReplaceAllString(strings.ReplaceAll(w.User, "@", "-"), "-"))
	return fmt.Sprintf(`
It only looks, until somebody approves a plan. Before %s can approve one, the user %s needs the rights for it:

  %s | %s
  %s
`, name, w.User, w.line("rbac", "--runbooks", "all"), w.kubectl("apply -f -"),
		w.kubectl("create clusterrolebinding "+binding+" --clusterrole paramedic-operator --user "+terminal.Word(w.User)))
}
