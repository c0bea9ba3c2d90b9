package snapshot

// Host is what was seen of a node's file system, under a host root.
type Host struct {
	Node       string     `json:"node"`
	CNIDir     string     `json:"cniDir"`               // as on the host, such as /etc/cni/net.d
	CNIFiles   []HostFile `json:"cniFiles"`             // the configuration files in CNIDir; empty: the directory is empty or absent
	Resolv     string     `json:"resolv,omitempty"`     // /etc/resolv.conf
	ServiceLog []string   `json:"serviceLog,omitempty"` // the tail of the kubelet's or K3s' log, oldest first
}

// HostFile is one configuration file on a host. Its content stays out of the Snapshot, for it can hold credentials.
type HostFile struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	Hash string `json:"hash"` // sha256, hexadecimal
}
