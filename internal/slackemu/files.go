package slackemu

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
)

// upload is a file on its way: announced, then sent, then completed.
type upload struct {
	file File
	sent bool
}

func (s *Server) filesGetUploadURL(c *call) (reply, error) {
	if err := c.need("filename", "length"); err != nil {
		return nil, err
	}
	size, err := strconv.Atoi(c.args["length"])
	switch {
	case err != nil || size < 1:
		return nil, fail("invalid_arguments")
	case size > maxUploadBytes:
		return nil, fail("file_upload_size_restricted")
	case len(s.ws.uploads) >= maxPending:
		return nil, fail("ratelimited")
	}
	kind := mime.TypeByExtension(filepath.Ext(c.args["filename"]))
	setDefault(&kind, "text/plain")
	id := s.ws.id("F00") // as long as one of Slack's
	s.ws.uploads[id] = &upload{file: File{
		ID: id, Name: c.args["filename"], Title: c.args["filename"], MIME: kind, Size: size, AltText: c.args["alt_txt"],
	}}
	return reply{"upload_url": c.base + "/upload/" + id, "file_id": id}, nil
}

// serveUpload takes a file's bytes, raw or as the first file of a form.
func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request) {
	fault, _ := s.takeFault("upload", args{})
	if s.failBefore(w, r, fault) {
		return
	}
	defer s.failAfter(r, fault)
	r.Body = http.MaxBytesReader(w, r.Body, maxUploadBytes+maxRequestBytes)
	body := io.Reader(r.Body)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		part, _, err := r.FormFile("file")
		if err != nil {
			http.Error(w, "the form has no file", http.StatusBadRequest)
			return
		}
		defer part.Close()
		body = part
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		http.Error(w, "the file could not be read", http.StatusBadRequest)
		return
	}
	defer s.change()()
	up := s.ws.uploads[r.PathValue("id")]
	switch {
	case up == nil:
		http.Error(w, "no such upload", http.StatusNotFound)
	case len(raw) != up.file.Size:
		http.Error(w, "the file is not as long as was announced", http.StatusBadRequest)
	default:
		up.file.Content, up.sent = raw, true
		_, _ = io.WriteString(w, "OK - "+strconv.Itoa(len(raw)))
	}
}

func (s *Server) filesCompleteUpload(c *call) (reply, error) {
	var wanted []struct{ ID, Title string }
	if err := json.Unmarshal([]byte(c.args["files"]), &wanted); err != nil || len(wanted) == 0 {
		return nil, fail("invalid_arguments")
	}
	var files []File
	for _, f := range wanted {
		up := s.ws.uploads[f.ID]
		if up == nil || !up.sent {
			return nil, fail("file_not_found")
		}
		if f.Title != "" {
			up.file.Title = f.Title
		}
		files = append(files, up.file)
	}
	ids := c.list("channels")
	if c.has("channel_id") {
		ids = append(ids, c.args["channel_id"])
	}
	body := content{text: c.args["initial_comment"]}
	for _, id := range ids {
		ch, err := s.ws.writable(id)
		if err != nil {
			return nil, err
		}
		s.ws.post(ch, body.into(Message{UserID: botUserID, ThreadTS: c.args["thread_ts"], Files: files}))
		s.ws.counts.Files++
	}
	for _, f := range files {
		f.shared = len(ids) > 0
		delete(s.ws.uploads, f.ID)
		s.ws.files[f.ID] = f
	}
	return reply{"files": files}, nil
}

// serveFile hands a shared file out. Whatever it is, the browser must not run it.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	f, ok := s.ws.files[r.PathValue("id")]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	kind := "text/plain; charset=utf-8"
	if strings.HasPrefix(f.MIME, "image/") && f.MIME != "image/svg+xml" {
		kind = f.MIME
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	_, _ = w.Write(f.Content)
}
