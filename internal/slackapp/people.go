package slackapp

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/singleflight"

	"github.com/paramedic-bot/paramedic/internal/backoff"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	rememberPerson = time.Hour
	// rememberUnasked is for how long Slack is not asked again that could not say who a person is.
	rememberUnasked = 10 * time.Second
	mostPeople      = 5000
)

// somebody is a person, and whether they belong to another organisation.
type somebody struct {
	incident.Person
	outside bool
	until   time.Time
}

// people knows who an id is. Ids are unique within a team only, so the team is the person's own, not the one that was asked in; where it is
// not proven to be the bot's or one of its organisation, the person is from outside.
// It is safe for concurrent use.
type people struct {
	line   *line
	now    func() time.Time
	onHome func(team string) // is told the bot's own team once it is known; may be nil

	asking singleflight.Group // one question for each person, however many presses

	mu    sync.Mutex
	home  *slack.AuthTestResponse // nil until known
	known map[string]somebody     // by team and id
}

func newPeople(l *line, o Options) *people {
	return &people{line: l, now: o.Now, onHome: o.OnHome, known: map[string]somebody{}}
}

// who finds a person. saidTeam and saidName are what the payload said; they stand in where Slack can't be asked, and a person of whom
// nothing more is known counts as one from outside unless the payload names the home team.
func (p *people) who(ctx context.Context, id, saidTeam, saidName string) somebody {
	key := saidTeam + "/" + id
	p.mu.Lock()
	s, ok := p.known[key]
	p.mu.Unlock()
	if ok && p.now().Before(s.until) {
		return s
	}
	found, _, _ := p.asking.Do(key, func() (any, error) {
		s := p.ask(ctx, id, saidTeam, saidName)
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.known) >= mostPeople {
			clear(p.known)
		}
		p.known[key] = s
		return s, nil
	})
	return found.(somebody)
}

// ask asks Slack who a person is.
func (p *people) ask(ctx context.Context, id, saidTeam, saidName string) somebody {
	s := somebody{Person: incident.Person{Team: saidTeam, ID: id, Name: saidName}, outside: true, until: p.now().Add(rememberUnasked)}
	home, err := p.whereHome(ctx)
	if err != nil {
		s.until = time.Time{} // it is not even known whether it is one of ours: the next to ask asks anew
		return s
	}
	s.outside = saidTeam != home.TeamID
	u, err := p.line.api().GetUserInfoContext(ctx, id)
	if err != nil {
		return s
	}
	s = somebody{Person: incident.Person{ID: id, Name: nameOf(u, saidName)}, until: p.now().Add(rememberPerson)}
	s.Team, s.outside = placed(saidTeam, u, home)
	return s
}

// placed says which team a person is of, and whether they are from outside. What delivered their words says one team and Slack's directory
// another: the same id may be somebody else's in another team, and then neither says who acts. Only an organisation, in which ids are
// unique, can prove that both are one person.
func placed(said string, u *slack.User, home *slack.AuthTestResponse) (team string, outside bool) {
	known := orElse(u.TeamID, said)
	org := u.Enterprise.EnterpriseID
	sameOrg := home.EnterpriseID != "" && org == home.EnterpriseID &&
		(said == "" || said == known || said == org || slices.Contains(u.Enterprise.Teams, said))
	switch {
	case sameOrg:
		return known, u.IsStranger || u.Deleted
	case said != "" && said != known && known == home.TeamID:
		return said, true
	}
	return known, u.IsStranger || u.Deleted || known != home.TeamID
}

// whereHome is who the bot is, and where.
func (p *people) whereHome(ctx context.Context) (*slack.AuthTestResponse, error) {
	p.mu.Lock()
	home := p.home
	p.mu.Unlock()
	if home != nil {
		return home, nil
	}
	home, err := p.line.api().AuthTestContext(ctx)
	wait := backoff.Backoff{First: 200 * time.Millisecond, Most: time.Second}
	for try := 1; transient(err) && try < 4 && ctx.Err() == nil; try++ {
		sleep(ctx, max(retryAfter(err), wait.Next()))
		home, err = p.line.api().AuthTestContext(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("ask Slack who the bot is: %w", err)
	}
	if p.onHome != nil {
		p.onHome(home.TeamID)
	}
	p.mu.Lock()
	p.home = home
	p.mu.Unlock()
	return home, nil
}

func nameOf(u *slack.User, said string) string {
	for _, name := range []string{u.RealName, u.Profile.RealName, u.Profile.DisplayName, u.Name, said} {
		if name = oneLine(name); name != "" {
			return clip.Runes(name, 80)
		}
	}
	return u.ID
}
