package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// LoadConfig reads and validates a configuration file, and the secrets that it names. Relative paths in it are relative to the file.
func LoadConfig(path string) (Config, error) {
	c, err := ReadConfig(path)
	if err != nil {
		return c, err
	}
	if err := errors.Join(c.readSecrets(), c.validate()); err != nil {
		return c, fmt.Errorf("the configuration %s is not usable:\n%w", path, err)
	}
	return c, nil
}

// ReadConfig reads a configuration file, and neither validates it nor reads the secrets that it names: for who works beside the serve that
// does.
func ReadConfig(path string) (Config, error) {
	c := DefaultConfig()
	raw, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("read the configuration: %w; docs/configuration.md shows one", err)
	}
	if err := yaml.UnmarshalStrict(raw, &c); err != nil {
		return c, fmt.Errorf("read the configuration %s: %w", path, err)
	}
	dir := filepath.Dir(path)
	paths := []*string{&c.State, &c.StateKeyFile, &c.Knowledge, &c.Cluster.Kubeconfig, &c.Slack.BotTokenFile, &c.Slack.AppTokenFile,
		&c.Slack.SigningSecretFile, &c.Slack.CAFile, &c.Ollama.CAFile, &c.Metrics.CAFile, &c.Webhook.BearerTokenFile,
		&c.Webhook.PasswordFile, &c.Metrics.BearerTokenFile, &c.Heartbeat.URLFile, &c.Heartbeat.CAFile}
	for i := range c.Notices {
		paths = append(paths, &c.Notices[i].URLFile, &c.Notices[i].TokenFile, &c.Notices[i].CAFile)
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	return c, nil
}

// readSecrets fills in secrets from the environment and from files.
func (c *Config) readSecrets() error {
	type secret struct {
		name  string
		value *string
		file  string
	}
	var errs []error
	secrets := []secret{
		{"slack.botToken", &c.Slack.BotToken, c.Slack.BotTokenFile},
		{"slack.appToken", &c.Slack.AppToken, c.Slack.AppTokenFile},
		{"slack.signingSecret", &c.Slack.SigningSecret, c.Slack.SigningSecretFile},
		{"webhook.bearerToken", &c.Webhook.BearerToken, c.Webhook.BearerTokenFile},
		{"webhook.password", &c.Webhook.Password, c.Webhook.PasswordFile},
		{"metrics.bearerToken", &c.Metrics.BearerToken, c.Metrics.BearerTokenFile},
		{"heartbeat.url", &c.Heartbeat.URL, c.Heartbeat.URLFile},
	}
	for i := range c.Notices {
		n, field := &c.Notices[i], fmt.Sprintf("notices[%d].", i)
		secrets = append(secrets, secret{field + "url", &n.URL, n.URLFile}, secret{field + "token", &n.Token, n.TokenFile})
	}
	for _, s := range secrets {
		if name, ok := strings.CutPrefix(*s.value, "${"); ok {
			name = strings.TrimSuffix(name, "}")
			if *s.value = os.Getenv(name); *s.value == "" {
				errs = append(errs, fmt.Errorf("%s: the environment variable %s is empty", s.name, name))
			}
			continue
		}
		if s.file == "" {
			continue
		}
		b, err := os.ReadFile(s.file)
		if err != nil {
			errs = append(errs, fmt.Errorf("%sFile: %w", s.name, err))
			continue
		}
		*s.value = strings.TrimSpace(string(b))
	}
	return errors.Join(errs...)
}
