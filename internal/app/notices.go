package app

import (
	"fmt"
	"reflect"
	"slices"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/notices"
)

// NoticeConfig is a home of notices: where people are told of incidents without Slack, or beside it.
type NoticeConfig struct {
	URL        string            `json:"url"` // ntfy: of the topic; gotify: of the server; discord: of the webhook; json: of whatever takes a POST
	URLFile    string            `json:"urlFile"`
	Form       string            `json:"form"`  // ntfy, gotify, discord or json
	Token      string            `json:"token"` // ntfy: an access token, or user:password; gotify: an application's; json: sent as Bearer
	TokenFile  string            `json:"tokenFile"`
	Namespaces []string          `json:"namespaces"` // only of incidents with an alert from one of them; empty: any
	Labels     map[string]string `json:"labels"`     // only of incidents with an alert that has all of them; empty: any
	WayConfig
}

// mostHomes bounds the homes of notices.
const mostHomes = 20

// homes are the homes of notices as they are reached.
func (c *Config) homes() []notices.Home {
	var all []notices.Home
	for i, n := range c.Notices {
		all = append(all, notices.Home{At: fmt.Sprintf("notices[%d]", i), Form: notices.Form(n.Form), URL: n.URL, Token: n.Token,
			Way: n.way(false), Namespaces: n.Namespaces, Labels: n.Labels})
	}
	return all
}

// slack says that there is to be Slack: something of it is configured, or nobody would be told otherwise.
func (c *Config) slack() bool {
	said := c.Slack
	said.OnCall = OnCallConfig{}
	return len(c.Notices) == 0 || !reflect.DeepEqual(said, SlackConfig{})
}

// validateFaces reports what is wrong with where people are told: Slack, homes of notices, or both.
func (c *Config) validateFaces(report func(field, format string, args ...any)) {
	if c.slack() {
		c.Slack.validate(report)
	}
	if reflect.DeepEqual(c.Slack, SlackConfig{OnCall: defaultOnCall()}) && len(c.Notices) == 0 {
		report("notices", "names no home either: without Slack, incidents are told to ntfy, Gotify, Discord or a webhook; see docs/notices.md")
	}
	if len(c.Notices) > mostHomes {
		report("notices", "has %d homes; at most %d can be told", len(c.Notices), mostHomes)
		return
	}
	seen := map[string]string{}
	for i, h := range c.homes() {
		if err := h.Check(); err != nil {
			report(h.At, "%v", err)
		}
		if first, twice := seen[h.Form.Of(h.URL)]; twice {
			report(h.At, "is %s once more", first)
		}
		seen[h.Form.Of(h.URL)] = h.At
		if slices.Contains(c.Notices[i].Namespaces, "") || h.Labels[""] != "" {
			report(h.At, "has an empty namespace or label")
		}
	}
	switch o := c.OnCall; {
	case o.First.Slack+o.Second.Slack != "":
		report("onCall", "takes names alone; people of Slack are called by slack.onCall")
	case c.slack() && o.First.Name != "":
		report("onCall", "is for where there is no Slack; with it, say slack.onCall")
	case o.Second.Name != "" && (o.First.Name == "" || o.First.Name == o.Second.Name):
		report("onCall.second", "must be somebody else than the first, who is called before")
	case max(utf8.RuneCountInString(o.First.Name), utf8.RuneCountInString(o.Second.Name)) > mostName:
		report("onCall", "must have names of at most %d characters", mostName)
	default:
		o.validateTimes("onCall", report)
	}
}

// route is where alerts are told in Slack; nil without it.
func (c *Config) route() func(labels map[string]string) string {
	if !c.slack() {
		return nil
	}
	return c.Slack.channel
}

// calls is who is called, by the channel in which incidents are told; see incident.Policy.
func (c *Config) calls() map[string]incident.OnCall {
	if c.slack() {
		return c.Slack.onCall()
	}
	return map[string]incident.OnCall{"": c.OnCall.calls()}
}
