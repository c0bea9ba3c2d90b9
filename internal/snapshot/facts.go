package snapshot

import (
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Lookup is the result of one DNS query.
type Lookup struct {
	From   string   `json:"from"` // who asked: "paramedic", or the node that it runs on
	Server string   `json:"server"`
	Name   string   `json:"name"`
	Addrs  []string `json:"addrs,omitempty"`
	Error  string   `json:"error,omitempty"` // empty: answered
	// For is what the query is about, such as the Service of the name; zero: the server itself.
	For incident.Object `json:"for,omitzero"`
}

// Dial is the result of one attempt to open a TCP connection.
type Dial struct {
	From    string          `json:"from"`    // who tried: "paramedic", or the node that it runs on
	Address string          `json:"address"` // host:port
	For     incident.Object `json:"for"`     // whose address it is, such as a Service
	Error   string          `json:"error,omitempty"`
}

// Metric is one value that a Prometheus answered with.
type Metric struct {
	Name   string          `json:"name"`   // what was asked for, such as "memory working set"
	Object incident.Object `json:"object"` // what it is about
	Query  string          `json:"query"`  // PromQL
	Value  float64         `json:"value"`
	Unit   string          `json:"unit"` // "bytes", "restarts/h"; empty: a plain number
}

// Away says that the API server does not answer.
type Away struct {
	Host  string    `json:"host"`  // its address as it was asked at
	Words string    `json:"words"` // what went wrong
	Since time.Time `json:"since"` // when it was first asked in vain
}

// Health is the word of one of the API server's own health checks, from /readyz?verbose.
type Health struct {
	Name  string `json:"name"` // such as "etcd"
	OK    bool   `json:"ok"`
	Words string `json:"words,omitempty"` // the server's
}

// Secret is what may be known of a Secret: names and dates, never a value.
type Secret struct {
	Namespace   string            `json:"namespace"`
	Name        string            `json:"name"`
	Type        string            `json:"type"`
	Keys        []string          `json:"keys,omitempty"` // sorted
	Labels      map[string]string `json:"labels,omitempty"`
	Changed     time.Time         `json:"changed,omitzero"` // the newest of its field managers' times
	Certificate *Certificate      `json:"certificate,omitempty"`
}

// Certificate is what a TLS certificate says in public.
type Certificate struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Names     []string  `json:"names,omitempty"` // DNS names and IP addresses that it is for
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	// KeyMatches says whether the private key beside it belongs to it; nil: there was no key to compare.
	KeyMatches *bool  `json:"keyMatches,omitempty"`
	Error      string `json:"error,omitempty"` // why it could not be read; the other fields are empty then
}
