// Package mentions finds the objects of a cluster that words of others name: a log's error, an event's message, what a custom resource says
// of itself. It says that something is named, never that it is at fault.
package mentions
