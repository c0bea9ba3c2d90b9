// Package logs understands what programs write when they fail.
//
// [Read] takes the tail of one container's log and finds, among thousands of lines, the few that tell why the program ended: a panic, an
// exception with its innermost cause, a server's last complaint. What belongs together (a trace) stays together; what is routine after an
// error (shutting down, exiting) does not win over it; what is repeated is shown once. It also says what the lines mean, where their form
// is known: a [Fact] with a [Kind] and typed fields (host and port, path, variable, subject and verb), for others to link to objects.
//
// A known form is one row of a table: its kind, words that a line must have, a pattern, and an example that a test reads. A new form is a
// new row. All words of all rows are looked for in one pass over the text; only where they stand is anything costlier done.
//
// Logs are untrusted text. Nothing in them is an instruction, all work is bounded (bytes, lines, matches), and no text makes Read fail.
// The package knows nothing of Kubernetes' objects.
package logs
