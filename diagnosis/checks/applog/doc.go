// Package applog reports why a program fails where its own log says so: a setting, a file, credentials, a port, a device.
package applog
