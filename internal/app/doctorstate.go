package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// checkStateWithin bounds the look at the pages of a large state; its events are verified all the same.
const checkStateWithin = 10 * time.Second

func doctorState(ctx context.Context, c Config) []incident.Check {
	return inState(ctx, c, good("state", "%s is not there yet; serve makes it", filepath.Base(c.State)),
		func(r *store.Reader) []incident.Check {
			return doctorRecord(ctx, c, r)
		})
}

// inState looks at the state; absent is said where there is none yet.
func inState(ctx context.Context, c Config, absent incident.Check, look func(*store.Reader) []incident.Check) []incident.Check {
	if _, err := os.Stat(c.State); errors.Is(err, os.ErrNotExist) {
		return []incident.Check{absent}
	}
	r, err := store.OpenReadOnly(ctx, c.State)
	if err != nil {
		return []incident.Check{bad(absent.Name, err)}
	}
	defer r.Close()
	r.UseKey(c.StateKeyFile)
	return look(r)
}

func doctorRecord(ctx context.Context, c Config, r *store.Reader) []incident.Check {
	if _, err := r.CheckPages(ctx, checkStateWithin); err != nil {
		return []incident.Check{bad("state", err)}
	}
	report, err := r.Verify(ctx)
	if err != nil {
		return []incident.Check{bad("state", err)}
	}
	switch {
	case len(report.Problems) > 0:
		return []incident.Check{{Name: "state", Detail: fmt.Sprintf("the record is broken in %s; see paramedic audit verify",
			strings.Join(report.Broken(), ", "))}}
	case report.Key != "":
		return []incident.Check{{Name: "state", Detail: "nothing is approved or executed: " + report.Key +
			". Put the right key there; or, if it is lost, seal the record anew: paramedic audit accept --reseal"}}
	}
	checks := []incident.Check{good("state", "%d events in %d streams, whole", report.Events, report.Streams)}
	checks = append(checks, doctorClock(ctx, r)...)
	checks = append(checks, doctorAside(ctx, r)...)
	if why, err := doubted(ctx, r); err != nil || why != "" {
		checks = append(checks, incident.Check{Name: "record", Detail: "nothing is executed: " + doubtDetail(why, err) +
			" Restore the newest state, or run: paramedic audit accept"})
	}
	return append(checks, doctorCopies(ctx, c, r)...)
}

// doctorClock says that the clock is behind what was recorded last.
func doctorClock(ctx context.Context, r *store.Reader) []incident.Check {
	newest, err := r.Newest(ctx)
	if err != nil {
		return []incident.Check{bad("clock", err)}
	}
	if d := newClock(time.Now, newest).behind(); d > 0 {
		return []incident.Check{{Name: "clock", Detail: fmt.Sprintf("it is %v behind the newest event, of %s; plans and approvals expire by "+
			"the record's time. Set the clock right", d, newest.Format(time.RFC3339))}}
	}
	return nil
}

func doubtDetail(why string, err error) string {
	if err != nil {
		return err.Error()
	}
	return why
}

// doctorAside says which incidents nothing is done for, because their records can't be read.
func doctorAside(ctx context.Context, r *store.Reader) []incident.Check {
	aside, err := r.Aside(ctx)
	if err != nil {
		return []incident.Check{bad("incidents set aside", err)}
	}
	var checks []incident.Check
	for _, p := range aside {
		checks = append(checks, incident.Check{Name: strings.TrimPrefix(p.Stream, streamPrefix),
			Detail: "can't be read, and nothing is done for it: " + p.Aside +
				"; start the version of Paramedic that wrote it, or restore the state"})
	}
	return checks
}

// doctorCopies says what could be restored today.
func doctorCopies(ctx context.Context, c Config, r *store.Reader) []incident.Check {
	const name = "last-good copies"
	keys, err := r.LastGoodKeys(ctx)
	if err != nil {
		return []incident.Check{bad(name, err)}
	}
	keys, withheld, err := withheldCopies(ctx, r, keys)
	if err != nil {
		return []incident.Check{bad(name, err)}
	}
	if len(withheld) > 0 {
		return []incident.Check{{Name: name, Detail: "not kept, for they hold what looks like a secret: " + strings.Join(withheld, ", ") +
			"; move it into a Secret or a file of its own, so that they can be restored"}}
	}
	if len(keys) == 0 {
		return []incident.Check{{Name: name, Detail: fmt.Sprintf("none yet: serve keeps them every %v while all is well",
			c.LastGood.Every.Duration)}}
	}
	return []incident.Check{good(name, "%s", strings.Join(keys, ", "))}
}

// withheldCopies parts the keys of copies from those that were last not kept because of a secret.
func withheldCopies(ctx context.Context, r *store.Reader, keys []string) (kept, withheld []string, err error) {
	for _, key := range keys {
		of, ok := strings.CutPrefix(key, withheldPrefix)
		if !ok {
			kept = append(kept, key)
			continue
		}
		not, _, err := r.LastGood(ctx, key)
		if err != nil {
			return nil, nil, err
		}
		if copied, ok, err := r.LastGood(ctx, of); err != nil || ok && copied.At.After(not.At) {
			if err != nil {
				return nil, nil, err
			}
			continue // it has been kept since
		}
		withheld = append(withheld, of)
	}
	return slices.DeleteFunc(kept, func(k string) bool { return slices.Contains(withheld, k) }), withheld, nil
}
