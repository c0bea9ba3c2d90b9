package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Restore writes the archive's files into the directory, which is made where it is absent, and then removes the files named in remove.
// Other files stay as they are. Each file is replaced at once or not at all (a temporary file beside it, fsync, rename), so that whoever
// reads the directory meanwhile never sees half a file, and a file that had another name (a hard link) stays what it was under that one;
// Restore cut short and run again ends the same. Modes are kept, owners are not: files belong to whoever Paramedic runs as.
//
// After [ErrNoAnswer], and if the context ended, it is not known what was written. Nothing new is begun then, but what had begun may still
// end.
func (h *Host) Restore(ctx context.Context, dir string, a Archive, remove []string) error {
	_, err := ask(ctx, h, "restore", func(ctx context.Context, root *os.Root) (struct{}, error) {
		return struct{}{}, restore(ctx, root, inside(dir), a, remove)
	})
	if err != nil {
		return fmt.Errorf("restore %s of %s: %w", dir, h.node, err)
	}
	return nil
}

func restore(ctx context.Context, root *os.Root, dir string, a Archive, remove []string) error {
	if err := a.valid(); err != nil {
		return err
	}
	for _, name := range remove {
		if !plainName(name) || a.File(name) != nil {
			return fmt.Errorf("%q cannot be removed", name)
		}
	}
	if err := root.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range a.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := writeFile(root, dir, f); err != nil {
			return err
		}
	}
	for _, name := range remove {
		if err := ctx.Err(); err != nil {
			return err
		}
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
	d, err := openDirectory(root, dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// CanRestore says whether Restore could write to the directory, and changes nothing; nil means yes.
func (h *Host) CanRestore(ctx context.Context, dir string) error {
	_, err := ask(ctx, h, "permission to write", func(_ context.Context, root *os.Root) (struct{}, error) {
		return struct{}{}, h.canRestore(root, inside(dir))
	})
	if err != nil {
		return fmt.Errorf("write to %s of %s: %w; run Paramedic as a user who may, and mount the host root writable", dir, h.node, err)
	}
	return nil
}

func (h *Host) canRestore(root *os.Root, p string) error {
	for {
		info, err := root.Stat(p)
		if errors.Is(err, fs.ErrNotExist) && p != "." {
			p = path.Dir(p) // it would be made, so its parent must take it
			continue
		}
		if err == nil && !info.IsDir() {
			err = errors.New("not a directory")
		}
		if err != nil {
			return err
		}
		return writable(filepath.Join(h.root, filepath.FromSlash(p)))
	}
}
