// Package watch decides which of what is wrong with a cluster becomes an incident, and when: by how severe it is, how long it has been so,
// where it is, and what time it is. It looks at nothing itself: it is shown one diagnosis after another, by whoever looks, and answers with
// signals. It is pure, but for what it remembers.
package watch
