package host

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// certificateDirs are where the components' certificates lie, and how the files are named that are in use. What the kubelet has
// replaced it leaves beside the current one.
var certificateDirs = []struct{ dir, pattern string }{
	{"/var/lib/rancher/k3s/server/tls", "*.crt"},
	{"/var/lib/rancher/k3s/server/tls/etcd", "*.crt"},
	{"/var/lib/rancher/k3s/agent", "*.crt"},
	{"/var/lib/rancher/rke2/server/tls", "*.crt"},
	{"/var/lib/rancher/rke2/server/tls/etcd", "*.crt"},
	{"/var/lib/rancher/rke2/agent", "*.crt"},
	{"/etc/kubernetes/pki", "*.crt"},
	{"/etc/kubernetes/pki/etcd", "*.crt"},
	{"/var/lib/kubelet/pki", "*-current.pem"},
}

const (
	maxCertificates = 128
	maxCertificate  = 64 << 10 // bytes of a file; it may hold a chain
)

func certificates(root *os.Root, f *snapshot.Host) error {
	var failed error
	for _, d := range certificateDirs {
		found, err := glob(root, d.dir, d.pattern)
		failed = errors.Join(failed, err)
		for _, p := range found {
			if len(f.Certificates) == maxCertificates {
				return fmt.Errorf("more than %d; the rest was not read", maxCertificates)
			}
			b, err := readHead(root, p, maxCertificate, anyName)
			if err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			if c := firstCertificate(b); c != nil {
				f.Certificates = append(f.Certificates, snapshot.HostCertificate{Path: p, Subject: cut(subject(c)), NotBefore: c.NotBefore.UTC(),
					NotAfter: c.NotAfter.UTC()})
			}
		}
	}
	slices.SortFunc(f.Certificates, func(a, b snapshot.HostCertificate) int { return strings.Compare(a.Path, b.Path) })
	return failed
}

// firstCertificate is the file's own; those after it are who signed it. A key in the same file is passed over.
func firstCertificate(b []byte) *x509.Certificate {
	for range 16 {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			return nil
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil
		}
		return c
	}
	return nil
}

func subject(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return strings.ToValidUTF8(c.Subject.CommonName, "�")
	}
	return strings.ToValidUTF8(c.Subject.String(), "�")
}
