package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// PurgeOptions say what is to be removed from where.
type PurgeOptions struct {
	State, KeyFile string
	Knowledge      string // the folder of postmortems; empty: none is looked at
	Text           string // the secret
	By             string
	Do             bool // otherwise it is only looked for
}

// PurgeReport counts what holds, or held, the text. It never says the text itself.
type PurgeReport struct {
	Events     int      `json:"events"`
	Incidents  []string `json:"incidents"` // whose record or messages are concerned
	Blobs      int      `json:"blobs"`     // kept aside: whole diagnoses, last-good copies, what plans write
	Messages   int      `json:"messages"`
	Files      []string `json:"files"` // of the knowledge folder
	Embeddings int      `json:"embeddings"`
	Notes      []string `json:"notes"` // what has to be known, or done by hand
	Served     bool     `json:"served"`
	Done       bool     `json:"done"`
}

// Empty says whether nothing was found.
func (r PurgeReport) Empty() bool { return r.Events+r.Blobs+r.Messages+len(r.Files) == 0 }

const (
	purgeRounds = 20 // until a serve that runs beside has let go of what it held in memory
	purgePause  = 1500 * time.Millisecond
	purgeQuiet  = 2       // rounds without a find in a row
	mostFile    = 1 << 24 // bytes of a file that is looked into
)

// Purge looks for a text in all that Paramedic keeps and, if told to, removes it: from the record, where what remains of each event goes on
// to count and the chain stays whole; from what is kept beside it; from messages, which a serve that runs then updates in Slack; and from
// the knowledge folder. Who did it is on the record.
func Purge(ctx context.Context, o PurgeOptions) (_ PurgeReport, err error) {
	text, err := hide(o.Text)
	if err != nil {
		return PurgeReport{}, err
	}
	st, err := openExisting(ctx, o.State, o.KeyFile)
	if err != nil {
		return PurgeReport{}, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	now, err := clockOf(ctx, st.Reader, nil)
	if err != nil {
		return PurgeReport{}, err
	}
	p := &purger{PurgeOptions: o, text: text, store: st, ledger: &ledger{Journal: NewJournal(st.Reader), store: st, now: now.Now}}
	if !o.Do {
		f, err := p.find(ctx)
		if err != nil {
			return PurgeReport{}, err
		}
		p.count(f)
		return p.report, nil
	}
	duty, err := st.TakeDuty(ctx)
	if p.report.Served = err != nil; err == nil {
		defer func() { err = errors.Join(err, duty.End()) }()
	}
	return p.report, p.untilGone(ctx)
}

type purger struct {
	PurgeOptions
	text   *hidden
	store  *store.Store
	ledger *ledger
	report PurgeReport
}

// untilGone removes what it finds until nothing is found: a serve that runs may write again, from memory, what was removed.
func (p *purger) untilGone(ctx context.Context) error {
	quiet := 0
	for range purgeRounds {
		f, err := p.find(ctx)
		if err != nil {
			return err
		}
		if f.empty() {
			if quiet++; quiet == purgeQuiet || !p.report.Served {
				p.report.Done = true
				return p.store.Scrub(ctx)
			}
		} else {
			quiet = 0
			p.count(f)
			if err := decideAgain(func() error { return p.apply(ctx, f) }); err != nil {
				return err
			}
		}
		if p.report.Served {
			pause(ctx, purgePause, nil)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("it is written again and again by the “paramedic serve” that runs: the cluster still shows it; change the secret, " +
		"then purge once more")
}

func (p *purger) count(f *finds) {
	r := &p.report
	for _, events := range f.events {
		r.Events += len(events)
	}
	r.Incidents = append(r.Incidents, f.incidents()...)
	r.Blobs += len(f.blobs)
	r.Messages += len(f.deliveries)
	r.Files = append(r.Files, slices.Sorted(maps.Keys(f.files))...)
	r.Embeddings += len(f.chunks)
	r.Notes = append(r.Notes, f.notes...)
	for _, list := range []*[]string{&r.Incidents, &r.Files, &r.Notes} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

// apply removes what was found.
func (p *purger) apply(ctx context.Context, f *finds) error {
	act := store.Purge{By: p.By, Reason: "a secret was removed by “paramedic purge”", Embeddings: f.chunks}
	renamed := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(f.blobs)) {
		act.Blobs = append(act.Blobs, name)
		if now := f.blobs[name]; now != nil {
			sum := sha256.Sum256(now)
			renamed[name] = hex.EncodeToString(sum[:])
			if _, err := p.store.PutBlob(ctx, now); err != nil {
				return err
			}
		}
	}
	r := p.text.with(renamed)
	for _, d := range f.deliveries {
		d.Wanted = clean(d.Wanted, p.text.replacer)
		act.Deliveries = append(act.Deliveries, d)
	}
	for stream, events := range f.events {
		for _, e := range events {
			act.Events = append(act.Events, store.Purged{Stream: stream, Version: e.Version, Data: clean(e.Data, r)})
		}
	}
	for _, id := range f.incidents() {
		w, err := p.tell(ctx, id, f, act.Events)
		if err != nil {
			return err
		}
		if w != nil {
			act.Writes = append(act.Writes, *w)
		}
	}
	if err := p.store.Purge(ctx, act); err != nil {
		return err
	}
	for path, data := range f.files {
		if err := rewrite(path, data); err != nil {
			return fmt.Errorf("remove it from %s: %w", path, err)
		}
	}
	return nil
}

// rewrite replaces a file's content at once, as a whole.
func rewrite(path string, data []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	t, err := os.CreateTemp(filepath.Dir(path), ".purge-*")
	if err != nil {
		return err
	}
	_, err = t.Write(data)
	err = errors.Join(err, t.Chmod(info.Mode().Perm()), t.Sync(), t.Close())
	if err == nil {
		err = os.Rename(t.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(t.Name()))
	}
	return nil
}
