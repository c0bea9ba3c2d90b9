package slackapp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// ProbeAddress asks the Handler at Options.RequestURL for what Slack asks it for when the address is configured there.
func ProbeAddress(ctx context.Context, o Options) incident.Check {
	o = o.withDefaults()
	check := incident.Check{Name: "Slack's way here"}
	if o.RequestURL == "" {
		check.OK, check.Detail = true, "slack.requestURL is not set: whether the address that the app posts to leads here is not known"
		return check
	}
	challenge := rand.Text()
	err := askAddress(ctx, o, challenge)
	if err != nil {
		check.Detail = o.RequestURL + ": " + err.Error()
		return check
	}
	check.OK, check.Detail = true, o.RequestURL+" leads here, and the signing secret is the same; whether Slack can reach it, the "+
		"app's page says"
	return check
}

// askAddress posts a signed challenge and wants it back.
func askAddress(ctx context.Context, o Options, challenge string) error {
	body, err := json.Marshal(map[string]string{"type": "url_verification", "challenge": challenge})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, o.RequestURL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(o.SigningSecret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	r.Header.Set("Content-Type", "application/json")
	answer, err := o.HTTP.Do(r)
	if err != nil {
		return fmt.Errorf("it can't be reached from here: %w", err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	switch {
	case err != nil:
		return fmt.Errorf("its answer can't be read: %w", err)
	case answer.StatusCode == http.StatusOK && string(said) == challenge:
		return nil
	case answer.StatusCode == http.StatusUnauthorized:
		return errors.New("what answers there knows another signing secret; was paramedic serve started with this configuration?")
	}
	return fmt.Errorf("what answers there is not paramedic serve: it says %s", answer.Status)
}
