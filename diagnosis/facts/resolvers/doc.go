// Package resolvers finds the cluster's DNS, and reads its Corefile as CoreDNS does: quotes, snippets, imports. It opens no file and
// expands no variable of the bot's own environment.
package resolvers
