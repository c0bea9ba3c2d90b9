// Package hooks lists the admission webhooks with what they are asked about.
package hooks
