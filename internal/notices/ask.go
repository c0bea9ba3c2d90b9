package notices

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/backoff"
	"github.com/paramedic-bot/paramedic/internal/clip"
)

// refusal is an error of the one notice: others may go through.
type refusal struct{ error }

// Unwrap returns the error.
func (e refusal) Unwrap() error { return e.error }

// forbidden is that the server does not know who asks, or what is asked for.
type forbidden struct{ error }

// Unwrap returns the error.
func (e forbidden) Unwrap() error { return e.error }

// patience is that the server asks to wait.
type patience struct {
	error
	wait time.Duration
}

// Unwrap returns the error.
func (e patience) Unwrap() error { return e.error }

const (
	mostAnswer  = 64 << 10         // bytes of an answer that are read
	mostLooked  = 8 << 20          // bytes of what was told lately
	mostPatient = 30 * time.Minute // however long a server asks to wait, it is asked again after that
)

// post tells a letter.
func (r *route) post(ctx context.Context, l letter) error {
	target, header, body := forms[r.home.Form].post(r.home, l)
	raw, err := json.Marshal(body)
	if err != nil {
		return refusal{err}
	}
	header.Set("Content-Type", "application/json")
	_, err = r.ask(ctx, http.MethodPost, target, header, raw, mostAnswer)
	return err
}

// ask makes a request and returns the answer to one that went well. Errors say nothing secret.
func (r *route) ask(ctx context.Context, method, target string, header http.Header, body []byte, most int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, r.plain(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "paramedic")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, r.plain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, most))
	switch {
	case resp.StatusCode/100 != 2:
		return nil, r.refused(resp, answer)
	case err != nil:
		return nil, r.plain(err)
	}
	return answer, nil
}

// plain is an error without the address that was asked, which may be a secret.
func (r *route) plain(err error) error {
	if u := new(url.Error); errors.As(err, &u) {
		err = u.Err
	}
	return errors.New(r.hide(err.Error()))
}

// refused is why a server did not take what it was sent.
func (r *route) refused(resp *http.Response, answer []byte) error {
	said := clip.Runes(strings.Join(strings.Fields(strings.ToValidUTF8(r.hide(string(answer)), "")), " "), 200)
	err := fmt.Errorf("it answers %s: %s", resp.Status, said)
	wait := retryAfter(resp.Header.Get("Retry-After"), r.Now())
	switch code := resp.StatusCode; {
	case wait > 0 && (code == http.StatusTooManyRequests || code/100 == 5):
		return patience{err, wait}
	case slices.Contains([]int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}, code):
		return refusal{err}
	case slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}, code):
		return forbidden{err}
	}
	return err
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if s, err := strconv.ParseFloat(value, 64); err == nil && s >= 0 && !math.IsInf(s, 1) {
		return time.Duration(min(s, mostPatient.Seconds()) * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), mostPatient)
	}
	return 0
}

// lastTold asks the server which of the notices came through that were being sent when nobody could write down whether they did: the place
// of the last one, -1 for none.
func (r *route) lastTold(ctx context.Context, w wanted, untold []commands.Notice, since time.Time) (int, error) {
	target, header := forms[r.home.Form].look(r.home, since.Add(-time.Minute))
	answer, err := r.ask(ctx, http.MethodGet, target, header, nil, mostLooked)
	if errors.As(err, new(forbidden)) {
		return -1, nil // who may tell there need not be allowed to read: it is told again
	}
	if err != nil {
		return -1, err
	}
	last := -1
	lines := bufio.NewScanner(bytes.NewReader(answer))
	lines.Buffer(nil, mostLooked)
	for lines.Scan() {
		var m struct {
			SequenceID string `json:"sequence_id"`
		}
		if json.Unmarshal(lines.Bytes(), &m) != nil {
			continue
		}
		last = max(last, slices.IndexFunc(untold, func(n commands.Notice) bool { return w.id(n) == m.SequenceID }))
	}
	return last, nil
}

// hold keeps something back after an error, longer each time.
type hold struct {
	until time.Time
	wait  backoff.Backoff
}

// How long a home, and a single notice, are held back after an error.
var (
	holdHome   = backoff.Backoff{First: time.Second, Most: 2 * time.Minute}
	holdNotice = backoff.Backoff{First: 5 * time.Second, Most: 10 * time.Minute}
)

// failed holds back what could not be told: the notice that was refused, or the whole home. It is said once, and never given up. It returns
// when it is tried again.
func (r *route) failed(about string, err error) time.Time {
	now := r.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	key, wait := "", holdHome
	if errors.As(err, new(refusal)) {
		key, wait = about, holdNotice
	}
	h := r.holds[key]
	if h == nil {
		h = &hold{wait: wait}
		r.holds[key] = h
		r.Logger.Warn("a notice was not taken; it is kept and tried again", "incident", about, "home", r.home.Name(), "error", err,
			"try", "paramedic doctor")
	}
	var asked patience
	if errors.As(err, &asked) {
		h.until = now.Add(asked.wait)
		return h.until
	}
	if key == "" && r.trouble == "" {
		r.since = now
	}
	if key == "" {
		r.trouble = err.Error()
	}
	h.until = now.Add(h.wait.Next())
	return h.until
}

// heldUntil is until when the notices of an incident are held back; zero: they are not.
func (r *route) heldUntil(about string) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	var until time.Time
	for _, key := range []string{"", about} {
		if h := r.holds[key]; h != nil && h.until.After(r.Now()) && h.until.After(until) {
			until = h.until
		}
	}
	return until
}

// mostHolds bounds the notices whose refusals are remembered.
const mostHolds = 1000

// works notes that a notice was taken.
func (r *route) works(about string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.trouble != "" {
		r.Logger.Info("a home takes notices again", "home", r.home.Name(), "since", r.since)
	}
	delete(r.holds, "")
	delete(r.holds, about)
	if len(r.holds) > mostHolds {
		clear(r.holds)
	}
	r.trouble = ""
}
