// Package straight makes HTTP clients that go where they were sent and nowhere else: what they carry, a prompt or a token, is for that
// host.
package straight

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
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

// Way is how a server is reached. The zero value is: directly, whatever the environment says, and by the system's certificate authorities.
type Way struct {
	Proxy       string // the URL of an HTTP or HTTPS proxy
	Environment bool   // without Proxy, ask the one that the environment names ($HTTPS_PROXY, $NO_PROXY)
	CAFile      string // certificate authorities, as PEM, that are trusted beside the system's
}

// Transport goes that way. The error says what in the Way can't be used.
func (w Way) Transport() (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	if !w.Environment {
		t.Proxy = nil
	}
	if w.Proxy != "" {
		u, err := url.Parse(w.Proxy)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("the proxy must be a URL such as http://proxy.example.com:3128") // not repeated: it may hold a password
		}
		t.Proxy = http.ProxyURL(u)
	}
	if w.CAFile == "" {
		return t, nil
	}
	roots, err := authorities(w.CAFile)
	if err != nil {
		return nil, err
	}
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t, nil
}

// authorities are the system's and those of a file.
func authorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read certificate authorities: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // there are none on this system
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read certificate authorities: %s holds none, as PEM", file)
	}
	return roots, nil
}
