package bundle

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// certificateLife is as long as a replay may run; the key is never stored.
const certificateLife = 30 * 24 * time.Hour

// Certificate lets a Server be reached by https, for clients that are known by tokens: the server listens with TLS, its
// clients trust Authority.
type Certificate struct {
	TLS       tls.Certificate
	Authority []byte // PEM, for rest.Config's CAData
}

// NewCertificate makes a certificate, signed by itself, for localhost, the loopback addresses and other hosts, by name or address, valid
// for 30 days from an hour before now.
func NewCertificate(now time.Time, hosts ...string) (Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Certificate{}, fmt.Errorf("make a key for the served bundle: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "paramedic bundle"},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(certificateLife),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:         true, BasicConstraintsValid: true,
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return Certificate{}, fmt.Errorf("make a certificate for the served bundle: %w", err)
	}
	return Certificate{
		TLS:       tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		Authority: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}, nil
}

// Kubeconfig returns a kubeconfig file that trusts the certificate, with one context, "bundle".
func (c Certificate) Kubeconfig(url, token string) ([]byte, error) {
	return kubeconfig(url, token, c.Authority)
}
