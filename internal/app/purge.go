package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
	"github.com/paramedic-bot/paramedic/knowledge"
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

// Purge looks for a text in all that Paramedic keeps and, if told to, removes it: from the record, where what remains of each event goes on to
// count and the chain stays whole; from what is kept beside it; from messages, which a serve that runs then updates in Slack; and from the
// knowledge folder. Who did it is on the record.
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
	now, err := clockOf(ctx, st.Reader)
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
	return fmt.Errorf("it is written again and again by the “paramedic serve” that runs: the cluster still shows it; change the secret, then purge once more")
}

// finds is what holds the text.
type finds struct {
	events     map[string][]store.Event // by stream; the data is as it is
	blobs      map[string][]byte        // name → what takes its place; nil: nothing
	deliveries []store.Delivery
	files      map[string][]byte // path → its content without it
	chunks     []string          // of the documents concerned
	notes      []string
}

func (f *finds) empty() bool {
	return len(f.events)+len(f.blobs)+len(f.deliveries)+len(f.files) == 0
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

func (p *purger) find(ctx context.Context) (*finds, error) {
	f := &finds{events: map[string][]store.Event{}, blobs: map[string][]byte{}, files: map[string][]byte{}}
	if err := p.findBlobs(ctx, f); err != nil {
		return nil, err
	}
	infos, err := p.store.Streams(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		if info.Stream == store.SystemStream {
			continue
		}
		events, err := p.store.Load(ctx, info.Stream, 0)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if p.text.in(e.Data) || namesOne(e.Data, f.blobs) {
				f.events[info.Stream] = append(f.events[info.Stream], e)
			}
		}
	}
	err = p.store.AllDeliveries(ctx, func(d store.Delivery) {
		if p.text.in(d.Wanted) {
			f.deliveries = append(f.deliveries, d)
		}
	})
	if err != nil {
		return nil, err
	}
	return f, p.findFiles(f)
}

// namesOne says whether data names a blob that another takes the place of.
func namesOne(data []byte, blobs map[string][]byte) bool {
	for name, now := range blobs {
		if now != nil && bytes.Contains(data, []byte(name)) {
			return true
		}
	}
	return false
}

func (p *purger) findBlobs(ctx context.Context, f *finds) error {
	names, err := p.store.BlobHashes(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := p.store.Blob(ctx, name)
		if err != nil {
			f.notes = append(f.notes, err.Error())
			continue
		}
		if p.text.inBlob(data) {
			f.blobs[name] = p.repacked(data)
		}
	}
	return nil
}

// repacked is a whole diagnosis without the text; nil for any other blob.
func (p *purger) repacked(data []byte) []byte {
	d, err := incident.Unpack(data)
	if err != nil {
		return nil
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return nil
	}
	d = &incident.Diagnosis{}
	if json.Unmarshal(clean(raw, p.text.replacer), d) != nil {
		return nil
	}
	now, err := incident.Pack(d)
	if err != nil {
		return nil
	}
	return now
}

func (p *purger) findFiles(f *finds) error {
	if p.Knowledge == "" {
		return nil
	}
	err := filepath.WalkDir(p.Knowledge, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case path != p.Knowledge && e.IsDir() && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		if p.text.in([]byte(e.Name())) {
			f.notes = append(f.notes, "the name of a file in "+filepath.Dir(path)+" holds it: rename it by hand")
		}
		if info, err := e.Info(); err != nil || info.Size() > mostFile {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || !p.text.in(data) {
			return err
		}
		f.files[path] = []byte(p.text.replacer.Replace(string(data)))
		if d, err := knowledge.Parse(data); err == nil {
			for _, c := range d.Chunks() {
				f.chunks = append(f.chunks, c.Hash(d.Title))
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look through the postmortems: %w", err)
	}
	if len(f.files) > 0 {
		if at := repository(p.Knowledge); at != "" {
			f.notes = append(f.notes, at+" is a git repository: its history holds it still")
		}
	}
	return nil
}

// repository is the git repository that a folder lies in; empty if none.
func repository(dir string) string {
	dir, err := filepath.Abs(dir)
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	return ""
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

// incidents are those whose record or messages hold the text.
func (f *finds) incidents() []string {
	seen := map[string]bool{}
	for stream := range f.events {
		if id, ok := strings.CutPrefix(stream, streamPrefix); ok {
			seen[id] = true
		}
	}
	for _, d := range f.deliveries {
		seen[d.Incident] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// tell is what an incident's own record says of the purge: who did it, so that what is kept of it in memory is read anew and its messages drawn
// anew, and that a plan of which something was removed is withdrawn. Nil where there is no such incident.
func (p *purger) tell(ctx context.Context, id string, f *finds, purged []store.Purged) (*store.Write, error) {
	s, log, err := p.becomes(ctx, id, purged)
	if err != nil || s.Version == 0 {
		return nil, err
	}
	var events []incident.Event
	if s.Open() && s.Plan != nil && p.spoilt(s.Plan, f) {
		if s.Running() {
			p.report.Notes = append(p.report.Notes, id+": its plan has begun and holds what was removed: no further step of it will run, nor its way back")
		} else {
			events = append(events, incident.PlanSuperseded{PlanHash: s.Plan.Hash, Reason: "a secret was removed from it"})
		}
	}
	if all, err := p.store.Deliveries(ctx, id); err != nil || len(all) == 0 {
		p.report.Notes = append(p.report.Notes, id+": its messages in Slack are too old to be updated by Paramedic: look there, and remove them by hand")
	}
	events = append(events, incident.Purged{By: atTerminal(p.By), Events: len(f.events[streamPrefix+id])})
	writes, err := p.ledger.writes(entry{s, events})
	if err != nil {
		return nil, err
	}
	w := &writes[0]
	for n, e := range events {
		log = append(log, incident.Recorded{Version: s.Version + 1 + n, At: w.Events[n].At, Event: e})
	}
	c := rebuilt(s.With(log[len(log)-len(events):]), log, w.Events[0].At)
	c.Due, c.Drop = w.Events[0].At, []string{""} // also of one that is over, for its messages
	w.Change = &c
	return w, nil
}

// becomes is an incident as it will be.
func (p *purger) becomes(ctx context.Context, id string, purged []store.Purged) (*incident.State, []incident.Recorded, error) {
	stream := streamPrefix + id
	events, err := p.store.Load(ctx, stream, 0)
	if err != nil {
		return nil, nil, err
	}
	now := map[int][]byte{}
	for _, e := range purged {
		if e.Stream == stream {
			now[e.Version] = e.Data
		}
	}
	var log []incident.Recorded
	version := 0
	for _, e := range events {
		version = e.Version
		if data, ok := now[e.Version]; ok {
			e.Data = data
		}
		if e.Data == nil {
			continue
		}
		event, err := incident.Decode(e.Type, e.TypeVersion, e.Data)
		if err != nil {
			return nil, nil, fmt.Errorf("%s, event %d can't be read any more without that text, so nothing was changed: %w", stream, e.Version, err)
		}
		log = append(log, incident.Recorded{Version: e.Version, At: e.At, Event: event})
	}
	s := incident.Fold(id, log)
	s.Version = version
	return s, log, nil
}

// spoilt says whether a plan is not what its hash says any more, or lacks what it writes.
func (p *purger) spoilt(plan *incident.Plan, f *finds) bool {
	if plan.ComputeHash() != plan.Hash {
		return true
	}
	for i := range plan.Steps {
		for _, value := range plan.Steps[i].Params {
			if _, gone := f.blobs[value]; gone {
				return true
			}
		}
	}
	return false
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
