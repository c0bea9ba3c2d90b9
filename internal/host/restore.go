package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Restore writes the archive's files into the directory, which is made where it is absent, and then removes the files named in remove.
// Other files stay as they are. Each file is replaced at once or not at all (a temporary file beside it, fsync, rename), so that
// whoever reads the directory meanwhile never sees half a file; Restore cut short and run again ends the same. Modes are kept, owners
// are not: files belong to whoever Paramedic runs as.
func (h *Host) Restore(dir string, a Archive, remove []string) error {
	if err := h.restore(inside(dir), a, remove); err != nil {
		return fmt.Errorf("restore %s of %s: %w", dir, h.node, err)
	}
	return nil
}

func (h *Host) restore(dir string, a Archive, remove []string) error {
	if err := a.valid(); err != nil {
		return err
	}
	for _, name := range remove {
		if !plainName(name) || a.File(name) != nil {
			return fmt.Errorf("%q cannot be removed", name)
		}
	}
	root, err := os.OpenRoot(h.root)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range a.Files {
		if err := writeFile(root, dir, f); err != nil {
			return err
		}
	}
	for _, name := range remove {
		if err := root.Remove(path.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncDir(root, dir)
}

func writeFile(root *os.Root, dir string, f File) error {
	temp := path.Join(dir, tempPrefix+f.Name+".tmp")
	if err := root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a run that was cut short
		return err
	}
	w, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.Mode)
	if err != nil {
		return err
	}
	_, err = w.Write(f.Content)
	err = errors.Join(err, w.Chmod(f.Mode), w.Sync(), w.Close()) // Chmod, for the umask narrowed the mode
	if err == nil {
		err = root.Rename(temp, path.Join(dir, f.Name))
	}
	if err != nil {
		return errors.Join(err, root.Remove(temp))
	}
	return nil
}

func syncDir(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Same says whether every file of the archive is in the directory with the same content and mode. Other files don't matter.
func (h *Host) Same(dir string, a Archive) (bool, error) {
	now, _, err := h.Archive(dir)
	if err != nil {
		return false, err
	}
	return now.Overlay(a, nil).Hash() == now.Hash(), nil
}

// CanRestore says whether Restore could write to the directory, and changes nothing; nil means yes.
func (h *Host) CanRestore(dir string) error {
	root, err := os.OpenRoot(h.root)
	if err != nil {
		return fmt.Errorf("look at %s of %s: %w", dir, h.node, err)
	}
	defer root.Close()
	p := inside(dir)
	for {
		info, err := root.Stat(p)
		if errors.Is(err, fs.ErrNotExist) && p != "." {
			p = path.Dir(p) // it would be made, so its parent must take it
			continue
		}
		if err == nil && !info.IsDir() {
			err = errors.New("not a directory")
		}
		if err == nil {
			err = writable(filepath.Join(h.root, filepath.FromSlash(p)))
		}
		if err != nil {
			return fmt.Errorf("write to %s of %s: %w; run Paramedic as a user who may, and mount the host root writable", dir, h.node, err)
		}
		return nil
	}
}
