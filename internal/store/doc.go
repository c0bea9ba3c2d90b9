// Package store keeps what Paramedic must not forget: event streams, what is
// due when, deliveries, blobs, last-good copies, embeddings and ids already
// seen. It knows nothing of incidents: bytes in, bytes out. SQL is written here
// and nowhere else.
//
// # Streams
//
// A stream ("incident/INC-7", "settings", "system") is an append-only list of
// events, numbered from 1. [Store.Append] writes events to one or more streams
// in one transaction, and only if each still has the version the caller decided
// upon; otherwise [ErrConflict]. The bytes stored are the bytes hashed. Each
// event's hash covers the hash before it and the digest of its data, so that any
// change shows, and so that data can be purged ([Store.Purge]) without breaking the chain. [Store.Checkpoint] records
// every stream's head in the stream "system", so that a stream cut short or
// deleted shows too. [Reader.Verify] checks all of it.
//
// # Projections
//
// Beside a stream's events a [Projection] is kept, changed in the transaction
// of the append ([Change]): whether the stream still concerns somebody, the
// keys by which it is found ([Reader.Find]), and when somebody must look at it
// next. Nobody reads all that ever was to know what is to be done now. What is
// derived can be derived again ([Store.Rebuild]).
//
// # Work
//
// The time at which a stream is due is the one place that says "when". Who has
// the duty ([Store.TakeDuty]) claims what is due ([Store.Claim]), looks at the
// stream, does what is to be done, and says when to look again
// ([Store.Settle]). A claim is a lease: who dies after it leaves the stream to
// be claimed again, at the latest when the lease is over. An append makes its
// stream due anew, so nothing written is ever overlooked, and no number of
// appends makes more than one look.
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
// of them at a time has the [Duty].
//
// Readers and Stores are safe for concurrent use. storetest is the conformance
// suite that every database behind this package has to pass.
package store
