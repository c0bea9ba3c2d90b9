// Package pods reports what is wrong with pods, with what they refer to, and with the registries that they pull from.
package pods
