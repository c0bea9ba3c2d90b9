package bundle_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// A web page that a person on the machine looks at can neither read nor change a bundle that is served there.
func TestNoWebPageIsAnswered(t *testing.T) {
	const pod = "/api/v1/namespaces/kube-system/pods/coredns-1"
	_, open := serve(t, healthy(t), asCaptured)
	_, known := serve(t, healthy(t), people())
	ask := func(c *rest.Config, method, host string, headers ...string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, c.Host+pod, nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			req.Host = host
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	for name, c := range map[string]struct {
		config  *rest.Config
		host    string
		headers []string
		refused string
	}{
		"kubectl":                      {open(""), "", nil, ""},
		"kubectl by name":              {open(""), "localhost:6443", nil, ""},
		"kubectl by IPv6":              {open(""), "[::1]:6443", nil, ""},
		"a page of another site":       {open(""), "", []string{"Origin", "https://evil.example"}, "a page of https://evil.example"},
		"a page without a name":        {open(""), "", []string{"Origin", "null"}, "a page of null"},
		"a page's picture":             {open(""), "", []string{"Sec-Fetch-Site", "cross-site"}, "cross-site"},
		"a page of a name rebound":     {open(""), "evil.example:6443", nil, "host evil.example:6443"},
		"a name that begins like ours": {open(""), "127.0.0.1.evil.example", nil, "host 127.0.0.1.evil.example"},
		"with a token, by a name":      {known(""), "bundle.example", []string{"Authorization", "Bearer asha-token"}, ""},
		"with a token, from a page": {known(""), "", []string{"Authorization", "Bearer asha-token", "Origin", "https://evil.example"},
			"a page of"},
	} {
		if c.refused == "" {
			if code, body := ask(c.config, http.MethodGet, c.host, c.headers...); code != http.StatusOK {
				t.Errorf("%s: %d %s", name, code, body)
			}
			continue
		}
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			if code, body := ask(c.config, method, c.host, c.headers...); code != http.StatusForbidden || !strings.Contains(body, c.refused) {
				t.Errorf("%s: %s: %d %s", name, method, code, body)
			}
		}
	}
}

// On another address than a loopback one a token is needed, and the kubeconfig has it.
func TestAccessFromElsewhere(t *testing.T) {
	at := func(addr string) net.Addr {
		a, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, addr := range []string{"127.0.0.1:7", "127.1.2.3:7", "[::1]:7"} {
		a, err := bundle.NewAccess(at(addr), "", time.Now())
		if err != nil || a.URL != "http://"+addr || a.TLS != nil || a.Users != nil {
			t.Errorf("%s: %+v, %v", addr, a, err)
		}
	}
	tokens := map[string]bool{}
	for host, addr := range map[string]string{"": "[::]:7", "0.0.0.0": "0.0.0.0:7", "192.0.2.1": "192.0.2.1:7",
		"bundle.example": "192.0.2.1:7"} {
		a, err := bundle.NewAccess(at(addr), host, time.Now())
		if err != nil || !strings.HasPrefix(a.URL, "https://") || a.TLS == nil || len(a.Users) != 1 || strings.Contains(a.URL, "0.0.0.0") ||
			strings.Contains(a.URL, "[::]") {
			t.Fatalf("%s: %+v, %v", addr, a, err)
		}
		for token := range a.Users {
			if tokens[token] || len(token) < 20 || !strings.Contains(string(a.Kubeconfig), token) {
				t.Errorf("%s: token %q", addr, token)
			}
			tokens[token] = true
		}
	}

	// The server that it is for takes who has the kubeconfig, and nobody else.
	a, err := bundle.NewAccess(at("192.0.2.1:7"), "192.0.2.1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s := bundle.NewServer(healthy(t), bundle.ServerOptions{Users: a.Users})
	h := httptest.NewUnstartedServer(s)
	h.TLS = a.TLS
	h.StartTLS()
	t.Cleanup(func() { s.Close(); h.Close() })
	config, err := clientcmd.RESTConfigFromKubeConfig(a.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.Host, config.ServerName = h.URL, "192.0.2.1"
	if list, err := clientFor(t, config).CoreV1().Pods("").List(t.Context(), metav1.ListOptions{}); err != nil || len(list.Items) == 0 {
		t.Errorf("with the kubeconfig: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(config.CAData)
	stranger := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "192.0.2.1"}}}
	resp, err := stranger.Get(h.URL + "/api/v1/pods")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %d", resp.StatusCode)
	}
}
