package bundle

import (
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"
)

// Access is how a Server is reached by whoever is given its kubeconfig.
type Access struct {
	URL        string
	Kubeconfig []byte
	TLS        *tls.Config     // nil: plain http
	Users      map[string]User // for ServerOptions
}

// NewAccess lets everybody in who is on this machine, if that is all whom the address lets near; elsewhere whoever has the kubeconfig, with
// a token that is made anew, by https. host is the one that was asked to listen on; empty or unspecified, the machine's own addresses.
func NewAccess(listening net.Addr, host string, now time.Time) (Access, error) {
	a := Access{URL: "http://" + listening.String()}
	at, err := netip.ParseAddrPort(listening.String())
	if err != nil {
		return a, fmt.Errorf("serve a bundle at %s: %w", listening, err)
	}
	if at.Addr().Unmap().IsLoopback() {
		a.Kubeconfig, err = Kubeconfig(a.URL, "")
		return a, err
	}
	hosts := []string{host}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		if hosts, err = ownHosts(); err != nil {
			return a, fmt.Errorf("serve a bundle at %s: %w", listening, err)
		}
	}
	certificate, err := NewCertificate(now, hosts...)
	if err != nil {
		return a, err
	}
	token := rand.Text()
	a.URL = "https://" + net.JoinHostPort(hosts[0], fmt.Sprint(at.Port()))
	a.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.TLS}, MinVersion: tls.VersionTLS12}
	a.Users = map[string]User{token: {Name: "admin", Groups: []string{"system:masters"}}}
	a.Kubeconfig, err = certificate.Kubeconfig(a.URL, token)
	return a, err
}

// ownHosts are the addresses of this machine by which others reach it, and its name.
func ownHosts() ([]string, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var hosts []string
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			hosts = append(hosts, n.IP.String())
		}
	}
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	return append(hosts, name), nil
}
