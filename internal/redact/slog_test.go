package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"
)

func TestLogsCarryNoSecrets(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(New().Handler(slog.NewJSONHandler(&out, nil))).With("token", "abc123", "node", "leveling-pc")
	log.Info("GET https://u:s3cr3t@host/", "err", errors.New("password=hunter2"), "n", 3,
		slog.Group("g", "apiKey", "qwe9"), "config", struct{ Password string }{"hunter2"})
	for _, secret := range []string{"abc123", "s3cr3t", "hunter2", "qwe9"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s is in %s", secret, out.String())
		}
	}
	for _, kept := range []string{"leveling-pc", `"n":3`, "host/"} {
		if !strings.Contains(out.String(), kept) {
			t.Errorf("%s is not in %s", kept, out.String())
		}
	}
}

func TestHandlerKeepsTheContractOfSlog(t *testing.T) {
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return New().Handler(slog.NewJSONHandler(&out, nil))
	}, func(t *testing.T) map[string]any {
		m := map[string]any{}
		if err := json.Unmarshal(out.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		return m
	})
}
