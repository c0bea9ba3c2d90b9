// Package attack is a table of attempts to get something run, read or kept that should not be. It holds tests alone: each attempt uses the
// doors that people, programs and files have (Slack, the webhook, the terminal, the state's file, bundles), and one judge looks after each
// whether anything was written to the cluster, recorded, told or kept. `go test ./internal/attack` prints how many attempts were made, and
// how many succeeded.
package attack
