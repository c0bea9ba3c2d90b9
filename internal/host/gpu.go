package host

import (
	"errors"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// libraryDirs are where distributions put NVIDIA's libraries.
var libraryDirs = []string{"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"}

var (
	driverVersion  = regexp.MustCompile(`NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s`)
	libraryVersion = regexp.MustCompile(`^lib(?:nvidia-ml|cuda)\.so\.(\d+\.\d+(?:\.\d+)?)$`)
	nvidiaDevice   = regexp.MustCompile(`^nvidia\d+$`)
)

func gpu(root *os.Root, f *snapshot.Host) error {
	var g snapshot.HostGPU
	v, err := readText(root, "/proc/driver/nvidia/version", 4<<10, oneName)
	if m := driverVersion.FindStringSubmatch(v + " "); m != nil {
		g.Driver = m[1]
	}
	devices, devErr := listDirectory(root, "/dev", maxEntries)
	err = errors.Join(err, devErr)
	for _, name := range devices {
		if nvidiaDevice.MatchString(name) && len(g.Devices) < maxFew {
			g.Devices = append(g.Devices, path.Join("/dev", name))
		}
	}
	if g.Driver == "" && len(g.Devices) == 0 {
		return err
	}
	for _, dir := range libraryDirs {
		names, listErr := listDirectory(root, dir, 4*maxEntries)
		err = errors.Join(err, listErr)
		for _, name := range names {
			if m := libraryVersion.FindStringSubmatch(name); m != nil && !slices.Contains(g.Libraries, m[1]) {
				g.Libraries = append(g.Libraries, m[1])
			}
		}
	}
	slices.SortFunc(g.Libraries, strings.Compare)
	f.GPU = &g
	return err
}
