// Package hosts reports what was seen on the hosts themselves: disks, memory, services, the kernel's settings, certificates, etcd's
// datastore.
package hosts
