package store

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"time"
)

// audit is a verification under way: a pure fold over events. First it is told
// what the system stream says (system), then it is shown all events by stream
// and version (event), then it compares what it saw with what should be there
// (finish).
type audit struct {
	report    Report
	vouched   vouching
	sealed    map[string]sealedAt       // stream → how far it counts although it was not written with the key
	purged    map[string]map[int]string // stream → version purged on the record → digest of what was left, in hex
	recorded  map[string]checkpointed   // stream → where it ended at its last checkpoint
	seen      map[string]*link          // stream → the last event seen
	perStream map[string]int            // problems
}

type checkpointed struct {
	version int
	head    []byte
	at      time.Time
	matched bool // the event was seen, hash and all
}

type sealedAt struct {
	version int
	sum     []byte // of all of its events up to then; nil: each can be checked by its hash
}

// link is the end of a chain so far.
type link struct {
	version int
	hash    []byte
	sum     hash.Hash // nil: nobody asks for it
}

func newAudit(v vouching) *audit {
	return &audit{
		vouched:   v,
		report:    Report{Key: v.why},
		sealed:    map[string]sealedAt{},
		purged:    map[string]map[int]string{},
		recorded:  map[string]checkpointed{},
		seen:      map[string]*link{},
		perStream: map[string]int{},
	}
}

func (a *audit) problem(stream string, version int, format string, args ...any) {
	a.perStream[stream]++
	switch n := a.perStream[stream]; {
	case n < problemsPerStream:
		a.report.Problems = append(a.report.Problems, Problem{stream, version, fmt.Sprintf(format, args...)})
	case n == problemsPerStream:
		a.report.Problems = append(a.report.Problems, Problem{stream, version, "and more; the rest of this stream's problems are left out"})
	}
}

// system takes in one event of the system stream.
func (a *audit) system(e Event) {
	switch e.Type {
	case TypeEventPurged:
		var p purged
		if err := json.Unmarshal(e.Data, &p); err != nil {
			a.problem(SystemStream, e.Version, "it should record a purge and can't be read: %v", err)
			return
		}
		if a.purged[p.Stream] == nil {
			a.purged[p.Stream] = map[int]string{}
		}
		a.purged[p.Stream][p.Version] = p.Kept
		a.by(p.By)
	case TypeDataPurged:
		var p dataPurged
		if err := json.Unmarshal(e.Data, &p); err != nil {
			a.problem(SystemStream, e.Version, "it should record a purge and can't be read: %v", err)
			return
		}
		a.by(p.By)
	case TypeHeadsRecorded:
		var r headsRecorded
		if err := json.Unmarshal(e.Data, &r); err != nil {
			a.problem(SystemStream, e.Version, "it should record a checkpoint and can't be read: %v", err)
			return
		}
		for _, h := range r.Heads {
			head, err := hex.DecodeString(h.Head)
			if err != nil {
				a.problem(SystemStream, e.Version, "its checkpoint of %s can't be read: %v", h.Stream, err)
				continue
			}
			a.recorded[h.Stream] = checkpointed{version: h.Version, head: head, at: e.At}
		}
	case TypeRecordSealed:
		a.seal(e)
	}
}

// seal takes in how far streams count that were not written with the key; only the key's owner can say so.
func (a *audit) seal(e Event) {
	if a.vouched.key == nil || !a.vouched.key.made(e) {
		return
	}
	var r recordSealed
	if err := json.Unmarshal(e.Data, &r); err != nil {
		a.problem(SystemStream, e.Version, "it should record a seal and can't be read: %v", err)
		return
	}
	for _, s := range r.Streams {
		head, err := hex.DecodeString(s.Head)
		sum, err2 := hex.DecodeString(s.Sum)
		if err := errors.Join(err, err2); err != nil {
			a.problem(SystemStream, e.Version, "its seal of %s can't be read: %v", s.Stream, err)
			continue
		}
		a.sealed[s.Stream] = sealedAt{s.Version, sum}
		a.recorded[s.Stream] = checkpointed{version: s.Version, head: head, at: e.At}
	}
}

// event checks one event against the one before it. After a problem it goes on
// from what is stored, so that one change is one problem.
func (a *audit) event(e Event) {
	last := a.seen[e.Stream]
	if last == nil {
		last = &link{hash: genesis}
		if len(a.sealed[e.Stream].sum) > 0 {
			last.sum = sha256.New()
		}
		a.seen[e.Stream] = last
		a.report.Streams++
	}
	a.report.Events++
	switch missing := e.Version - last.version - 1; {
	case missing == 1:
		a.problem(e.Stream, e.Version-1, "it is missing")
	case missing > 1:
		a.problem(e.Stream, last.version+1, "it and %d more after it are missing", missing-1)
	case !bytes.Equal(e.Prev, last.hash):
		a.problem(e.Stream, e.Version, "it does not follow from event %d: one of the two was changed or replaced after it was written",
			last.version)
	}
	a.content(e)
	a.summed(e, last)
	if c, ok := a.recorded[e.Stream]; ok && c.version == e.Version {
		c.matched = true
		a.recorded[e.Stream] = c
		if !bytes.Equal(c.head, e.Hash) {
			a.problem(e.Stream, e.Version, "it is not the event that the checkpoint of %s recorded: the stream was rewritten",
				c.at.Format(time.RFC3339))
		}
	}
	last.version, last.hash = e.Version, e.Hash
}

