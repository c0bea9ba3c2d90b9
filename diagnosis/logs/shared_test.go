package logs

import (
	"strings"
	"testing"
	"time"
)

// What two programs say of the same refusal, and what is merely alike.
func TestShared(t *testing.T) {
	for name, c := range map[string]struct{ said, log, says string }{ // "" is none
		"a parameter": {"FATAL: unsupported startup parameter: extra_float_digits",
			"2026-02-19 08:46:59 WARNING C-1: pooler error: unsupported startup parameter: extra_float_digits=2", "pooler error"},
		"the newest": {"no such option batch-mode here", "WARN 1: no such option batch-mode\nWARN 2: no such option batch-mode\n", "2: no such"},

		"no name among the words":   {"connection reset by peer", "ERROR could not receive data: connection reset by peer", ""},
		"a caller that goes away":   {"cannot take item_id of it", "ERROR cannot take item_id of it: client disconnected", ""},
		"what is no complaint":      {"cannot take item_id", "INFO cannot take item_id", ""},
		"the name alone":            {"ERROR queue orders_high is full", "WARN consumer of orders_high is slow", ""},
		"a stamp and a number":      {"at 2026-05-12 09:40 it failed", "ERROR at 2026-05-12 09:40 nothing", ""},
		"a short name, such as i_o": {"error of i_o kind", "ERROR error of i_o kind", ""},
	} {
		says, line := Shared(c.said, c.log)
		if c.says == "" && line != "" || !strings.Contains(says, c.says) || !strings.Contains(line, says) {
			t.Errorf("%s: %q of %q, want %q", name, says, line, c.says)
		}
	}
}

// What a log warns of: lines of one moment together, each kind once, since when; not what is over.
func TestWarnings(t *testing.T) {
	log := `2026-05-12T09:00:00Z [warning] disk limit alarm raised on node 1
2026-05-12T09:05:00Z [info] disk limit alarm cleared on node 1
2026-05-12T09:38:11Z [warning] quota alarm raised on partition 3
2026-05-12T09:38:11Z [warning] *******
2026-05-12T09:38:11Z [warning] *** writers stay blocked ***
2026-05-12T09:39:00Z [info] saved
2026-05-12T09:40:00Z [warning] quota alarm raised on partition 3
2026-05-12T09:40:00Z [warning] *** writers stay blocked ***
2026-05-12T09:41:00Z [error] client disconnected
`
	all := Warnings(log)
	if len(all) != 1 {
		t.Fatalf("%d warnings: %+v", len(all), all)
	}
	w := all[0]
	if w.Says != "quota alarm raised on partition 3 *** writers stay blocked ***" || w.Times != 2 || len(w.Lines) != 2 ||
		!w.First.Equal(time.Date(2026, 5, 12, 9, 38, 11, 0, time.UTC)) {
		t.Errorf("%+v", w)
	}
	if n := w.Alike("order not written: writers blocked, connection timed out"); n != 2 {
		t.Errorf("%d words alike", n)
	}
}

// What the last line waits for.
func TestWaits(t *testing.T) {
	for line, want := range map[string]bool{
		"2026-05-12T09:58:53Z INFO waiting for changelog lock....":              true,
		"INFO still waiting for the schema lock held by plans-1":                true,
		"INFO retrying in 5 s: leader not elected":                              true,
		"2026-05-12T09:58:53Z INFO ready, waiting for connections on :5432":     false,
		"INFO waiting for jobs":                                                 false,
		"INFO started":                                                          false,
		"INFO waiting for changelog lock\n2026-05-12T09:58:53Z INFO got it, go": false,
	} {
		if got := Read(line).Waits != ""; got != want {
			t.Errorf("%q: %v, want %v", line, got, want)
		}
	}
}

// What is said once or twice, with what belongs to it, by whatever form of level.
func TestOnce(t *testing.T) {
	for name, c := range map[string]struct{ log, says, whole string }{ // "" is none
		"a Python logger's form": {"2026-05-26 06:00:06 +0000 - app.daemon - ERROR - gave it up\nReason: no owner\n2026-05-26 06:00:07 +0000 - app - INFO - go on",
			"gave it up", "Reason: no owner"},
		"zap's console form": {"2026-09-24T06:33:35Z\terror\tadc/adc.go:431\tfailed to run it\t{\"error\": \"no nodes left\"}",
			"failed to run it: no nodes left", "adc.go"},
		"a place in a file at the end of a long line": {"ERROR " + strings.Repeat("word ", 44) + "the_reason at the end in /app/vendor/" +
			strings.Repeat("deep/", 12) + "Channel.php:216", "the_reason", "Channel.php:216"},

		"a warning":       {"2026-05-26 06:00:06 +0000 - app.daemon - WARNING - gave it up", "", ""},
		"said at no fail": {"2026-09-24T06:33:35Z\tinfo\tadc/adc.go:431\tno errors", "", ""},
		"said often":      {strings.Repeat("ERROR no price\n", 3), "", ""},
		"mended since":    {"ERROR cannot connect to redis:6379\nINFO connected to redis:6379", "", ""},
	} {
		var got Repeat
		if r := Read(c.log); len(r.Once) > 0 {
			got = r.Once[0]
		}
		if c.says == "" && got.Says != "" || !strings.Contains(got.Says, c.says) || !strings.Contains(got.Whole, c.whole) {
			t.Errorf("%s: %q of %q", name, got.Says, got.Whole)
		}
	}
}
