package notices

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
	"github.com/paramedic-bot/paramedic/internal/straight"
)

// Form is how a home takes notices.
type Form string

// The forms.
const (
	Ntfy    Form = "ntfy"
	Gotify  Form = "gotify"
	Discord Form = "discord"
	JSON    Form = "json"
)

// Home is where notices go.
type Home struct {
	At    string // what the configuration calls it, such as notices[0]
	Form  Form
	URL   string // a secret: a topic of ntfy, a webhook of Discord; of Gotify the server's
	Token string // a secret; empty where the URL suffices
	Way   straight.Way

	Namespaces []string          // only of incidents with an alert from one of them, or asked for about one; empty: any
	Labels     map[string]string // only with an alert that has all of these; empty: any
}

// Name is what logs and people call it; it says nothing secret.
func (h Home) Name() string {
	host := "?"
	if u, err := url.Parse(h.URL); err == nil {
		host = u.Host
	}
	return fmt.Sprintf("%s (%s at %s)", h.At, h.Form, host)
}

// Of names the home at a URL in the store, without saying its address.
func (f Form) Of(home string) string {
	sum := sha256.Sum256([]byte(string(f) + "\x00" + home))
	return store.HomePrefix + hex.EncodeToString(sum[:12])
}

// Check says what of a Home can't be.
func (h Home) Check() error {
	f, ok := forms[h.Form]
	if !ok {
		return fmt.Errorf("the form must be ntfy, gotify, discord or json; it is %q", h.Form)
	}
	u, err := url.Parse(h.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return errors.New("the url must begin with https:// or http:// and hold no password; " + f.example) // not repeated: it is a secret
	}
	if err := f.valid(u, h.Token); err != nil {
		return err
	}
	_, err = h.Way.Transport()
	return err
}

// leads says whether an incident is told there.
func (h Home) leads(s *incident.State) bool {
	return len(h.Namespaces)+len(h.Labels) == 0 || slices.ContainsFunc(s.Signals, func(g incident.Signal) bool {
		for name, value := range h.Labels {
			if g.Labels[name] != value {
				return false
			}
		}
		return len(h.Namespaces) == 0 || slices.Contains(h.Namespaces, g.Labels["namespace"]) ||
			slices.ContainsFunc(g.About, func(o incident.Object) bool { return slices.Contains(h.Namespaces, o.Namespace) })
	})
}

// secret is every part of the home that must not be repeated.
func (h Home) secret() *strings.Replacer {
	var pairs []string
	add := func(s string) {
		if len(s) >= 4 {
			pairs = append(pairs, s, "[removed]")
		}
	}
	add(h.URL)
	add(h.Token)
	if u, err := url.Parse(h.URL); err == nil {
		add(u.RequestURI())
		for part := range strings.SplitSeq(u.Path, "/") {
			if part != "api" && part != "webhooks" && part != "message" {
				add(part)
			}
		}
		for _, values := range u.Query() {
			for _, v := range values {
				add(v)
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

// client asks the home's server and nobody else.
func (h Home) client() (*http.Client, error) {
	t, err := h.Way.Transport()
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: t, CheckRedirect: straight.Refuse, Timeout: askWithin}, nil
}

// askWithin bounds one request.
const askWithin = 15 * time.Second

// form is how one Form is spoken.
type form struct {
	example string // of its URL
	valid   func(u *url.URL, token string) error
	post    func(h Home, l letter) (target string, header http.Header, body any)
	// look is a request whose answer has what was told lately; nil: the server can't say.
	look func(h Home, since time.Time) (target string, header http.Header)
	// probe is a request that tells nothing to anybody; nil: there is none.
	probe func(h Home) (target string, header http.Header)
}

var topicName = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)

// topic is the server's URL and the topic of a home of ntfy.
func topic(u *url.URL) (server, name string) {
	path := strings.TrimSuffix(u.Path, "/")
	i := strings.LastIndex(path, "/")
	s := *u
	s.Path, s.RawQuery, s.Fragment = path[:max(i, 0)]+"/", "", ""
	return s.String(), path[i+1:]
}

func mustParse(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		return &url.URL{} // Check has parsed it
	}
	return u
}

// bearer authorizes by a token, or by a user and a password where it is written as user:password.
func bearer(token string) http.Header {
	header := http.Header{}
	if user, password, both := strings.Cut(token, ":"); both {
		r := http.Request{Header: header}
		r.SetBasicAuth(user, password)
	} else if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return header
}
