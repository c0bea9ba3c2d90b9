package store

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// key is what the record is sealed with: whoever can write the database but has
// not the key can write nothing that counts. It is never stored beside what it
// seals but in a file of its own, and never shown.
type key [32]byte

// String keeps it out of whatever prints.
func (key) String() string { return "[key]" }

// GoString does the same.
func (key) GoString() string { return "[key]" }

// Labels keep what is made with the key for one use apart from every other.
const (
	tipLabel  = "paramedic tip 1"
	copyLabel = "paramedic copy 1"
)

// tip is what a stream's row in the list of streams carries: that this is its end.
func (k *key) tip(stream string, version int, head []byte) []byte {
	m := hmac.New(sha256.New, k[:])
	putBytes(m, []byte(tipLabel))
	putBytes(m, []byte(stream))
	putNumber(m, int64(version))
	putBytes(m, head)
	return m.Sum(nil)
}

// copyMAC is what a last-good copy's row carries.
func (k *key) copyMAC(name, hash string, at int64) []byte {
	m := hmac.New(sha256.New, k[:])
	putBytes(m, []byte(copyLabel))
	putBytes(m, []byte(name))
	putBytes(m, []byte(hash))
	putNumber(m, at)
	return m.Sum(nil)
}

// eventHash is the chain's link made with the key; see [eventHash] for what it covers.
func (k *key) eventHash(prev []byte, stream string, version int, typ string, typeVersion int, at time.Time, digest []byte) []byte {
	m := hmac.New(sha256.New, k[:])
	putEvent(m, keyedLabel, prev, stream, version, typ, typeVersion, at, digest)
	return m.Sum(nil)
}

// made says whether an event was written with the key.
func (k *key) made(e Event) bool {
	return hmac.Equal(e.Hash, k.eventHash(e.Prev, e.Stream, e.Version, e.Type, e.TypeVersion, e.At, e.Digest))
}

// KeyFile is where the key of the state at path is unless it is put elsewhere.
func KeyFile(path string) string { return path + ".key" }

// errNoKey says that there is no file of that name.
var errNoKey = errors.New("there is no such file")

// readKey reads a key that nobody but its owner may read. One that is mounted
// read-only, as Secrets are in a pod, has the mode that the mount gave it.
func readKey(file string) (*key, error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the key %s: %w", file, errNoKey)
	}
	if err != nil {
		return nil, fmt.Errorf("the key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && !readOnly(file) {
		return nil, fmt.Errorf("the key %s can be read by others than its owner (mode %04o), so it is not used; run: chmod 600 %s", file, mode,
			file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the key: %w", err)
	}
	k := new(key)
	// never say what it holds
	if n, err := hex.Decode(k[:], []byte(strings.TrimSpace(string(text[:min(len(text), 200)])))); err != nil || n != len(k) {
		return nil, fmt.Errorf("the key %s is no key: it must hold 64 hexadecimal digits, as “openssl rand -hex 32” writes", file)
	}
	return k, nil
}

// newKey makes a key in a file that must not be there yet.
func newKey(file string) (_ *key, err error) {
	k := new(key)
	if _, err := rand.Read(k[:]); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(hex.EncodeToString(k[:]) + "\n")
	return k, errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(file)))
}
