// Package bench measures what the bot does under load, through the built program and without a cluster of its own: alerts by the
// thousand, a history of ten thousand incidents, an outage of five thousand pods. Its tests have the build tag "bench", print a line for each
// figure, and fail where something was lost, or where a figure misses its goal. `make bench` runs them.
package bench
