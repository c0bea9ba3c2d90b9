package snapshot

import (
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Host is what was seen of a node's file system, under a host root. What a host does not have, and what was not seen, is the zero
// value; the Snapshot's NotSeen says what could not be read.
type Host struct {
	Node       string     `json:"node"`
	CNIDir     string     `json:"cniDir"`               // as on the host, such as /etc/cni/net.d
	CNIFiles   []HostFile `json:"cniFiles"`             // the configuration files in CNIDir; empty: the directory is empty or absent
	Resolv     string     `json:"resolv,omitempty"`     // /etc/resolv.conf
	Upstream   string     `json:"upstream,omitempty"`   // /run/systemd/resolve/resolv.conf, the servers behind systemd-resolved
	ServiceLog []string   `json:"serviceLog,omitempty"` // the tail of the kubelet's or K3s' log, oldest first

	OS     string    `json:"os,omitempty"`     // PRETTY_NAME of /etc/os-release
	Kernel string    `json:"kernel,omitempty"` // the running kernel's release, such as 6.8.0-45-generic
	Boot   time.Time `json:"boot,omitzero"`    // when the machine started

	// Sysctls are kernel settings by their names, such as net.ipv4.ip_forward, as the kernel prints them.
	Sysctls map[string]string `json:"sysctls,omitempty"`
	// Modules are the kernel modules that a node's network needs, with what uses each: rules of the packet filter, for those that
	// such rules are made of. [BuiltIn] where the kernel has it built in. Nil: not seen. Absent: not loaded.
	Modules map[string]int `json:"modules,omitempty"`
	Swaps   []string       `json:"swaps,omitempty"` // devices and files that are swapped to
	Disks   []HostDisk     `json:"disks,omitempty"`

	Log          []HostLine        `json:"log,omitempty"`          // telling lines of the system's own logs, oldest first
	Changes      []HostChange      `json:"changes,omitempty"`      // packages and commands that touch the cluster, oldest first
	Certificates []HostCertificate `json:"certificates,omitempty"` // of the Kubernetes components, by path
	Datastore    *HostDatastore    `json:"datastore,omitempty"`    // of a server
	GPU          *HostGPU          `json:"gpu,omitempty"`          // nil: no NVIDIA driver and no device

	// RebootFor are the packages that wait for a reboot; RebootPending without any: the host does not say which.
	RebootPending bool     `json:"rebootPending,omitempty"`
	RebootFor     []string `json:"rebootFor,omitempty"`
	// ClockSync says how the clock is kept, in words; empty: not known.
	ClockSync string `json:"clockSync,omitempty"`

	// Failures are what panicked while the host was looked at; the Snapshot's NotSeen says so too.
	Failures []incident.Failure `json:"-"`
}

// BuiltIn is the number of users of a module that is part of the kernel.
const BuiltIn = -1

// HostFile is one configuration file on a host. Its content stays out of the Snapshot, for it can hold credentials.
type HostFile struct {
	Name    string   `json:"name"`
	Size    int64    `json:"size"`
	Hash    string   `json:"hash"`              // sha256, hexadecimal
	Plugins []string `json:"plugins,omitempty"` // of a CNI configuration: the types of plugin that it names
	Broken  string   `json:"broken,omitempty"`  // why it cannot be read as a CNI configuration; empty: it can
}

// HostDisk is one file system with the directories of interest that lie on it.
type HostDisk struct {
	Paths      []string `json:"paths"`
	Bytes      uint64   `json:"bytes"`      // that ordinary users can use: without the reserve of the superuser
	BytesUsed  uint64   `json:"bytesUsed"`  // at most Bytes
	Inodes     uint64   `json:"inodes"`     // 0: the file system does not count them
	InodesUsed uint64   `json:"inodesUsed"` // at most Inodes
}

// HostLine is one line of a log on a host.
type HostLine struct {
	At   time.Time `json:"at,omitzero"` // zero: the line gives no time
	File string    `json:"file"`        // as on the host
	Text string    `json:"text"`
}

// HostChange is something that somebody or something did to a host: a package, or a command of a shell's history. It is no fault in itself.
type HostChange struct {
	At    time.Time `json:"at"`
	What  string    `json:"what"`  // "upgrade k3s 1.30.1 to 1.30.2", "ran: iptables -F"
	Where string    `json:"where"` // the file that says so, as on the host
}

// HostCertificate is a public certificate on a host.
type HostCertificate struct {
	Path      string    `json:"path"`
	Subject   string    `json:"subject"` // its common name
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
}

// HostDatastore is where the API server's objects are kept.
type HostDatastore struct {
	Kind  string `json:"kind"`            // "etcd" or "SQLite"
	Path  string `json:"path"`            // as on the host
	Bytes int64  `json:"bytes"`           // of the database file, with its write-ahead log
	Quota int64  `json:"quota,omitempty"` // etcd's --quota-backend-bytes, where the host configures it; 0: not configured
}

// HostGPU is what the host has of NVIDIA's driver.
type HostGPU struct {
	Driver    string   `json:"driver,omitempty"`    // the version of the kernel module that is loaded; empty: none is
	Libraries []string `json:"libraries,omitempty"` // versions of libnvidia-ml and libcuda, each once
	Devices   []string `json:"devices,omitempty"`   // such as /dev/nvidia0
}
