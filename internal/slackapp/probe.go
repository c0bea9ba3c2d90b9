package slackapp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Scopes are the least that the bot token needs.
var Scopes = []string{
	"app_mentions:read", "chat:write", "commands", "im:history", "users:read", "channels:read", "groups:read", "channels:history",
	"groups:history", "files:write",
}

// Probe says whether a configuration works: tokens, scopes, Socket Mode, the channel. The detail of a check that is not OK says what
// to do about it. It posts nothing.
func Probe(ctx context.Context, o Options) []incident.Check {
	o = o.withDefaults()
	checks := probeBot(ctx, o.client())
	botWorks := checks[0].OK
	if o.SigningSecret == "" {
		checks = append(checks, probeApp(ctx, o.client()))
	} else {
		checks = append(checks, ProbeAddress(ctx, o))
	}
	if botWorks {
		checks = append(checks, probeTold(ctx, o)...)
	}
	return checks
}

// ProbeTelling is Probe for a bot that runs: whether it is reached by Slack it knows from its own connection.
func ProbeTelling(ctx context.Context, o Options) []incident.Check {
	o = o.withDefaults()
	checks := probeBot(ctx, o.client())
	if checks[0].OK {
		checks = append(checks, probeTold(ctx, o)...)
	}
	return checks
}

// probeTold says whether those can be told something who are to be.
func probeTold(ctx context.Context, o Options) []incident.Check {
	checks := []incident.Check{probeChannel(ctx, o.client(), o.Channel)}
	if o.Fallback != "" {
		checks = append(checks, probeFallback(ctx, o.client(), o.Fallback))
	}
	return checks
}

// mostProbed bounds the channels that are looked at at once: Slack answers fifty such questions a minute.
const mostProbed = 40

// ProbeChannels says of each channel whether the bot may write there, and what to do if not; one may be a person for a direct message. It
// posts nothing. Of a great many channels it looks at the first, and says so.
func ProbeChannels(ctx context.Context, o Options, all ...string) []incident.Check {
	api := o.withDefaults().client()
	names := &directory{api: func() *slack.Client { return api }, ids: map[string]string{}, keeps: true}
	var checks []incident.Check
	for i, channel := range all {
		switch {
		case i == mostProbed:
			return append(checks, incident.Check{Name: "Slack channels", OK: true,
				Detail: fmt.Sprintf("%d more were not looked at: Slack does not answer so many questions at once", len(all)-i)})
		case personID.MatchString(channel):
			checks = append(checks, probeFallback(ctx, api, channel))
		default:
			_, check := lookAtChannel(ctx, api, names, channel)
			checks = append(checks, check)
		}
	}
	return checks
}

// probeFallback says whether the fallback can be told something.
func probeFallback(ctx context.Context, api *slack.Client, to string) incident.Check {
	check := incident.Check{Name: "Slack fallback"}
	if !personID.MatchString(to) {
		check = probeChannel(ctx, api, to)
		check.Name = "Slack fallback"
		return check
	}
	u, err := api.GetUserInfoContext(ctx, to)
	switch {
	case err != nil:
		check.Detail = to + ": " + explain(err, map[string]string{"user_not_found": "there is no such person here; a member's profile " +
			"shows the id"})
	case u.Deleted || u.IsBot:
		check.Detail = to + " is deactivated, or a bot; name somebody who reads direct messages"
	default:
		check.OK, check.Detail = true, u.Name+" is told when the channel takes no messages"
	}
	return check
}

// ProbeCallee says whether a person or a user group can be called. Of a group nobody can be sure: to look at groups is a scope
// (usergroups:read) that the app does without.
func ProbeCallee(ctx context.Context, o Options, id, name string) incident.Check {
	check := incident.Check{Name: "Slack on call " + orElse(name, id)}
	if groupID.MatchString(id) {
		check.OK, check.Detail = true, id+" has the form of a user group's id. Whether there is such a group was not looked at: the app has no "+
			"right to (usergroups:read), and needs none to mention it"
		return check
	}
	u, err := o.withDefaults().client().GetUserInfoContext(ctx, id)
	switch {
	case err != nil:
		check.Detail = id + ": " + explain(err, map[string]string{"user_not_found": "there is no such person here; a member's profile shows " +
			"the id, and so does a user group's page"})
	case u.Deleted || u.IsBot:
		check.Detail = id + " is deactivated, or a bot; name somebody who can be called"
	default:
		check.OK, check.Detail = true, u.Name+" is mentioned when nobody answers"
	}
	return check
}

