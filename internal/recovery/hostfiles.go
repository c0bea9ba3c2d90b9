package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// restoreHostFiles writes the files of an archive into a directory of a node. Parameters: "dir"; "archive", the blob to write;
// "before" and "after", the whole directory as blobs; "remove" and "adds", JSON lists of the files that it removes and that are new,
// empty for none. Files that archive and remove don't name stay as they are.
type restoreHostFiles struct{}

// ErrNoHost says that a node's files are out of reach.
var ErrNoHost = errors.New("its files are out of Paramedic's reach; run it on that node, or give it the host root")

func (restoreHostFiles) means() string {
	return "Restores the files of a directory on a node from a copy kept while all was well."
}

func (restoreHostFiles) objects() []string { return []string{"Node"} }

// risk: to bring back lost or changed files is safe, for what was there is kept; to remove files is not.
func (restoreHostFiles) risk(s incident.Step) incident.Risk {
	if s.Params["remove"] != "" {
		return incident.Disruptive
	}
	return incident.Safe
}

func (restoreHostFiles) title(s incident.Step) string {
	t := fmt.Sprintf("Restore %s on node %s", s.Params["dir"], s.Target.Object.Name) + ofCopy(" to ", s)
	if names, err := removed(s); err == nil && len(names) > 0 {
		t += ", and remove " + strings.Join(names, ", ")
	}
	return reveal(t)
}

// rights: the files of a host are no Kubernetes objects, so there is no right to write them. Whoever may change the Node is taken to
// be in charge of the machine.
func (restoreHostFiles) rights(s incident.Step) []incident.Right {
	return []incident.Right{rightOn("patch", s.Target.Object)}
}

func (restoreHostFiles) look(ctx context.Context, r *Recovery, s incident.Step) (subject, error) {
	h, err := hostOf(r, s)
	if err != nil {
		return subject{}, err
	}
	// The node's UID, for a machine that was set up anew under the same name is another machine.
	node, err := edit{}.look(ctx, r, s)
	if err != nil {
		return subject{}, err
	}
	a, _, err := h.Archive(ctx, s.Params["dir"])
	if err != nil {
		return subject{}, err
	}
	return subject{uid: node.uid, hash: a.Hash(), dir: a}, nil
}

func hostOf(r *Recovery, s incident.Step) (Host, error) {
	if s.Target.Object.Kind != "Node" {
		return nil, unfit("restore files of %s: not a Node", s.Target.Object)
	}
	h, ok := r.o.Hosts[s.Target.Object.Name]
	if !ok || h == nil {
		return nil, fmt.Errorf("restore files of node %s: %w", s.Target.Object.Name, ErrNoHost)
	}
	return h, nil
}

func (k restoreHostFiles) prepare(s *incident.Step, now subject, load loader, put func([]byte) (string, error)) (err error) {
	if !strings.HasPrefix(s.Params["dir"], "/") {
		return unfit("restore files of node %s: %q is not an absolute path", s.Target.Object.Name, s.Params["dir"])
	}
	becomes, err := k.change(*s, load, now)
	if err != nil {
		return err
	}
	if s.Params["before"], err = put(now.dir.Encode()); err != nil {
		return err
	}
	if _, err = put(becomes.dir.Encode()); err != nil { // undo finds it by the hash in "after", which is the archive's own
		return err
	}
	var adds []string
	for _, f := range becomes.dir.Files {
		if now.dir.File(f.Name) == nil {
			adds = append(adds, f.Name)
		}
	}
	delete(s.Params, "adds")
	if len(adds) > 0 {
		s.Params["adds"] = string(encode(adds))
	}
	return nil
}

func (restoreHostFiles) change(s incident.Step, load loader, now subject) (subject, error) {
	a, err := loadArchive(load, s.Params["archive"])
	if err != nil {
		return subject{}, err
	}
	remove, err := removed(s)
	if err != nil {
		return subject{}, err
	}
	to := now.dir.Overlay(a, remove)
	return subject{uid: now.uid, hash: to.Hash(), dir: to}, nil
}

func loadArchive(load loader, hash string) (host.Archive, error) {
	b, err := load(hash)
	if err != nil {
		return host.Archive{}, err
	}
	return host.DecodeArchive(b)
}

