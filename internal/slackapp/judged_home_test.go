package slackapp

import (
	"context"
	"errors"
	"fmt"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// home writes a person's Home before and after the cluster was looked at, whole and with less room, and that of somebody of another
// organisation.
func (s *sheet) home(name string, set *commands.Set, r commands.Request) {
	s.t.Helper()
	if set.Glances == nil {
		set.Glances = &commands.Glances{}
	}
	for _, outside := range []bool{false, true} {
		r.Outside = outside
		for looked := range 2 {
			for _, most := range []int{maxModalText, maxModalText / 8} {
				s.put("home", fmt.Sprintf("%s: home", name), homeView(set.Home(context.Background(), r), most))
			}
			if looked == 0 && !set.Glance(context.Background(), r) {
				break
			}
		}
	}
}

// lacking is a bot to which so many things are missing; -1: nobody has looked.
type lacking struct {
	tongue
	n int
}

func (l lacking) Lacks() (all []incident.Check, known bool) {
	for i := range l.n {
		all = append(all, incident.Check{Name: l.say(fmt.Sprintf("right %d", i)), Detail: l.say("it is missing")})
	}
	return all, l.n >= 0
}

// unseeing shows somebody nothing of the cluster, and does not know yet what it lacks.
func unseeing(g tongue) *commands.Set {
	c := commandstest.Cluster{Diagnosis: commandstest.Founding()}
	return &commands.Set{Looker: c, Sight: unmapped{refusing{g}}, Lacks: lacking{g, -1}, Glances: &commands.Glances{}}
}

type unmapped struct{ refusing }

func (u unmapped) Reader(incident.Person) (*incident.Identity, error) { return nil, u.no() }

// diagnosed asks about messages that others wrote, and answers the form.
func (s *sheet) diagnosed(name string, set *commands.Set, r commands.Request) {
	s.t.Helper()
	for _, values := range []map[string]string{{commands.MessageField: "[FIRING:1] PodCrashLoop\nnamespace: shop, pod: web-0"},
		{commands.MessageField: "lunch?"}, {"namespace": "shop", "object": ""}, {"namespace": "a b"}, {"object": "a/b/c/d/e"},
		{"object": "deployment/web"}} {
		r.Values = values
		s.ask(name, set, r, ShortcutID)
	}
}

// unreadable keeps incidents that can't be listed.
func unreadable(g tongue) *commands.Set {
	return &commands.Set{Incidents: unlisted{slowKeeper(), g}, Lacks: lacking{g, 0}}
}

type unlisted struct {
	*commandstest.Keeper
	tongue
}

func (u unlisted) List(context.Context, bool) ([]*incident.State, int, error) {
	return nil, 0, errors.New(u.say("the disk is full"))
}

// busy keeps more incidents that somebody has than a Home names.
func busy(p incident.Person) *commands.Set {
	k := slowKeeper()
	for i := range 12 {
		k.Append(fmt.Sprintf("INC-%d", i+1), judgedAlert, incident.Claimed{By: p})
	}
	return &commands.Set{Incidents: k}
}
