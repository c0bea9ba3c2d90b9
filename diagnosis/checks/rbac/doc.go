// Package rbac reports what the API server refuses, to whom, and which role or binding is nearest to granting it.
package rbac
