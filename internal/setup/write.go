package setup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
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
# docs/configuration.md has every field; "paramedic doctor --config FILE" says whether what it names is there.
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

Start the bot:          paramedic serve --config %s
%sAsk it, in Slack:       /medic check
What is missing still:  paramedic doctor --config %s
%s`,
		w.Config, w.Config, w.first(), w.Config, w.rights(w.decides.Name))
}

// rights says what rights whoever approves needs.
func (w *wizard) rights(name string) string {
	return fmt.Sprintf(`
It can look at once. Before %s can approve what changes something, the user %s needs the rights for it:

  paramedic rbac --runbooks all | kubectl apply -f -
  kubectl create clusterrolebinding paramedic-operator-%s --clusterrole paramedic-operator --user %s`, name, w.User,
		notInUsers.ReplaceAllString(strings.ReplaceAll(w.User, "@", "-"), "-"), w.User)
}
