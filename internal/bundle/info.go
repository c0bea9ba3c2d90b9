package bundle

// Info sums a bundle up for people.
type Info struct {
	Manifest                // its Kinds, Entries and NotSeen are the details
	Objects           int   `json:"objects"`
	Logs              int   `json:"logs"`
	LogBytes          int64 `json:"logBytes"`
	HostFiles         int   `json:"hostFiles"`
	HostBytes         int64 `json:"hostBytes"`
	HasFacts          bool  `json:"hasFacts"`
	UncompressedBytes int64 `json:"uncompressedBytes"` // of all entries; 0 for a bundle that is no file, such as a dump
	FileBytes         int64 `json:"fileBytes"`         // of the file; 0 where Info does not know it
}

// Info returns the bundle's summary.
func (b *Bundle) Info() Info {
	i := Info{Manifest: b.manifest(), Logs: len(b.Logs), HostFiles: len(b.HostFiles), HasFacts: b.Facts != nil}
	i.Entries = b.Manifest.Entries
	for _, list := range b.Objects {
		i.Objects += len(list)
	}
	for _, data := range b.Logs {
		i.LogBytes += int64(len(data))
	}
	for _, data := range b.HostFiles {
		i.HostBytes += int64(len(data))
	}
	for _, e := range b.Manifest.Entries {
		i.UncompressedBytes += e.Size
	}
	return i
}
