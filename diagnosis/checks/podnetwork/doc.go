// Package podnetwork reports what is wrong with the network between pods: the plugin, kube-proxy, addresses, routes, nodes that are cut
// off.
package podnetwork
