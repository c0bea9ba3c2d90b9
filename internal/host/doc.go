// Package host sees and mends what lies on a node outside Kubernetes: the CNI configuration, resolv.conf, the logs of services and of the
// system, the kernel's settings, disks, public certificates, and what packages and people have changed.
//
// A [Host] works under a root directory: "/" on the node itself, "/host" where a pod mounts it, a folder in a lab or a test. Nothing
// it reads or writes can lie outside that root, for every access goes through [os.Root]. [Host.Facts] is what a diagnosis reads;
// file contents stay out of it, for they can hold credentials. [Host.Archive] is a directory's content as one deterministic value, the
// last-good copy that recovery keeps, and [Host.Restore] brings it back, one file at a time, each of them atomically.
//
// Whatever is asked of a file system has a time limit, for a network mount can hang for ever: what has not answered by then is left behind
// and said not to be seen ([ErrNoAnswer]). Only regular files are opened, and none of those that may be another's under a second name.
//
// It runs no command and is no shell: what can be done to a host is the list of methods here. A Host is safe for concurrent reading;
// whoever restores sees to it that one restore runs at a time.
package host