func probeBot(ctx context.Context, api *slack.Client) []incident.Check {
	who, err := api.AuthTestContext(ctx)
	if err != nil {
		return []incident.Check{{Name: "Slack bot token", Detail: explain(err, map[string]string{
			"invalid_auth":     "Slack does not know it; copy the Bot User OAuth Token (xoxb-…) from the app's page, Install App",
			"not_authed":       "there is none; configure the Bot User OAuth Token (xoxb-…)",
			"account_inactive": "the app was removed from the workspace; install it again on the app's page, Install App",
			"token_revoked":    "it was revoked; install the app again and configure the new token",
		})}}
	}
	checks := []incident.Check{{Name: "Slack bot token", OK: true, Detail: fmt.Sprintf("@%s in %s", who.User, who.Team)}}
	granted := strings.FieldsFunc(who.Header.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })
	var missing []string
	for _, s := range Scopes {
		if !slices.Contains(granted, s) {
			missing = append(missing, s)
		}
	}
	scopes := incident.Check{Name: "Slack scopes", OK: len(missing) == 0, Detail: count(len(Scopes)) + " granted"}
	if len(missing) > 0 {
		scopes.Detail = "missing: " + strings.Join(missing, ", ") + "; add them on the app's page, OAuth & Permissions, and install the app again"
	}
	return append(checks, scopes)
}

func count(n int) string { return fmt.Sprintf("all %d", n) }

// ofAppToken is what it means that no connection is given for an app token, and what to do.
var ofAppToken = map[string]string{
	"invalid_auth":           "the app token is not known; make one (xapp-…) with connections:write on the app's page, Basic Information",
	"not_authed":             "there is no app token; make one (xapp-…) with connections:write on the app's page, Basic Information",
	"not_allowed_token_type": "that is not an app token; it begins with xapp-",
	"missing_scope":          "the app token lacks connections:write; make a new one",
	"forbidden_team":         "Socket Mode is off; turn it on on the app's page",
}

func probeApp(ctx context.Context, api *slack.Client) incident.Check {
	check := incident.Check{Name: "Slack Socket Mode"}
	if _, _, err := api.StartSocketModeContext(ctx); err != nil {
		check.Detail = explain(err, ofAppToken)
		return check
	}
	check.OK, check.Detail = true, "a connection is offered"
	return check
}

func probeChannel(ctx context.Context, api *slack.Client, name string) incident.Check {
	_, check := lookAtChannel(ctx, api, &directory{api: func() *slack.Client { return api }, ids: map[string]string{}}, name)
	return check
}

// lookAtChannel is the channel of that name or id, and whether the bot may write there; nil where it was not seen, or is a direct message.
func lookAtChannel(ctx context.Context, api *slack.Client, names *directory, name string) (*slack.Channel, incident.Check) {
	check := incident.Check{Name: "Slack channel"}
	if name == "" {
		check.Detail = "none is configured; name the channel where incidents are told"
		return nil, check
	}
	id, err := names.channel(ctx, name)
	var info *slack.Channel
	if err == nil && strings.HasPrefix(id, "D") {
		check.OK, check.Detail = true, "a direct message"
		return nil, check
	}
	if err == nil {
		info, err = api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
	}
	switch {
	case err != nil:
		check.Detail = name + ": " + explain(err, map[string]string{
			"channel_not_found": "there is none of that name, or it is private and the bot not in it; type /invite @paramedic there",
			"missing_scope":     "the scopes channels:read and groups:read are needed to look",
		})
	case info.IsArchived:
		check.Detail = "#" + info.Name + " is archived; unarchive it, or configure another"
	case !info.IsMember:
		check.Detail = "the bot is not in #" + info.Name + "; type /invite @paramedic there"
	default:
		check.OK, check.Detail = true, "the bot is in #"+info.Name
	}
	return info, check
}

// explain is what an error of Slack's means and what to do, or the error itself.
func explain(err error, words map[string]string) string {
	if known, ok := words[apiError(err)]; ok {
		return known
	}
	return err.Error() + "; is Slack reachable from here?"
}
