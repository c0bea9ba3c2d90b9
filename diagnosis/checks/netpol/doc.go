// Package netpol follows what failing pods could not reach through the NetworkPolicies, as a network plugin does.
package netpol
