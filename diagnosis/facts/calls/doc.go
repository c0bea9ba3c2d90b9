// Package calls is what failing pods could not reach, by their logs: the host, the port, the Service that is meant.
package calls
