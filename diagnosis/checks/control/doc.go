// Package control reports what is wrong with the control plane: admission webhooks, aggregated APIs, the API server and etcd, leaders, and
// namespaces that do not end.
package control
