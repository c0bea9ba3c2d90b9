// Package store keeps what Paramedic must not forget: event streams, jobs,
// deliveries, blobs, last-good copies, embeddings and ids already seen. It
// knows nothing of incidents: bytes in, bytes out. SQL is written here and
// nowhere else.
//
// # Streams
//
// A stream ("incident/INC-7", "settings", "system") is an append-only list of
// events, numbered from 1. [Store.Append] writes events, and the jobs that
// follow from them, in one transaction, and only if the stream still has the
// version the caller decided upon; otherwise [ErrConflict]. The bytes stored
// are the bytes hashed. Each event's hash covers the hash before it and the
// digest of its data, so that any change shows, and so that data can be
// purged ([Store.Purge]) without breaking the chain. [Store.Checkpoint] records
// every stream's head in the stream "system", so that a stream cut short or
// deleted shows too. [Reader.Verify] checks all of it.
//
// # Jobs
//
// The log is truth, jobs are hints. A [Job] is a plain struct with a Kind;
// [Store.Work] runs a [Handler] for each kind on River. A handler looks at what
// is, does what is due, and returns nil, an error (tried again, later and
// later), or [Snooze]. Because it looks at what is, a job needs no twin:
//
//   - a job is not queued if the same kind and arguments wait already and will
//     run no later;
//   - one that arrives while its twin is running makes the twin run again
//     afterwards, never beside it (within one process).
//
// So nothing written before a job was queued is ever overlooked by its
// handler, and no number of hints makes more than two runs of work. A process
// that was killed leaves jobs marked as running; the next Work takes them up at
// once.
//
// # Deliveries
//
// A [Delivery] says what a message (an incident's slot) should look like and
// what it was last seen to look like. Only the newest wish counts; the wish's
// bytes wait here while Slack is down.
//
// # Processes
//
// The state is one SQLite file in WAL mode. Any number of processes may have
// it open: [OpenReadOnly] gives a [Reader], [Open] a [Store] that may also
// append, so that "paramedic approve" works beside "paramedic serve". Only one
// of them at a time may [Store.Work] the jobs.
//
// Readers and Stores are safe for concurrent use. storetest is the conformance
// suite that every database behind this package has to pass.
package store
