package store

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"time"
)

// hashLabel keeps event hashes apart from any other use of SHA-256, and names
// the encoding so that another can follow it one day.
const hashLabel = "paramedic event 1"

// keyedLabel does the same for the hashes made with the record's key, HMAC-SHA-256.
const keyedLabel = "paramedic event 2"

// genesis is the hash before the first event.
var genesis = make([]byte, sha256.Size)

func digestOf(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}

// eventHash chains an event to the one before:
//
//	SHA-256(label, prev, stream, version, type, type version, at, digest)
//
// or, in a record that is sealed, HMAC-SHA-256 of the same with its key,
// where texts and hashes are preceded by their length, and numbers are 64 bits,
// big-endian, so that no two events encode alike. It covers the digest of the
// data and not the data, so that purging leaves the chain whole.
func eventHash(prev []byte, stream string, version int, typ string, typeVersion int, at time.Time, digest []byte) []byte {
	h := sha256.New()
	putEvent(h, hashLabel, prev, stream, version, typ, typeVersion, at, digest)
	return h.Sum(nil)
}

func putEvent(h hash.Hash, label string, prev []byte, stream string, version int, typ string, typeVersion int, at time.Time,
	digest []byte) {
	putBytes(h, []byte(label))
	putBytes(h, prev)
	putBytes(h, []byte(stream))
	putNumber(h, int64(version))
	putBytes(h, []byte(typ))
	putNumber(h, int64(typeVersion))
	putNumber(h, at.UnixNano())
	putBytes(h, digest)
}

func putBytes(h hash.Hash, b []byte) {
	putNumber(h, int64(len(b)))
	h.Write(b)
}

func putNumber(h hash.Hash, n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

// chain makes events of new ones, to follow the event of that version and hash,
// with the key if there is one. Time never runs back: none is before at.
func chain(k *key, stream string, version int, prev []byte, at time.Time, events []NewEvent) []Event {
	link := eventHash
	if k != nil {
		link = k.eventHash
	}
	chained := make([]Event, len(events))
	for i, e := range events {
		version++
		data := e.Data
		if data == nil {
			data = []byte{} // nil means purged
		}
		if e.At.After(at) {
			at = e.At
		}
		sum := digestOf(data)
		chained[i] = Event{
			Stream: stream, Version: version, Type: e.Type, TypeVersion: e.TypeVersion, At: at, Data: data,
			Digest: sum, Prev: prev, Hash: link(prev, stream, version, e.Type, e.TypeVersion, at, sum),
		}
		prev = chained[i].Hash
	}
	return chained
}
