// Package custom reports custom resources, and Helm releases, that say by themselves that they are not well.
package custom
