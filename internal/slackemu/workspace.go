package slackemu

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/time/rate"
)

// Ids that are the same in every workspace.
const (
	appID      = "A0PARAMEDIC"
	botID      = "B0PARAMEDIC"
	botUserID  = "U0PARAMEDIC"
	slackbotID = "USLACKBOT"
)

// workspace is the state. It locks nothing: Server does.
type workspace struct {
	opts     Options
	users    map[string]User
	channels []*channel
	modals   map[string][]*View // by person, the topmost last
	homes    map[string]*View   // by person
	uploads  map[string]*upload // by file id, until completed
	files    map[string]File    // by file id, once shared
	triggers map[string]*trigger
	replies  map[string]*replyTo      // by the token of a response_url
	methods  map[string]*rate.Limiter // by method

	requestURL string // of the app; empty: it has Socket Mode

	banner   string
	acts     []act
	refusals []Refusal
	counts   Counts
	notices  []Notice

	lastTS time.Time
	ids    int64
	rev    int64
}

func newWorkspace(o Options) *workspace {
	w := &workspace{
		opts: o, users: map[string]User{}, modals: map[string][]*View{}, homes: map[string]*View{},
		uploads: map[string]*upload{}, files: map[string]File{}, triggers: map[string]*trigger{},
		replies: map[string]*replyTo{}, methods: map[string]*rate.Limiter{}, banner: o.Banner,
	}
	for _, u := range o.Users {
		setDefault(&u.TeamID, o.TeamID)
		setDefault(&u.SaidTeam, u.TeamID)
		setDefault(&u.RealName, u.Name)
		setDefault(&u.TZ, "Etc/UTC")
		w.users[u.ID] = u
	}
	for _, c := range o.Channels {
		w.channels = append(w.channels, w.newChannel(c, ""))
	}
	return w
}

// newChannel is a channel in which nothing was said; person is whose direct message with the app it is.
func (w *workspace) newChannel(c Channel, person string) *channel {
	r := w.opts.RateLimit
	return &channel{Channel: c, person: person, posts: rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)}
}

// id is a new identifier, unlike any other of the workspace, starting with prefix.
func (w *workspace) id(prefix string) string {
	w.ids++
	return fmt.Sprintf("%s%06d", prefix, w.ids)
}

func (w *workspace) blockID() string { return w.id("blk") }

// ts is a new timestamp: now, and later than every one before it.
func (w *workspace) ts() string {
	now := w.opts.Now().Truncate(time.Microsecond)
	if !now.After(w.lastTS) {
		now = w.lastTS.Add(time.Microsecond)
	}
	w.lastTS = now
	return fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000)
}

func (w *workspace) nextRev() int64 {
	w.rev++
	return w.rev
}

// channel finds a channel by id, or a direct message by the id of its person, as chat.postMessage does; nil if there is
// none that the app knows of.
func (w *workspace) channel(id string) *channel {
	for _, c := range w.channels {
		if c.ID == id || (c.person != "" && c.person == id) {
			return c
		}
	}
	if _, ok := w.users[id]; ok {
		return w.dm(id)
	}
	return nil
}

// dm is the direct message between a person and the app, opened if need be.
func (w *workspace) dm(userID string) *channel {
	for _, c := range w.channels {
		if c.person == userID {
			return c
		}
	}
	c := w.newChannel(Channel{ID: "D" + userID, Private: true}, userID)
	w.channels = append(w.channels, c)
	return c
}

// place is the channel with that id, if the app can see it.
func (w *workspace) appChannel(id string) (*channel, error) {
	c := w.channel(id)
	if c == nil || (c.Private && c.Uninvited) {
		return nil, fail("channel_not_found")
	}
	return c, nil
}

// writable is the channel with that id, if the app may post there.
func (w *workspace) writable(id string) (*channel, error) {
	c, err := w.appChannel(id)
	switch {
	case err != nil:
		return nil, err
	case c.Archived:
		return nil, fail("is_archived")
	case c.Uninvited:
		return nil, fail("not_in_channel")
	}
	return c, nil
}

// post stores a new message. A reply to a reply joins that thread; a reply to nothing becomes a message of its own.
func (w *workspace) post(c *channel, m Message) *Message {
	m.ChannelID, m.TS, m.rev = c.ID, w.ts(), w.nextRev()
	if m.ThreadTS != "" {
		root := c.find(m.ThreadTS)
		switch {
		case root == nil:
			m.ThreadTS = ""
		case root.ThreadTS != "":
			m.ThreadTS = root.ThreadTS
		}
		if root != nil {
			w.touch(c, c.find(m.ThreadTS))
		}
	}
	m.Broadcast = m.Broadcast && m.ThreadTS != ""
	c.add(&m)
	w.notify(c, &m)
	return &m
}

// touch tells the page to draw a message again.
func (w *workspace) touch(c *channel, m *Message) {
	if m == nil {
		return
	}
	again := *m
	again.rev = w.nextRev()
	c.put(&again)
}

// replace stores a changed copy of a message.
func (w *workspace) replace(c *channel, m Message) *Message {
	m.rev = w.nextRev()
	c.put(&m)
	return &m
}

// delete removes a message; one with replies leaves a tombstone.
func (w *workspace) delete(c *channel, m *Message) {
	if len(c.replies(m.TS)) == 0 {
		c.remove(m.TS)
		if root := c.find(m.ThreadTS); root != nil {
			w.touch(c, root)
		}
		return
	}
	w.replace(c, Message{ChannelID: c.ID, TS: m.TS, UserID: slackbotID, Text: "This message was deleted.", Tombstone: true})
}

// tell shows a person something from Slack itself.
func (w *workspace) tell(userID string, c *channel, threadTS, text string) {
	w.counts.Complaints++
	w.post(c, Message{UserID: slackbotID, EphemeralTo: userID, ThreadTS: threadTS, Text: text})
}

// person is somebody who can act.
func (w *workspace) person(id string) (User, error) {
	u, ok := w.users[id]
	switch {
	case !ok:
		return User{}, fmt.Errorf("no person %s in the workspace", id)
	case u.Deleted:
		return User{}, fmt.Errorf("%s is deactivated", u.Name)
	}
	return u, nil
}

// remember appends to a bounded list.
func remember[T any](all []T, one T) []T {
	all = append(all, one)
	if over := len(all) - maxRemembered; over > 0 {
		all = slices.Delete(all, 0, over)
	}
	return all
}
