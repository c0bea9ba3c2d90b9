// Package straight makes HTTP clients that go where they were sent and nowhere else: what they carry, a prompt or a token, is for that
// host.
package straight

import (
	"fmt"
	"net/http"
	"net/url"
)

// Redirect says that a server answered that somebody else should be asked. Nobody else was.
type Redirect struct{ From, To string } // schemes and hosts

// Error says from where to where.
func (r *Redirect) Error() string {
	return fmt.Sprintf("%s redirects to %s, which is not followed", r.From, r.To)
}

// Refuse follows no redirect; it is for an http.Client's CheckRedirect. The error is a *Redirect.
func Refuse(next *http.Request, via []*http.Request) error {
	return &Redirect{From: place(via[len(via)-1].URL), To: place(next.URL)}
}

// place is a URL without what may be secret in it.
func place(u *url.URL) string { return u.Scheme + "://" + u.Host }

// Unproxied is a transport that asks no proxy, whatever the environment says.
func Unproxied() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = nil
	return t
}
