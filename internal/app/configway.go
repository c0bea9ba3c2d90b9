package app

import (
	"net"
	"net/url"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/straight"
)

// validateTransport holds the configuration to one way in which Slack reaches the bot.
func (c SlackConfig) validateTransport(report func(field, format string, args ...any)) {
	posted := c.SigningSecret != "" || c.Listen != ""
	switch {
	case posted && c.AppToken != "":
		report("slack", "has an appToken, for Socket Mode, and a signingSecret or listen, for an address that Slack posts to: leave one out")
	case !posted && !strings.HasPrefix(c.AppToken, "xapp-"):
		report("slack.appToken", "must be an app-level token, which begins with xapp-; see docs/slack.md")
	case posted && c.SigningSecret == "":
		report("slack.signingSecret", "must be there with slack.listen; it stands on the app's page under Basic Information, App Credentials")
	case posted && c.Listen == "":
		report("slack.listen", "must be the host:port where what Slack posts is taken")
	}
	if _, _, err := net.SplitHostPort(c.Listen); c.Listen != "" && err != nil {
		report("slack.listen", "must be host:port: %v", err)
	}
	if u, err := url.Parse(c.RequestURL); c.RequestURL != "" && (err != nil || u.Host == "" || !strings.HasSuffix(u.Path, slackapp.Path)) {
		report("slack.requestURL", "must be a URL that ends with %s", slackapp.Path)
	}
}

// WayConfig is how a server outside is reached. Empty: directly, but Slack by the proxy that the environment names, if it does.
type WayConfig struct {
	Proxy  string `json:"proxy"`  // an HTTP proxy's URL
	CAFile string `json:"caFile"` // certificate authorities, as PEM, that are trusted beside the system's
}

func (c WayConfig) way(environment bool) straight.Way {
	return straight.Way{Proxy: c.Proxy, CAFile: c.CAFile, Environment: environment}
}
