// Package commands is what a person can ask of Paramedic: one file a command, each a function from a [Request] to a [Reply].
//
// It knows neither Slack nor the terminal. A Reply is a small document, [Block] after Block of [Span] after Span, that every face
// renders in its own way: Slack as Block Kit, the terminal as text ([Plain]), scripts as JSON (Reply.Data). Buttons and forms are
// commands, too: a [Button]'s Value and a [Form]'s Command are command lines, so that pressing, filling in and typing are one thing
// and are decided in one place.
//
//	words ──Parse──► Request ──Set.Dispatch──► Reply ──► Slack, terminal, JSON
//	                                ▲
//	incident.State ──IncidentMessages──► []Message, each a slot and its Reply
//
// A [Set] holds what the commands need, as small interfaces declared here, and a table of the commands; help, suggestions and usage
// are derived from the table. The functions that render ([CheckReply], [WhyReply], [IncidentMessages], [PlanReview],
// [PostmortemForm]) are pure: the same values give the same Reply, with absolute times, so that a hash of it tells whether it must
// be sent again.
//
// What came from a cluster is data: it is put into Spans as it is. Escaping and cutting to fit are the face's duty.
package commands
