package demo

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// tokens of the replay's API. It listens on this machine alone, and for as long as the demo runs.
var tokens = map[string]bundle.User{
	"demo-admin": {Name: "admin", Groups: []string{"system:masters"}},
	"demo-bot":   {Name: "system:serviceaccount:paramedic:paramedic", Groups: []string{"system:serviceaccounts"}},
	"demo-ada":   {Name: "ada", Groups: []string{"operators"}},
	"demo-ben":   {Name: "ben", Groups: []string{"viewers"}},
}

// authorizer are what deploy/ grants: the bot reads and acts as Ada, operators change what plans change, viewers look.
func authorizer() bundle.Authorizer {
	bot := []string{tokens["demo-bot"].Name}
	rules := []bundle.Rule{{Groups: []string{"system:masters"}, Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}}
	rules = append(rules, bundle.ReadRules(bot, []string{"operators", "viewers"})...)
	rules = append(rules, bundle.OperatorRules(nil, []string{"operators"})...)
	rules = append(rules, bundle.Rule{Groups: []string{"operators"}, Verbs: []string{"patch"}, APIGroups: []string{""},
		Resources: []string{"nodes"}})
	rules = append(rules, bundle.ImpersonateRules(bot, []string{"ada", "ben"}, []string{"operators", "viewers"})...)
	return bundle.Rules(rules...)
}

func (d *Demo) startCluster() error {
	healthy, err := Healthy()
	if err != nil {
		return err
	}
	broken, err := Broken()
	if err != nil {
		return err
	}
	o := bundle.ServerOptions{Users: tokens, Authorize: authorizer()}
	if d.World, err = newWorld(healthy, broken, o, filepath.Join(d.dir, "node"),
		Pace{Look: 300 * time.Millisecond, Heal: 1500 * time.Millisecond}); err != nil {
		return err
	}
	certificate, err := bundle.NewCertificate(time.Now())
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	d.api = &http.Server{Handler: d.World.API, ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate.TLS}, MinVersion: tls.VersionTLS12}}
	d.group.Go(func() error {
		if err := d.api.ServeTLS(ln, "", ""); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	d.Kubeconfig = filepath.Join(d.dir, "kubeconfig")
	for file, token := range map[string]string{d.Kubeconfig: "demo-admin", filepath.Join(d.dir, "bot.kubeconfig"): "demo-bot"} {
		data, err := certificate.Kubeconfig("https://"+ln.Addr().String(), token)
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
