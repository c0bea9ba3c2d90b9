package bundle

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// stranger refuses what a web page can make a browser on this machine send. No client of the Kubernetes API sends such. A page from
// elsewhere names itself as the origin; one whose name was made to point here, for which it is no stranger, asks by that name, which only
// matters where no token is asked for.
func (s *Server) stranger(r *http.Request) error {
	refuse := func(why string) error {
		return &apierrors.StatusError{ErrStatus: statusOf(http.StatusForbidden, "Forbidden",
			"a bundle is served to clients of the Kubernetes API, not to web pages: "+why)}
	}
	if origin := r.Header.Values("Origin"); len(origin) > 0 {
		return refuse("the request comes from a page of " + strings.Join(origin, ", "))
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "none" {
		return refuse("the request comes from a page (Sec-Fetch-Site: " + site + ")")
	}
	if len(s.options.Users) == 0 && !loopback(r.Host) {
		return refuse("the request is for host " + r.Host + "; without a token it is answered as localhost or a loopback address only")
	}
	return nil
}

// loopback says whether a Host header names this machine and nothing else.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil && addr.Unmap().IsLoopback()
}
