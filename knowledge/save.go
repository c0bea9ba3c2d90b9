package knowledge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Save writes a published postmortem into the folder and indexes it. Of meta, ID and Date are needed (the incident's id, in lower case,
// is a good one); Title, Codes, Outcome, Worked and Failed come from pm. The file is new: none is ever overwritten. Saving the same
// document once more, as after a crash, returns the file that is there. The path is valid if only the indexing failed.
func (x *Index) Save(ctx context.Context, pm incident.Postmortem, meta Meta) (string, error) {
	if x.o.Dir == "" {
		return "", errors.New("save the postmortem: no folder for knowledge is configured")
	}
	d := FromPostmortem(pm, meta)
	data, err := Format(d)
	if err != nil {
		return "", fmt.Errorf("save the postmortem %q: %w", d.ID, err)
	}
	x.reindexMu.Lock()
	defer x.reindexMu.Unlock()
	if _, err := x.reindex(ctx); err != nil { // files may have come since the last look
		return "", err
	}
	if there := x.Document(d.ID); there != nil && !there.BuiltIn {
		if old, err := os.ReadFile(there.Path); err == nil && bytes.Equal(old, data) {
			return there.Path, nil
		}
		return "", fmt.Errorf("save the postmortem: %s has the id %q already", there.Path, d.ID)
	}
	name := d.ID
	if s := slug(fitLine(pm.Title)); s != "" {
		name = d.Date + "-" + s
	}
	path, err := create(x.o.Dir, name, data)
	if err != nil {
		return "", fmt.Errorf("save the postmortem %q: %w", d.ID, err)
	}
	if _, err := x.reindex(ctx); err != nil {
		return path, fmt.Errorf("the postmortem is saved as %s, but not indexed: %w", path, err)
	}
	return path, nil
}

// FromPostmortem makes a document of a postmortem's sections; empty ones are left out. What the front matter cannot hold (control
// characters, what is too long or too many) is left out, and a title of which nothing can be seen is replaced, so that whatever was
// published can be saved.
func FromPostmortem(pm incident.Postmortem, meta Meta) Document {
	meta.Title, meta.Outcome = fitLine(pm.Title), pm.Outcome
	if !visible(meta.Title) {
		meta.Title = "Postmortem " + meta.ID
	}
	if !slices.Contains(Outcomes, meta.Outcome) {
		meta.Outcome = ""
	}
	meta.Codes, meta.Kinds = lines(pm.Codes), lines(meta.Kinds)
	meta.Worked, meta.Failed = lines(pm.Worked), lines(pm.Failed)
	return Document{Meta: meta, Body: strings.ToValidUTF8(pm.Markdown(), "\ufffd")}
}

// lines makes items fit the front matter: one line each, not too long.
func lines(items []string) []string {
	var out []string
	for _, s := range items {
		if s = fitLine(s); s != "" && len(out) < maxItems {
			out = append(out, s)
		}
	}
	return out
}

// create writes a new file name.md, name-2.md … in full or not at all.
func create(dir, name string, data []byte) (path string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	tmp, err := os.CreateTemp(dir, ".saving-*")
	if err != nil {
		return "", fmt.Errorf("write into %s: %w", dir, errors.Unwrap(err)) // without the name, which is another one each time
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return "", err
	}
	for n := 1; n <= 1000; n++ {
		path = filepath.Join(dir, name+".md")
		if n > 1 {
			path = filepath.Join(dir, fmt.Sprintf("%s-%d.md", name, n))
		}
		// A link fails where a rename would overwrite.
		if err = os.Link(tmp.Name(), path); err == nil {
			return path, syncDir(dir)
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	return "", err
}

// syncDir makes the new name survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// slug makes a title a part of a file name: its ASCII letters and digits, at most 60 of them; empty if it has none.
func slug(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 60 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}
