package kube

import (
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CertificateNames are the names that a certificate is for; clients have not looked at its subject for years, but a certificate without
// names has nothing else.
func CertificateNames(c *snapshot.Certificate) []string {
	if len(c.Names) > 0 {
		return c.Names
	}
	return []string{strings.TrimPrefix(c.Subject, "CN=")}
}

// CertificateFor says whether a certificate is for a host.
func CertificateFor(c *snapshot.Certificate, host string) bool {
	return slices.ContainsFunc(CertificateNames(c), func(name string) bool { return Covers(name, host) })
}

// Covers says whether a certificate's name is for a host; a wildcard stands for one label, and covers the same wildcard.
func Covers(name, host string) bool {
	name, host = strings.ToLower(name), strings.ToLower(host)
	if name == host {
		return true
	}
	suffix, wild := strings.CutPrefix(name, "*")
	if !wild || !strings.HasSuffix(host, suffix) {
		return false
	}
	first := strings.TrimSuffix(host, suffix)
	return first != "" && first != "*" && !strings.Contains(first, ".")
}
