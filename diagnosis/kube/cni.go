package kube

import "strings"

// NoCNI knows how the kubelet, containerd and CRI-O say that there is no network configuration.
func NoCNI(message string) bool {
	low := strings.ToLower(message)
	for _, words := range []string{"networkpluginnotready", "cni plugin not initialized", "cni config uninitialized",
		"no cni configuration file", "no networks found in"} {
		if strings.Contains(low, words) {
			return true
		}
	}
	return false
}
