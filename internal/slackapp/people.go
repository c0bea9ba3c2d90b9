package slackapp

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	rememberPerson = time.Hour
	mostPeople     = 5000
)

// somebody is a person, and whether they belong to another organisation.
type somebody struct {
	incident.Person
	outside bool
	until   time.Time
}

// people knows who an id is. Ids are unique within a team only, so the team is the person's own, not the one that was asked in.
// It is safe for concurrent use.
type people struct {
	api *slack.Client
	now func() time.Time

	mu    sync.Mutex
	home  *slack.AuthTestResponse // nil until known
	known map[string]somebody     // by id
}

// who finds a person. saidTeam and saidName are what the payload said; they stand in where Slack can't be asked, and a person of whom
// nothing more is known counts as one from outside unless the payload names the home team.
func (p *people) who(ctx context.Context, id, saidTeam, saidName string) somebody {
	p.mu.Lock()
	s, ok := p.known[id]
	p.mu.Unlock()
	if ok && p.now().Before(s.until) {
		return s
	}
	s = somebody{Person: incident.Person{Team: saidTeam, ID: id, Name: saidName}, outside: true}
	home, err := p.whereHome(ctx)
	if err != nil {
		return s
	}
	s.outside = saidTeam != home.TeamID
	u, err := p.api.GetUserInfoContext(ctx, id)
	if err != nil {
		return s
	}
	s = somebody{Person: incident.Person{Team: orElse(u.TeamID, saidTeam), ID: id, Name: nameOf(u, saidName)}, until: p.now().Add(rememberPerson)}
	sameOrg := home.EnterpriseID != "" && u.Enterprise.EnterpriseID == home.EnterpriseID
	s.outside = u.IsStranger || u.Deleted || s.Team != home.TeamID && !sameOrg
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= mostPeople {
		clear(p.known)
	}
	p.known[id] = s
	return s
}

// whereHome is who the bot is, and where.
func (p *people) whereHome(ctx context.Context) (*slack.AuthTestResponse, error) {
	p.mu.Lock()
	home := p.home
	p.mu.Unlock()
	if home != nil {
		return home, nil
	}
	home, err := p.api.AuthTestContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask Slack who the bot is: %w", err)
	}
	p.mu.Lock()
	p.home = home
	p.mu.Unlock()
	return home, nil
}

func nameOf(u *slack.User, said string) string {
	for _, name := range []string{u.RealName, u.Profile.RealName, u.Profile.DisplayName, u.Name, said} {
		if name = oneLine(name); name != "" {
			return cut(name, 80)
		}
	}
	return u.ID
}
