// Package slackemu is a strict Slack for tests and for the demo: one workspace in memory, spoken to over real HTTP and
// websockets, with a page on which people can read, type commands, press buttons and fill in modals.
//
// It is not a mock. A bot built on slack-go runs against it unchanged, with OptionAPIURL(server.APIURL()) and Socket
// Mode, and what Slack refuses is refused here with the same error: every limit of Block Kit, scopes, membership, rate
// limits, trigger ids that expire. It is not complete either: only the methods in the table of api.go exist, everything
// else answers unknown_method, and nothing is kept when the process ends.
//
// # How the types go together
//
//	Options ──New──► Server ─┬─ /api/METHOD        the Web API            api*.go, one table of methods
//	                         ├─ /socket            Socket Mode            socket.go, envelope.go
//	                         ├─ /response/TOKEN    response_url           response.go
//	                         ├─ /upload, /files    file uploads           files.go
//	                         └─ / and /ui/…        the page for people    ui.go, page/
//
// A Server holds one workspace: Channels with Messages, Views (modals and Home tabs), and what people did. Three
// parties touch it: the app through the API; people, from the page or from Go (Command, Press, Select, Submit, Mention,
// Say); and tests, which look (Messages, Thread, Ephemerals, Views, Snapshot, Refusals), wait for something to become
// true (Wait) and break things on purpose (Inject, Disconnect, DropConnections).
//
// What a person does becomes an envelope. It goes to one of the app's connections; if that connection goes away before
// the envelope is acknowledged, it is delivered again on the next. A person whose command or press is not acknowledged
// within three seconds sees Slack's own complaint.
//
// All methods of Server are safe for concurrent use. Messages and Blocks that are handed out are never changed
// afterwards; treat them as read-only.
package slackemu
