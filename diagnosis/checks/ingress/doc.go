// Package ingress reports what keeps people out: Ingresses, Gateways and their routes, controllers, and certificates.
package ingress
