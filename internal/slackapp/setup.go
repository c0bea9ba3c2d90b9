package slackapp

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// ProbeBot says whether the bot token works and has the scopes that are needed, as [Probe] does.
func ProbeBot(ctx context.Context, o Options) []incident.Check {
	return probeBot(ctx, o.withDefaults().client())
}

// ProbeApp says whether the app token opens a connection, as [Probe] does.
func ProbeApp(ctx context.Context, o Options) incident.Check {
	return probeApp(ctx, o.withDefaults().client())
}

// Named is something of a workspace by its id and by what people call it: a channel's name without #, a person's name.
type Named struct{ ID, Name string }

// Joined lists the channels that the bot is in and may write to, by name.
func Joined(ctx context.Context, o Options) ([]Named, error) {
	var in []Named
	for c, err := range channels(ctx, o.withDefaults().client()) {
		if err != nil {
			return nil, fmt.Errorf("list the channels that the bot is in: %w", err)
		}
		if c.IsMember {
			in = append(in, Named{ID: c.ID, Name: c.Name})
		}
	}
	slices.SortFunc(in, func(a, b Named) int { return cmp.Compare(a.Name, b.Name) })
	return in, nil
}

// FindPeople lists the members of the workspace whose id, handle or full name the words are, whatever their case; where there are none,
// those whose names hold the words. Bots and deactivated people are none.
func FindPeople(ctx context.Context, o Options, words string) (found []Person, err error) {
	words = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(words), "@"))
	api := o.withDefaults().client()
	members, err := api.GetUsersContext(ctx, slack.GetUsersOptionLimit(200))
	if err != nil {
		return nil, fmt.Errorf("look for %s among the workspace's members: %w", words, err)
	}
	var near []Person
	for i := range members {
		u := &members[i]
		if u.Deleted || u.IsBot || u.ID == "USLACKBOT" {
			continue
		}
		p := Person{ID: u.ID, Handle: u.Name, Name: cmp.Or(u.RealName, u.Name)}
		names := []string{strings.ToLower(u.ID), strings.ToLower(u.Name), strings.ToLower(u.RealName), strings.ToLower(u.Profile.DisplayName)}
		if slices.Contains(names, words) {
			found = append(found, p)
		} else if slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, words) }) {
			near = append(near, p)
		}
	}
	if len(found) == 0 {
		found = near
	}
	return found, nil
}

// Person is a member of a workspace.
type Person struct{ ID, Handle, Name string }

// FindChannel finds Options.Channel, given by its name or its id, and says whether the bot may write there, as [Probe] does.
func FindChannel(ctx context.Context, o Options) (Named, incident.Check) {
	api := o.withDefaults().client()
	info, check := lookAtChannel(ctx, api, &directory{api: func() *slack.Client { return api }, ids: map[string]string{}}, o.Channel)
	if info == nil {
		return Named{}, check
	}
	return Named{ID: info.ID, Name: info.Name}, check
}
