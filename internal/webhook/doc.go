// Package webhook takes alerts in: Alertmanager's webhook, payload version 4, over HTTP.
//
// A [Handler] checks who is calling (a bearer token or basic auth, which is also how credentials in a URL arrive), reads a bounded
// body, turns each alert into an incident.Signal, and answers 202 once the [Sink] has recorded them durably. When it could not, it
// answers 500, and Alertmanager sends them again. Deliveries repeat by design; signals carry the alert's fingerprint, so that the
// Sink can tell a repetition.
//
// The dozen fields that matter are declared here, for Alertmanager's own notify package brings half a thousand others.
package webhook