func removed(s incident.Step) (names []string, err error) {
	if s.Params["remove"] == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(s.Params["remove"]), &names); err != nil {
		return nil, fmt.Errorf("read the list of files to remove: %w", err)
	}
	return names, nil
}

// between: each file is as it was, or as it is to be.
// ends: the files are there or they are to be.
func (restoreHostFiles) ends(incident.Step) bool { return false }

func (k restoreHostFiles) between(s incident.Step, load loader, now subject) (string, bool) {
	before, err := loadArchive(load, s.Params["before"])
	if err != nil {
		return "", false
	}
	to, err := k.change(s, load, subject{dir: before})
	if err != nil {
		return "", false
	}
	done := 0
	for _, name := range fileNames(before, to.dir, now.dir) {
		is, was, will := now.dir.File(name), before.File(name), to.dir.File(name)
		switch {
		case sameFile(is, will):
			done++
		case !sameFile(is, was):
			return "", false
		}
	}
	return fmt.Sprintf("%d of %d files are as they are to be", done, len(fileNames(before, to.dir))), true
}

func fileNames(archives ...host.Archive) (names []string) {
	for _, a := range archives {
		for _, f := range a.Files {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func sameFile(a, b *host.File) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Mode == b.Mode && string(a.Content) == string(b.Content)
}

func (k restoreHostFiles) views(s incident.Step, load loader) (string, string, error) {
	before, err := loadArchive(load, s.Params["before"])
	if err != nil {
		return "", "", err
	}
	after, err := k.change(s, load, subject{dir: before})
	if err != nil {
		return "", "", err
	}
	for _, name := range fileNames(before, after.dir) {
		if was, will := before.File(name), after.dir.File(name); !sameFile(was, will) && (!showable(was) || !showable(will)) {
			return "", "", unfit("%s/%s is no text or too long for its change to be shown; it has to be restored by hand", s.Params["dir"], name)
		}
	}
	return dirView(s.Params["dir"], before), dirView(s.Params["dir"], after.dir), nil
}

func showable(f *host.File) bool {
	return f == nil || utf8.Valid(f.Content) && len(f.Content) <= maxShownFile
}

func dirView(dir string, a host.Archive) string {
	var b strings.Builder
	for _, f := range a.Files {
		fmt.Fprintf(&b, "== %s/%s %v\n", dir, f.Name, f.Mode)
		if !showable(&f) {
			fmt.Fprintf(&b, "(%d bytes, sha256 %.12s)\n", len(f.Content), digest(f.Content))
			continue
		}
		b.Write(f.Content)
		if len(f.Content) > 0 && f.Content[len(f.Content)-1] != '\n' {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// undo puts back what was changed and removes what was added.
func (restoreHostFiles) undo(s incident.Step) *incident.Step {
	u := &incident.Step{Params: map[string]string{"dir": s.Params["dir"], "archive": s.Params["before"], "before": s.Params[paramAfter]}}
	if s.Params["adds"] != "" {
		u.Params["remove"] = s.Params["adds"]
	}
	if s.Params["remove"] != "" {
		u.Params["adds"] = s.Params["remove"]
	}
	return u
}

func (restoreHostFiles) dryRun(ctx context.Context, r *Recovery, _ Writer, s incident.Step, _, to subject) (string, error) {
	h, err := hostOf(r, s)
	if err != nil {
		return "", err
	}
	return to.hash, h.CanRestore(ctx, s.Params["dir"])
}

func (restoreHostFiles) commit(ctx context.Context, r *Recovery, _ Writer, s incident.Step, _, _ subject) error {
	h, err := hostOf(r, s)
	if err != nil {
		return err
	}
	a, err := loadArchive(r.loader(ctx), s.Params["archive"])
	if err != nil {
		return err
	}
	remove, err := removed(s)
	if err != nil {
		return err
	}
	err = h.Restore(ctx, s.Params["dir"], a, remove)
	if errors.Is(err, host.ErrNoAnswer) || ctx.Err() != nil && err != nil {
		return fmt.Errorf("%w: %w", ErrUnclear, err)
	}
	if err != nil {
		return fmt.Errorf("%w; files already written stay, and the step can be done again", err)
	}
	return nil
}
