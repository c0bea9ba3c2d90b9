// Package app puts the parts together: [Server] is the bot, [Incidents] keeps the incidents and decides what may be done to them, [Eyes]
// look at a cluster or a bundle, [Mind] tells and remembers.
//
// What a Server does follows from each incident's log: its runner asks incident.Next and does what it says (advance.go, work.go,
// execute.go). Every decision is made on the newest state by ledger.update, which appends at the version it has read and decides again if
// somebody else did.
package app
