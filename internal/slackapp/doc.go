// Package slackapp is Paramedic's Slack face: Socket Mode, slash commands, buttons, modals, mentions, and the messages that tell
// incidents. It is the only place that imports slack-go. It decides nothing: what a person does becomes a commands.Request, and what
// is answered is a rendered commands.Reply.
//
//	envelope ──► App ──Request──► commands.Set ──Reply──► Render ──► acknowledgement, response_url, ephemeral or modal
//	[]commands.Message ──► Deliverer ──► store (wanted) ──► chat.postMessage, chat.update
//
// # Taking
//
// [App] answers everybody. A delivery is a flight from its arrival to its answer: it is acknowledged with the answer if that is there
// within Slack's three seconds, and bare otherwise, and then the answer goes by a response URL, an ephemeral message or a direct one. A
// delivery that comes again joins its flight and gets the same answer; what was answered by a call of its own is remembered across
// restarts, and whatever else comes again is done again. Decisions have turns of their own (lane.go), so that no question keeps an
// approval waiting; what there is no room for is told so; and what Paramedic breaks off when it stops is told that. A panic costs its own
// answer.
//
// # Telling
//
// [Deliverer] keeps a thread as it is wanted: what is wanted is stored before it is sent, only the newest counts, and nothing is posted
// twice, not even when it is unknown whether a post arrived. Each channel's new messages and each channel's changes are a route of their
// own: they are paced and, after errors, held back apart, what passes by itself for two seconds at most. A channel that takes no messages
// is told to Options.Fallback, in the log, by [Deliverer.Trouble] and by doctor.
//
// # Fitting
//
// Messages and modals keep every limit of Slack's: texts are put together, what is longest is shortened, and a line says how much is
// missing and where the whole is; headers and buttons stay. What Slack refuses in spite of that is sent again, shorter. [Probe] says
// whether a configuration works, and what to do when it does not.
package slackapp
