package slackemu

import (
	"crypto/subtle"
	"errors"
	"math"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/time/rate"
)

// method is a Web API method.
type method struct {
	app       bool     // takes the app-level token instead of the bot's
	scopes    []string // any of them will do; nil needs none
	perMinute int      // calls a minute for the workspace; 0 is not limited here
	run       func(*Server, *call) (reply, error)
}

// reply is what a method answers, "ok" aside.
type reply map[string]any

// call is one request; the workspace is locked while it runs.
type call struct {
	args
	method string
	base   string // the server's address, as this client knows it
}

// Slack's rate limit tiers, calls a minute.
const (
	tier2 = 20
	tier3 = 50
	tier4 = 100
)

var (
	writeScope   = []string{"chat:write"}
	readScopes   = []string{"channels:read", "groups:read", "im:read", "mpim:read"}
	pastScopes   = []string{"channels:history", "groups:history", "im:history", "mpim:history"}
	usersScope   = []string{"users:read"}
	emailScope   = []string{"users:read.email"}
	filesScope   = []string{"files:write"}
	joinScope    = []string{"channels:join"}
	openScope    = []string{"im:write"}
	reactedScope = []string{"reactions:write"}
)

// methods are all that there are.
func methods() map[string]method {
	return map[string]method{
		"apps.connections.open":        {app: true, run: (*Server).connectionsOpen},
		"auth.test":                    {run: (*Server).authTest},
		"chat.postMessage":             {scopes: writeScope, run: (*Server).chatPostMessage},
		"chat.postEphemeral":           {scopes: writeScope, perMinute: tier4, run: (*Server).chatPostEphemeral},
		"chat.update":                  {scopes: writeScope, perMinute: tier3, run: (*Server).chatUpdate},
		"chat.delete":                  {scopes: writeScope, perMinute: tier3, run: (*Server).chatDelete},
		"chat.getPermalink":            {run: (*Server).chatGetPermalink},
		"conversations.list":           {scopes: readScopes, perMinute: tier2, run: (*Server).conversationsList},
		"conversations.info":           {scopes: readScopes, perMinute: tier3, run: (*Server).conversationsInfo},
		"conversations.history":        {scopes: pastScopes, perMinute: tier3, run: (*Server).conversationsHistory},
		"conversations.replies":        {scopes: pastScopes, perMinute: tier3, run: (*Server).conversationsReplies},
		"conversations.join":           {scopes: joinScope, perMinute: tier3, run: (*Server).conversationsJoin},
		"conversations.open":           {scopes: openScope, perMinute: tier3, run: (*Server).conversationsOpen},
		"views.open":                   {perMinute: tier4, run: (*Server).viewsOpen},
		"views.push":                   {perMinute: tier4, run: (*Server).viewsPush},
		"views.update":                 {perMinute: tier4, run: (*Server).viewsUpdate},
		"views.publish":                {perMinute: tier4, run: (*Server).viewsPublish},
		"users.info":                   {scopes: usersScope, perMinute: tier4, run: (*Server).usersInfo},
		"users.list":                   {scopes: usersScope, perMinute: tier2, run: (*Server).usersList},
		"users.lookupByEmail":          {scopes: emailScope, perMinute: tier3, run: (*Server).usersLookupByEmail},
		"reactions.add":                {scopes: reactedScope, perMinute: tier3, run: (*Server).reactionsAdd},
		"files.getUploadURLExternal":   {scopes: filesScope, perMinute: tier4, run: (*Server).filesGetUploadURL},
		"files.completeUploadExternal": {scopes: filesScope, perMinute: tier4, run: (*Server).filesCompleteUpload},
	}
}

// serveAPI answers one Web API request, and breaks as Inject asked for.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
	name := r.PathValue("method")
	a, err := parseArgs(r)
	if err != nil {
		s.refuse(name, err).write(w)
		return
	}
	fault, word := s.takeFault(name, a)
	if fault == Refused {
		s.refuse(name, fail(word)).write(w)
		return
	}
	if s.failBefore(w, r, fault) {
		return
	}
	w.Header().Set("X-OAuth-Scopes", strings.Join(s.ws.opts.Scopes, ","))
	out, err := s.call(&call{args: a, method: name, base: s.externalURL(r)}, bearer(r, a))
	if s.failAfter(r, fault) {
		return
	}
	if err != nil {
		s.refuse(name, err).write(w)
		return
	}
	out["ok"] = true
	writeJSON(w, http.StatusOK, out)
}

// bearer is the token a request came with.
func bearer(r *http.Request, a args) string {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return token
	}
	return a["token"]
}

// call checks who is asking and how often, and runs the method.
func (s *Server) call(c *call, token string) (reply, error) {
	m, ok := s.methods[c.method]
	if !ok {
		return nil, fail("unknown_method")
	}
	o := s.ws.opts
	if err := checkToken(token, m, o); err != nil {
		return nil, err
	}
	if m.scopes != nil && !slices.ContainsFunc(m.scopes, func(sc string) bool { return slices.Contains(o.Scopes, sc) }) {
		return nil, &apiError{Code: "missing_scope", Needed: strings.Join(m.scopes, ","), Provided: strings.Join(o.Scopes, ",")}
	}
	defer s.change()()
	if err := s.ws.limitMethod(c.method, m.perMinute); err != nil {
		return nil, err
	}
	return m.run(s, c)
}

func checkToken(token string, m method, o Options) error {
	same := func(want string) bool { return subtle.ConstantTimeCompare([]byte(token), []byte(want)) == 1 }
	switch {
	case token == "":
		return fail("not_authed")
	case m.app && same(o.AppToken), !m.app && same(o.BotToken):
		return nil
	case same(o.AppToken), same(o.BotToken):
		return fail("not_allowed_token_type")
	}
	return fail("invalid_auth")
}

// limitMethod spends one call of a method's tier.
func (w *workspace) limitMethod(name string, perMinute int) error {
	if perMinute == 0 {
		return nil
	}
	l := w.methods[name]
	if l == nil {
		l = rate.NewLimiter(rate.Limit(perMinute)/60, perMinute)
		w.methods[name] = l
	}
	return w.spend(l)
}

// spend spends one call, or is Slack's error that says how long to wait for one.
func (w *workspace) spend(l *rate.Limiter) error {
	now := w.opts.Now()
	if w.opts.RateLimit.Off || l.AllowN(now, 1) {
		return nil
	}
	w.counts.RateLimited++
	missing := 1 - l.TokensAt(now)
	return &apiError{Code: "ratelimited", Wait: int(math.Ceil(missing / float64(l.Limit())))}
}

// refuse writes an error down, for tests to find.
func (s *Server) refuse(method string, err error) *apiError {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{Code: "internal_error", Messages: []string{err.Error()}}
	}
	s.logger.Info("slack refused", "method", method, "error", e.Code, "messages", e.Messages)
	defer s.change()()
	s.ws.refusals = remember(s.ws.refusals, Refusal{Method: method, Error: e.Code, Messages: e.Messages})
	return e
}

func (s *Server) connectionsOpen(c *call) (reply, error) {
	ticket := s.hub.ticket()
	return reply{"url": "ws" + strings.TrimPrefix(c.base, "http") + "/socket?ticket=" + ticket}, nil
}

func (s *Server) authTest(c *call) (reply, error) {
	o := s.ws.opts
	return reply{
		"url": c.base + "/", "team": o.Workspace, "team_id": o.TeamID, "user": strings.ToLower(o.AppName),
		"user_id": botUserID, "bot_id": botID, "is_enterprise_install": false,
	}, nil
}
