// Package notices tells incidents to people who have no Slack, or who want to be told beside it: as short plain notices to a push service
// or a webhook. It only tells; what a notice asks for is typed in the terminal.
//
// A [Home] is where notices go, in one of four forms: ntfy, Gotify, Discord, or JSON for whatever takes that. [Deliverer.Deliver] records
// what there is to tell of an incident, and [Deliverer.Run] sends it. Of an incident and a home there is one row in the store: its wanted
// bytes are all notices of the incident with where it stands (commands.Noticed), and its ts are the keys of those that were told. So an
// outage of a day costs no more than a row for each incident, and is followed by one notice for each, of where that stands now.
//
// That something is about to be sent is recorded before, and that it was sent after. Whoever dies between leaves the row to the next
// process: it asks the server whether the notice is there, where the server can say (ntfy), and sends it again where it can't; then the
// notice comes with the same id, so that who takes it can tell.
package notices
