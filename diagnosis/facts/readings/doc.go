// Package readings reads each log once, for all who ask: what programs say in it ([logs.Read]), by pod and container.
package readings
