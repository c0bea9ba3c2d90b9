package kube

// String is the host and path as people write them.
func (x Route) String() string {
	if x.Host == "" && x.Path == "" {
		return "all that no rule names"
	}
	host := x.Host
	if host == "" {
		host = "*"
	}
	path := x.Path
	if path == "" {
		path = "/"
	}
	return host + path
}
