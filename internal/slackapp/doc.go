// Package slackapp is Paramedic's Slack face: Socket Mode, slash commands, buttons, modals, mentions, and the messages that tell
// incidents. It is the only place that imports slack-go. It decides nothing: what a person does becomes a commands.Request, and what
// is answered is a rendered commands.Reply.
//
//	envelope ──► App ──Request──► commands.Set ──Reply──► Render ──► acknowledgement, response_url, ephemeral or modal
//	[]commands.Message ──► Deliverer ──► store (wanted) ──► chat.postMessage, chat.update
//
// [App] acknowledges every envelope within Slack's three seconds, whatever the work behind it takes, and answers once however often
// an envelope is delivered. [Deliverer] keeps a thread as it is wanted: what is wanted is stored before it is sent, only the newest
// counts, and nothing is posted twice, not even when it is unknown whether a post arrived. [Render] and the modals keep every limit of
// Slack's by cutting and counting what is left out, so that nothing is refused. [Probe] says whether a configuration works, and
// what to do when it does not.
package slackapp
