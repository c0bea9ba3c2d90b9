// Package dns reports what is wrong with the cluster's DNS, and with what pods ask of it.
package dns
