package slackapp

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/backoff"
	"github.com/paramedic-bot/paramedic/internal/guard"
)

// Homes says what people are shown on the bot's own page, its Home tab; *commands.Set does.
type Homes interface {
	// Home is what a person is shown. It does not wait for the cluster.
	Home(ctx context.Context, r commands.Request) commands.Reply
	// Glance looks at the cluster for a person if that is due, and says whether Home says something newer then.
	Glance(ctx context.Context, r commands.Request) bool
}

const (
	// homeFor is for how long after it was opened a Home is kept up to date.
	homeFor = 24 * time.Hour
	// glanceAfter is how long after a change the cluster is looked at again, for those who look on.
	glanceAfter = 40 * time.Second
	// glanceFor is for how long the cluster is looked at anew for it when incidents change.
	glanceFor = 15 * time.Minute
	// homesApart is the least time between two rounds in which all are brought up to date.
	homesApart = 3 * time.Second
	// mostHomes bounds those that are kept up to date: the ones that were opened last.
	mostHomes = 500
)

// home is the Home tab of one person.
type home struct {
	user, team string
	opened     time.Time // guarded by homes.mu

	mu    sync.Mutex        // one publishes at a time, so that what is older never comes last
	shown [sha256.Size]byte // what was published last
}

// homes are those that people opened lately. It is safe for concurrent use.
type homes struct {
	changed chan struct{}
	mu      sync.Mutex
	byUser  map[string]*home
}

func newHomes() *homes { return &homes{changed: make(chan struct{}, 1), byUser: map[string]*home{}} }

// open is the Home of a person who opens it now.
func (h *homes) open(user, team string, now time.Time) *home {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.byUser[user]
	if one == nil {
		if len(h.byUser) >= mostHomes {
			h.drop()
		}
		one = &home{user: user, team: team}
		h.byUser[user] = one
	}
	one.opened = now
	return one
}

// drop leaves out the one that was opened longest ago.
func (h *homes) drop() {
	oldest := ""
	for user, one := range h.byUser {
		if oldest == "" || one.opened.Before(h.byUser[oldest].opened) {
			oldest = user
		}
	}
	delete(h.byUser, oldest)
}

// forget leaves out a person's.
func (h *homes) forget(one *home) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.byUser, one.user)
}

// lately are those that were opened since, the newest first; the others are forgotten.
func (h *homes) lately(since time.Time) []*home {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []*home
	for user, one := range h.byUser {
		if one.opened.Before(since) {
			delete(h.byUser, user)
			continue
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b *home) int { return cmp.Or(b.opened.Compare(a.opened), cmp.Compare(a.user, b.user)) })
	return out
}

func (h *homes) openedAt(one *home) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return one.opened
}

// Changed says that there is something new to be shown on Homes. It does not block.
func (a *App) Changed() {
	select {
	case a.homes.changed <- struct{}{}:
	default: // they are going to be brought up to date anyway
	}
}

// keepHomes brings the Homes that were opened lately up to date whenever something has changed, until ctx ends.
func (a *App) keepHomes(ctx context.Context) {
	later := time.NewTimer(homeFor)
	defer later.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.homes.changed:
			later.Reset(glanceAfter) // the cluster changes with what was decided, and shows it only then
		case <-later.C:
		}
		sleep(ctx, homesApart) // what changes meanwhile is shown with it
		now := a.opts.Now()
		for _, one := range a.homes.lately(now.Add(-homeFor)) {
			if ctx.Err() != nil {
				return
			}
			guard.Run(a.log, "bring a Home up to date", func() {
				within, cancel := context.WithTimeout(ctx, workWithin)
				defer cancel()
				glances := now.Sub(a.homes.openedAt(one)) < glanceFor
				a.showHome(within, one, glances)
			})
		}
	}
}

// homeOpened answers the opening of the Home tab.
func (a *App) homeOpened(id, user, team string) delivery {
	d := delivery{id: id, what: "a Home opened"}
	d.answer = func(context.Context, *flight, commands.Reply) outcome { return said } // there is nowhere to say more
	d.work = func(ctx context.Context, l *lane, _ *flight) outcome {
		if !l.begin(ctx) {
			return unanswered
		}
		defer l.end()
		a.showHome(ctx, a.homes.open(user, team, a.opts.Now()), true)
		return said
	}
	return d
}

// showHome publishes a Home, and again once the cluster was looked at where that is due.
func (a *App) showHome(ctx context.Context, one *home, glances bool) {
	who := a.people.who(ctx, one.user, one.team, "")
	r := commands.Request{Person: who.Person, Outside: who.outside, Now: a.opts.Now()}
	a.publishHome(ctx, one, r)
	if glances && a.opts.Homes.Glance(ctx, r) {
		a.publishHome(ctx, one, r)
	}
}

// publishHome shows what there is to be shown, if it is not what is shown already; what Slack refuses to show, less of it.
func (a *App) publishHome(ctx context.Context, one *home, r commands.Request) {
	one.mu.Lock()
	defer one.mu.Unlock()
	reply := a.opts.Homes.Home(ctx, r)
	var err error
	for _, most := range []int{maxModalText, maxModalText / 8} {
		view := homeView(reply, most)
		sum := sha256.Sum256(encoded(view))
		if sum == one.shown {
			return
		}
		if err = a.putHome(ctx, one.user, view); err == nil {
			one.shown = sum
			return
		}
		if apiError(err) != "invalid_arguments" && apiError(err) != "view_too_large" {
			break
		}
	}
	a.log.Warn("a Home could not be shown", "user", one.user, "error", err)
	if !transient(err) {
		a.homes.forget(one) // until it is opened again
	}
}

// putHome has Slack show a Home. While Slack does not answer it is tried again.
func (a *App) putHome(ctx context.Context, user string, view slack.HomeTabViewRequest) (err error) {
	wait := backoff.Backoff{First: 250 * time.Millisecond, Most: 10 * time.Second}
	for range 5 {
		_, err = a.line.api().PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: user, View: view})
		if err == nil || !transient(err) {
			break
		}
		sleep(ctx, max(retryAfter(err), wait.Next()))
	}
	return err
}

// homeView is a Reply as a Home tab, with at most so many characters.
func homeView(r commands.Reply, most int) slack.HomeTabViewRequest {
	f := fitter{blocks: maxModalBlocks, text: most, rest: rest{slack: "incidents"}}
	blocks := f.fit(r.Blocks)
	if len(blocks) == 0 { // nothing of it is to be seen
		blocks = f.fit([]commands.Block{commands.Paragraph{commands.Text("Nothing to show.")}})
	}
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, CallbackID: "home", Blocks: slack.Blocks{BlockSet: blocks}}
}
