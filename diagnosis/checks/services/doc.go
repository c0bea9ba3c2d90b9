// Package services reports Services that lead nowhere: without pods, by a port, a name or a policy that does not fit those who call them.
package services
