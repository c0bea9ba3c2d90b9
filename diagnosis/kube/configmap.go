package kube

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// HasKey says whether a ConfigMap has a key, as text or as bytes.
func HasKey(c *corev1.ConfigMap, key string) bool {
	_, text := c.Data[key]
	_, binary := c.BinaryData[key]
	return text || binary
}

// KeysOf are a ConfigMap's keys, sorted.
func KeysOf(c *corev1.ConfigMap) []string {
	var keys []string
	for k := range c.Data {
		keys = append(keys, k)
	}
	for k := range c.BinaryData {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
