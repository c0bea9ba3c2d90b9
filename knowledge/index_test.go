package knowledge

import (
	"context"
	"errors"
	"hash/fnv"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/ollama"
)

// bag embeds a text as the bag of its words, by hash: texts that share words are near. It counts the texts that it embedded.
type bag struct {
	mu     sync.Mutex
	digest string
	texts  int
	err    error
	wait   bool
}

func (b *bag) EmbedDigest(context.Context) (string, error) { return b.digest, b.err }

func (b *bag) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if b.wait {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return nil, b.err
	}
	b.texts += len(texts)
	var out [][]float32
	for _, text := range texts {
		v := make([]float32, 256)
		v[0] = 0.01
		for w := range termsOf(text) {
			h := fnv.New32a()
			h.Write([]byte(w))
			v[h.Sum32()%256]++
		}
		out = append(out, v)
	}
	return out, nil
}

// kept is a Cache in memory.
type kept struct {
	mu sync.Mutex
	m  map[string][]float32
}

func (k *kept) Embedding(_ context.Context, digest, hash string) ([]float32, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, ok := k.m[digest+hash]
	return v, ok, nil
}

func (k *kept) PutEmbedding(_ context.Context, digest, hash string, v []float32) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.m[digest+hash] = v
	return nil
}

func open(t *testing.T, o Options) *Index {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	x, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

const (
	foundingID = "2025-10-05-k3s-resurrection"
	diskID     = "2025-11-18-full-disk-evictions"
	keyID      = "2026-02-03-renamed-configmap-key"
)

func ids(hits []incident.Similar) (out []string) {
	for _, h := range hits {
		out = append(out, h.ID)
	}
	return out
}

func TestSearchFindsByWordsAndMeaning(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		note string
	}{
		{"words alone", Options{}, "no embedder"},
		{"both", Options{Embedder: &bag{digest: "d"}}, ""},
		{"embedder down", Options{Embedder: &bag{err: errors.New("no answer from Ollama; try: ollama serve")}}, "ollama serve"},
		{"embedder slow", Options{Embedder: &bag{wait: true}, IndexTimeout: 10 * time.Millisecond}, "deadline"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := open(t, c.o)
			for query, want := range map[string]string{
				"CoreDNS loop detected for zone": foundingID,
				"DNSLoop":                        foundingID,
				"node disk full, pods evicted":   diskID,
				"renamed key in a configmap":     keyID,
			} {
				hits, note, err := x.Search(t.Context(), query, 5)
				if err != nil || len(hits) == 0 || hits[0].ID != want {
					t.Fatalf("%s: got %v, %v", query, ids(hits), err)
				}
				if (c.note == "") != (note == "") || !strings.Contains(note, c.note) {
					t.Errorf("note %q, want %q", note, c.note)
				}
				if h := hits[0]; h.Title == "" || h.Excerpt == "" || h.Outcome != "resolved" || len(h.Worked) == 0 || h.Score <= 0 || h.Score > 1 {
					t.Errorf("got %+v", h)
				}
			}
			if hits, _, err := x.Search(t.Context(), "xyzzy plugh", 5); err != nil || len(hits) != 0 {
				t.Errorf("nonsense: got %v, %v", ids(hits), err)
			}
			if hits, _, err := x.Search(t.Context(), `title:"a" +~ /(/ *:* \`, 1000); err != nil {
				t.Errorf("a query that is no language: %v, %v", ids(hits), err)
			}
			if _, _, err := x.Search(t.Context(), " ", 5); err == nil {
				t.Error("no words were searched")
			}
		})
	}
}

// ill is a diagnosis with these codes; the first is its cause.
func ill(kind string, titles map[string]string, codes ...string) *incident.Diagnosis {
	d := &incident.Diagnosis{}
	for _, c := range codes {
		d.Findings = append(d.Findings, incident.Finding{Code: c, Severity: incident.Critical, Title: titles[c]})
	}
	d.Causes = []incident.Cause{{ID: "C1", Code: codes[0], Confidence: incident.Certain, Title: titles[codes[0]],
		Objects: []incident.Object{{Kind: kind, Name: "x"}}}}
	return d
}

var words = map[string]string{
	"DNSLoop":      "CoreDNS forwards to itself: Loop (127.0.0.1:53 -> :53) detected for zone",
	"PodCrashLoop": "convocanvas keeps crashing: cannot resolve ollama",
	"NodePressure": "Node worker-2 runs out of disk space",
	"PVCPending":   "PersistentVolumeClaim data waits for a volume of class fast",
	"PodEvicted":   "Pods were evicted: low on ephemeral-storage",
	"PodImagePull": "CoreDNS loop CNI configuration K3s auto-update flannel",
}

func TestSimilarNeedsCodesInCommon(t *testing.T) {
	for _, embedder := range []Embedder{nil, &bag{digest: "d"}} {
		x := open(t, Options{Embedder: embedder})
		for _, c := range []struct {
			name string
			d    *incident.Diagnosis
			want []string
		}{
			{"the founding incident again", ill("ConfigMap", words, "DNSLoop", "PodCrashLoop"), []string{foundingID}},
			{"a full disk", ill("Node", words, "NodePressure", "PodEvicted"), []string{diskID}},
			{"a code that nobody had", ill("PersistentVolumeClaim", words, "PVCPending"), nil},
			{"the words of another incident without its codes", ill("Pod", words, "PodImagePull"), nil},
			{"a symptom that many have", ill("Deployment", map[string]string{"PodCrashLoop": "payments exits with code 3"}, "PodImagePull",
				"PodCrashLoop"), nil},
			{"nothing wrong", &incident.Diagnosis{}, nil},
		} {
			t.Run(c.name, func(t *testing.T) {
				got, _, err := x.Similar(t.Context(), c.d, 3)
				if err != nil || !slices.Equal(ids(got), c.want) {
					t.Fatalf("got %v, %v", ids(got), err)
				}
				for _, s := range got {
					if s.Score < similarFrom || s.Score > 1 || len(s.Shared) == 0 || s.Outcome == "" || len(s.Worked) == 0 || s.Excerpt == "" {
						t.Errorf("got %+v", s)
					}
				}
			})
		}
	}
}

func TestAPublishedPostmortemIsFoundTheNextTime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "knowledge")
	x := open(t, Options{Dir: dir, Embedder: &bag{digest: "d"}})
	pm := incident.Postmortem{Title: "CoreDNS loop: names gone, again!", Summary: "CoreDNS forwards to itself.", Cause: "The Corefile.",
		Codes:  []string{"DNSLoop", "PodCrashLoop"},
		Worked: []string{"Restoring the\nCorefile"}, Outcome: "resolved"}
	meta := Meta{ID: "inc-7", Date: "2025-11-02", Kinds: []string{"ConfigMap"}}
	path, err := x.Save(t.Context(), pm, meta)
	if err != nil || path != filepath.Join(dir, "2025-11-02-coredns-loop-names-gone-again.md") {
		t.Fatalf("got %q, %v", path, err)
	}
	got, _, err := x.Similar(t.Context(), ill("ConfigMap", words, "DNSLoop", "PodCrashLoop"), 3)
	if err != nil || !slices.Equal(ids(got), []string{"inc-7", foundingID}) || got[0].Worked[0] != "Restoring the Corefile" {
		t.Fatalf("got %+v, %v", got, err)
	}
	if again, err := x.Save(t.Context(), pm, meta); err != nil || again != path {
		t.Errorf("after a crash: %q, %v", again, err)
	}
	changed := pm
	changed.Summary = "Something else."
	if _, err := x.Save(t.Context(), changed, meta); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("another text under the same id: %v", err)
	}
	meta.ID = "inc-8"
	if second, err := x.Save(t.Context(), pm, meta); err != nil || filepath.Base(second) != "2025-11-02-coredns-loop-names-gone-again-2.md" {
		t.Errorf("another incident of the same name: %q, %v", second, err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 2 {
		t.Errorf("%d files lie there", len(files))
	}
	if _, err := open(t, Options{}).Save(t.Context(), pm, meta); err == nil {
		t.Error("saved into no folder")
	}
}

func TestFilesThatChangeAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	doc := func(id, title string) string {
		return "---\nid: " + id + "\ntitle: " + title + "\ndate: 2025-01-01\n---\nSome text.\n"
	}
	write("a.md", doc("a", "Walrus trouble"))
	write("team/b.md", doc("b", "Narwhal trouble"))
	write("bad.md", "---\ntitel: x\n---\nx")
	write("twice.md", doc("a", "Impostor"))
	write("README.md", "# About this folder")
	write(".git/c.md", doc("c", "Hidden trouble"))
	write("own.md", doc(keyID, "Our own words on it"))
	x := open(t, Options{Dir: dir})
	s := x.Stats()
	if s.Documents != 5 || s.BuiltIn != 2 || len(s.Problems) != 2 || !strings.Contains(s.Problems[0].Error(), "titel") ||
		!strings.Contains(s.Problems[1].Error(), "taken by") {
		t.Fatalf("got %+v", s)
	}
	if d := x.Document(keyID); d == nil || d.Title != "Our own words on it" {
		t.Errorf("the built-in one was not replaced: %+v", d)
	}
	if changed, err := x.Reindex(t.Context()); changed || err != nil {
		t.Errorf("nothing has changed: %v, %v", changed, err)
	}
	write("a.md", doc("a", "Octopus trouble of late"))
	if changed, err := x.Reindex(t.Context()); !changed || err != nil {
		t.Fatalf("%v, %v", changed, err)
	}
	if hits, _, _ := x.Search(t.Context(), "octopus", 5); len(hits) != 1 || hits[0].ID != "a" {
		t.Errorf("the new text: %v", ids(hits))
	}
	if hits, _, _ := x.Search(t.Context(), "walrus", 5); len(hits) != 0 {
		t.Errorf("the old text: %v", ids(hits))
	}
	if err := os.Remove(filepath.Join(dir, "team/b.md")); err != nil {
		t.Fatal(err)
	}
	if changed, err := x.Reindex(t.Context()); !changed || err != nil || x.Document("b") != nil {
		t.Errorf("a file is gone: %v, %v", changed, err)
	}
}

func TestVectorsAreMadeOnceForEachModel(t *testing.T) {
	cache := &kept{m: map[string][]float32{}}
	first := &bag{digest: "d1"}
	chunks := open(t, Options{Embedder: first, Cache: cache}).Stats().Chunks
	if first.texts != chunks || len(cache.m) != chunks {
		t.Fatalf("%d texts embedded, %d kept, of %d", first.texts, len(cache.m), chunks)
	}
	second := &bag{digest: "d1"}
	open(t, Options{Embedder: second, Cache: cache})
	if second.texts != 0 {
		t.Errorf("%d texts embedded again", second.texts)
	}
	other := &bag{digest: "d2"}
	open(t, Options{Embedder: other, Cache: cache})
	if other.texts != chunks {
		t.Errorf("another model embedded %d texts of %d", other.texts, chunks)
	}
}

func TestAnEmbedderThatComesBackIsUsed(t *testing.T) {
	b := &bag{digest: "d", err: errors.New("down")}
	x := open(t, Options{Embedder: b})
	if s := x.Stats(); s.Embedded || !strings.Contains(s.Note, "down") {
		t.Fatalf("got %+v", s)
	}
	b.err = nil
	if _, err := x.Reindex(t.Context()); err != nil || !x.Stats().Embedded {
		t.Errorf("%v, %+v", err, x.Stats())
	}
	b.err = errors.New("down again")
	if hits, note, err := x.Search(t.Context(), "CoreDNS", 3); err != nil || len(hits) == 0 || !strings.Contains(note, "down again") {
		t.Errorf("got %v, %q, %v", ids(hits), note, err)
	}
}

func TestManyMayAskWhileItIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	x := open(t, Options{Dir: dir, Embedder: &bag{digest: "d"}})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 10 {
				if i == 0 {
					if _, err := x.Save(t.Context(), incident.Postmortem{Title: "T", Summary: "s"}, Meta{ID: "x", Date: "2025-01-01"}); err != nil {
						t.Error(err)
					}
					os.Remove(filepath.Join(dir, "2025-01-01-t.md"))
					continue
				}
				if _, _, err := x.Search(t.Context(), "CoreDNS", 3); err != nil {
					t.Error(err)
				}
				if _, _, err := x.Similar(t.Context(), ill("Node", words, "NodePressure"), 3); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// TestRealEmbedder finds by meaning what shares no word, with the all-minilm of the Ollama at OLLAMA_HOST.
func TestRealEmbedder(t *testing.T) {
	if os.Getenv("OLLAMA_HOST") == "" {
		t.Skip("OLLAMA_HOST is not set; set it to test against a real Ollama with all-minilm")
	}
	c, err := ollama.New(ollama.Options{Embed: "all-minilm"})
	if err != nil {
		t.Fatal(err)
	}
	x := open(t, Options{Embedder: c, IndexTimeout: time.Minute, QueryTimeout: 20 * time.Second})
	if s := x.Stats(); !s.Embedded {
		t.Fatal(s.Note)
	}
	for query, want := range map[string]string{
		"storage exhausted and workloads kicked off the machine": diskID,
		"hostnames cannot be looked up any more":                 foundingID,
		"a setting has another name now and containers wait":     keyID,
	} {
		hits, note, err := x.Search(t.Context(), query, 3)
		if err != nil || note != "" || len(hits) == 0 || hits[0].ID != want {
			t.Errorf("%s: got %v, %q, %v", query, ids(hits), note, err)
		}
	}
	for _, query := range []string{"how to bake sourdough bread", "football results of last weekend"} {
		if hits, _, err := x.Search(t.Context(), query, 3); err != nil || len(hits) > 0 && hits[0].Score > 0.6 {
			t.Errorf("%s: got %+v, %v", query, hits, err)
		}
	}
}