// content checks an event for itself.
func (a *audit) content(e Event) {
	switch {
	case e.Purged:
		a.purge(e)
	case !bytes.Equal(digestOf(e.Data), e.Digest):
		a.problem(e.Stream, e.Version, "its data was changed after it was written")
	}
	a.written(e)
}

// purge checks what is left of an event that was purged.
func (a *audit) purge(e Event) {
	kept, recorded := a.purged[e.Stream][e.Version]
	left := ""
	if e.Data != nil {
		left = hex.EncodeToString(digestOf(e.Data))
	}
	switch {
	case !recorded:
		a.problem(e.Stream, e.Version, "its data is gone, said to be purged (%q), but no purge is on the record", e.PurgeReason)
	case kept != left:
		a.problem(e.Stream, e.Version, "what was left of it when it was purged was changed since")
	default:
		a.report.Purged++
	}
}

// by remembers who purged something.
func (a *audit) by(who string) {
	if who != "" && !slices.Contains(a.report.PurgedBy, who) {
		a.report.PurgedBy = append(a.report.PurgedBy, who)
	}
}

// written checks with what an event was written. In a record that is sealed only what was written with the key counts, but for what is
// older than the seal.
func (a *audit) written(e Event) {
	plain := bytes.Equal(eventHash(e.Prev, e.Stream, e.Version, e.Type, e.TypeVersion, e.At, e.Digest), e.Hash)
	before := a.sealed[e.Stream]
	switch {
	case a.vouched.key == nil && a.vouched.sealed:
		if !plain {
			a.report.Unverified++
		}
	case plain && (!a.vouched.sealed || e.Version <= before.version):
	case a.vouched.key != nil && a.vouched.key.made(e):
	case len(before.sum) > 0 && e.Version <= before.version: // the sum tells
	case plain:
		a.problem(e.Stream, e.Version, "it was written without the record's key: while Paramedic did not have it, or by somebody else")
	default:
		a.problem(e.Stream, e.Version, "its type, time, place or digest was changed after it was written")
	}
}

// summed checks the events of which the seal knows no more than their sum.
func (a *audit) summed(e Event, last *link) {
	s := a.sealed[e.Stream]
	if last.sum == nil || e.Version > s.version {
		return
	}
	addSum(last.sum, e)
	if e.Version == s.version && !bytes.Equal(last.sum.Sum(nil), s.sum) {
		a.problem(e.Stream, e.Version, "it, or one before it, is not as it was when the record was sealed")
	}
}

// copy checks one last-good copy.
func (a *audit) copy(g goodRow) {
	a.report.Copies++
	if a.vouched.key != nil && !a.vouched.key.signed(g) {
		a.problem(copyName(g.key), 0, "the copy %.12s of it was not kept by this Paramedic, and none is offered", g.hash)
	}
}

func copyName(key string) string { return "last-good " + key }

// blob checks one blob by its name.
func (a *audit) blob(name string, data []byte) {
	a.report.Blobs++
	if hex.EncodeToString(digestOf(data)) != name {
		a.problem("blob "+name, 0, "its data was changed after it was kept")
	}
}

// finish compares the chains' ends with the list of streams and the
// checkpoints; of all streams, or of the one named.
func (a *audit) finish(infos []StreamInfo, only string) Report {
	concerns := func(stream string) bool { return only == "" || stream == only || stream == SystemStream }
	listed := map[string]bool{}
	for _, i := range infos {
		listed[i.Stream] = true
		if concerns(i.Stream) {
			a.end(i)
		}
	}
	for _, stream := range slices.Sorted(maps.Keys(a.seen)) {
		if !listed[stream] {
			a.problem(stream, 0, "it has events but the list of streams does not have it")
		}
	}
	for _, stream := range slices.Sorted(maps.Keys(a.recorded)) {
		c := a.recorded[stream]
		if c.matched || !concerns(stream) {
			continue
		}
		at := c.at.Format(time.RFC3339)
		if a.seen[stream] == nil {
			a.problem(stream, 0, "the whole stream is gone; the checkpoint of %s recorded %d events", at, c.version)
		} else if a.seen[stream].version < c.version {
			a.problem(stream, 0, "it was cut short to %d events; the checkpoint of %s recorded %d", a.seen[stream].version, at, c.version)
		}
	}
	if only != "" && a.seen[only] == nil && a.perStream[only] == 0 {
		a.problem(only, 0, "there is no such stream")
	}
	slices.SortStableFunc(a.report.Problems, func(p, q Problem) int { return cmp.Compare(p.Stream, q.Stream) })
	return a.report
}

// end checks that a stream ends where the list of streams says.
func (a *audit) end(i StreamInfo) {
	last := a.seen[i.Stream]
	switch {
	case last == nil:
		a.problem(i.Stream, 0, "all of its %d events are gone", i.Version)
	case last.version < i.Version:
		a.problem(i.Stream, 0, "it was cut short to %d events; there were %d", last.version, i.Version)
	case last.version > i.Version:
		a.problem(i.Stream, 0, "it has %d events, %d were appended", last.version, i.Version)
	case !bytes.Equal(last.hash, i.Head):
		a.problem(i.Stream, i.Version, "it is not the last event that was appended")
	case a.vouched.key != nil && a.perStream[i.Stream] == 0 && !hmac.Equal(i.Tip, a.vouched.key.tip(i.Stream, i.Version, i.Head)):
		a.problem(i.Stream, i.Version, "nobody who has the key has said that it ends here: it was cut short, or the list of streams was changed")
	}
}
