// Package write changes a cluster, as somebody. It is the only package that can.
//
// A [Client] is made from the bot's own credentials, which may read and may impersonate an allow-list of users, and nothing more.
// [Client.WriterFor] gives a [Writer] that acts as one Kubernetes user: the API server itself then decides what that person may do, and
// its audit log names them. [Client.Reader] reads as the bot, always with quorum, for what recovery must see as it is: an object from
// a stale watch cache would make a step look undone that is done.
//
// Patches are JSON merge patches under the field manager "paramedic", and can be server-side dry-runs. Errors keep Kubernetes' own
// status inside (k8s.io/apimachinery/pkg/api/errors recognises them) and say who lacks which right and what to do.
// Everything here is safe for concurrent use.
package write
