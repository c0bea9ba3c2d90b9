package logs

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/tools/txtar"
)

// The line that tells is found among thousands that don't, before and after it, though many of them speak of errors.
func TestAmongThousands(t *testing.T) {
	var b strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&b, "2026-01-02T03:04:05.%06dZ INFO request id=%d status=200 error_count=0 path=/error\n", i, i)
	}
	b.WriteString("2026-01-02T03:04:06Z ERROR cannot open /data/state.db: permission denied\n")
	for i := range 4000 {
		fmt.Fprintf(&b, "2026-01-02T03:04:07.%06dZ INFO draining connection %d, no errors\n", i, i)
	}
	r := Read(b.String())
	if r.Last != "cannot open /data/state.db: permission denied" || len(r.Facts) != 1 || r.Facts[0].Path != "/data/state.db" {
		t.Errorf("%+v", r)
	}
}

// What is said again and again is shown once, with how often.
func TestRepeated(t *testing.T) {
	var b strings.Builder
	for i := range 50 {
		fmt.Fprintf(&b, "2026-01-02T03:04:%02dZ WARN retry %d: dial tcp 10.43.7.7:5432: connect: connection refused\n", i, i)
	}
	r := Read(b.String())
	if len(r.Telling) != 1 || !strings.HasSuffix(r.Telling[0], "(50 times)") || len(r.Facts) != 1 {
		t.Errorf("%+v", r)
	}
}

func holds(t *testing.T, r Reading) {
	t.Helper()
	bytes := 0
	for _, line := range r.Telling {
		bytes += len(line) + 1
		if !utf8.ValidString(line) || strings.Contains(line, "\n") || len(line) > maxLine+20 {
			t.Errorf("a line to show: %q", line)
		}
	}
	if len(r.Telling) > maxTelling+2 || bytes > 2*maxTold || len(r.Facts) > maxFacts || len(r.Last) > maxLine || !utf8.ValidString(r.Last) {
		t.Errorf("%d lines, %d bytes, %d facts, last %q", len(r.Telling), bytes, len(r.Facts), r.Last)
	}
	for _, f := range r.Facts {
		if f.Kind == "" || f.Line == "" || f.String() == "" || !utf8.ValidString(f.String()+f.Line) || len(f.Line) > maxFact+2*maxLine+8 ||
			len(f.String()) > 6*maxField {
			t.Errorf("a fact: %+v", f)
		}
	}
}

func fixtureLogs(t testing.TB) []string {
	t.Helper()
	files, _ := filepath.Glob("testdata/*.txtar")
	var all []string
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			if strings.HasSuffix(f.Name, ".log") {
				all = append(all, string(f.Data))
			}
		}
	}
	return all
}

// FuzzRead: no text makes Read panic, take long or answer without bounds.
func FuzzRead(f *testing.F) {
	for _, text := range fixtureLogs(f) {
		f.Add(text)
	}
	f.Add("\xff\x00\x1b[31m{\"level\":50,\"err\":{\"err\":{}}}\nlevel=error msg=\"\\")
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		holds(t, Read(text))
		if took := time.Since(began); took > 10*time.Second { // generous: the machine is busy while fuzzing
			t.Errorf("took %s for %d bytes", took, len(text))
		}
	})
}

// Texts that would be dear without bounds.
func TestBounds(t *testing.T) {
	for name, text := range map[string]string{
		"one long line":     strings.Repeat("error ", 1<<18),
		"all traces":        strings.Repeat("\tat com.shop.Main(Main.java:1)\n", 1<<15),
		"all heads":         strings.Repeat("Traceback (most recent call last):\n", 1<<15),
		"all causes":        strings.Repeat("Caused by: x: connection refused\n", 1<<15),
		"deep JSON":         strings.Repeat(`{"error":`, 1<<12) + "1" + strings.Repeat("}", 1<<12),
		"many pairs":        "level=error " + strings.Repeat("a=b ", 1<<16),
		"open quotes":       strings.Repeat("level=error msg=\"a\\\n", 1<<15),
		"notices":           strings.Repeat("APPLICATION FAILED TO START\nDescription:\n", 1<<15),
		"every word, often": strings.Repeat(everyExample(), 40),
		"nothing but space": strings.Repeat(" \n", 1<<18),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			holds(t, Read(text))
			if took := time.Since(began); took > 10*time.Second { // generous: a busy machine is no failure, a square is
				t.Errorf("took %s for %d bytes", took, len(text))
			}
		})
	}
}

func everyExample() string {
	var b strings.Builder
	for _, f := range forms {
		b.WriteString(f.example + "\n")
	}
	return b.String()
}

// BenchmarkRead prints what a megabyte of log costs: one that hardly complains, and one that does nothing else.
func BenchmarkRead(b *testing.B) {
	var calm, loud strings.Builder
	for i := 0; calm.Len() < 1<<20; i++ {
		fmt.Fprintf(&calm, "2026-01-02T03:04:05.%06dZ INFO request id=%d status=200 duration=12ms path=/api/orders\n", i, i)
	}
	calm.WriteString("panic: nil map\n")
	for loud.Len() < 1<<20 {
		loud.WriteString(everyExample())
	}
	for _, c := range []struct{ name, text string }{{"calm", calm.String()}, {"loud", loud.String()}, {"short", fixtureLogs(b)[0]}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				Read(c.text)
			}
		})
	}
}
