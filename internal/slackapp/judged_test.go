package slackapp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// sheet collects what the bot would send to Slack, each different payload once, as JSON lines for judges that others wrote:
// {"kind": "message" | "ack" | "modal" | "home" | "view", "name": …, "payload": …}, where a view is the answer to a submitted window.
type sheet struct {
	t     *testing.T
	app   *App
	out   io.Writer // nil: nobody else judges
	seen  map[string]bool
	kinds map[string]int
}

func newSheet(t *testing.T) *sheet {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	return &sheet{t: t, app: New(Options{BotToken: "xoxb-emulated", Logger: quiet}, &commands.Set{}, nil), seen: map[string]bool{},
		kinds: map[string]int{}}
}

// put lays a payload before the emulator, and writes it down for the others.
func (s *sheet) put(kind, name string, payload any) {
	s.t.Helper()
	raw, err := json.Marshal(payload)
	if err != nil {
		s.t.Fatalf("%s %s: %v", kind, name, err)
	}
	key := kind + string(raw)
	if s.seen[key] {
		return
	}
	s.seen[key] = true
	s.kinds[kind]++
	if err := emulated(kind, raw); err != nil {
		s.t.Errorf("%s %s: %v\n%.2000s", kind, name, err, raw)
	}
	if s.out == nil {
		return
	}
	line, err := json.Marshal(map[string]any{"kind": kind, "name": name, "payload": json.RawMessage(raw)})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.out.Write(append(line, '\n')); err != nil {
		s.t.Fatal(err)
	}
}

// emulated is why the emulator would refuse a payload.
func emulated(kind string, raw []byte) error {
	var answer struct {
		View json.RawMessage `json:"view"`
	}
	switch kind {
	case "message":
		return slackemu.CheckMessage(raw)
	case "ack":
		if len(raw) > 20480-200 { // and the envelope's id
			return fmt.Errorf("an acknowledgement of %d bytes", len(raw))
		}
		return slackemu.CheckMessage(raw)
	case "modal":
		return slackemu.CheckModal(raw)
	case "home":
		return slackemu.CheckHome(raw)
	case "view":
		if len(raw) > 20480-200 {
			return fmt.Errorf("an acknowledgement of %d bytes", len(raw))
		}
		if err := json.Unmarshal(raw, &answer); err != nil || answer.View == nil {
			return err
		}
		return slackemu.CheckModal(answer.View)
	}
	return fmt.Errorf("there is no kind %q", kind)
}

// message writes a body as a call of chat.postMessage sends it: with the mark by which an incident's message is found again, where it has
// one.
func (s *sheet) message(name string, b body, mark ...slack.MsgOption) {
	s.t.Helper()
	_, values, err := slack.UnsafeApplyMsgOptions("xoxb-emulated", "C0INCIDENTS", "https://example.com/", append(b.options(), mark...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	payload := fields(values)
	if len(b.Blocks) > 0 { // the library adds them only where it sends
		s.kinds["message with blocks"]++
		payload["blocks"] = b.Blocks
	}
	s.put("message", name, payload)
}

// fields are a form's values as the JSON that they stand for.
func fields(values url.Values) map[string]any {
	out := map[string]any{}
	for key := range values {
		switch key {
		case "token":
		case "metadata":
			out[key] = json.RawMessage(values.Get(key))
		default:
			out[key] = values.Get(key)
		}
	}
	return out
}

// told writes an incident's messages as they are delivered, whole and shortened, and told elsewhere.
func (s *sheet) told(name string, id string, all []commands.Message) {
	s.t.Helper()
	for _, m := range all {
		whole := wholeOf(id, m.Slot)
		raw, err := encode(m, whole)
		if err != nil {
			s.t.Fatal(err)
		}
		b, err := storedBody(raw)
		if err != nil {
			s.t.Fatal(err)
		}
		name := name + ": " + m.Slot
		s.message(name, b, marking(id, m.Slot, map[string]any{"version": 7, "head": strings.Repeat("a", 64)}))
		s.less(name, b, whole)
		if m.Slot == commands.RootSlot {
			note := elsewhereNote(id, "C0INCIDENTS", Trouble{Reason: "is_archived", Try: "unarchive it, or configure another channel"})
			s.message(name+", elsewhere", aside(b, note, whole), marking(id, elsewhere, nil))
			s.message(name+", elsewhere, told after all", toldThere(id, "C0INCIDENTS", b), marking(id, elsewhere, nil))
		}
	}
}

// less writes what is sent of a body that Slack refused.
func (s *sheet) less(name string, b body, whole rest) {
	s.t.Helper()
	for i, less := range b.lesser(whole) {
		s.message(fmt.Sprintf("%s, shortened %d", name, i), less)
	}
}

// reply writes a Reply in every way in which it may be given: as a message, with an acknowledgement, as a window where its command opens
// one, page by page and in small pages, and as the answer to a submitted window where it may be one.
func (s *sheet) reply(name, line string, r commands.Reply) {
	s.t.Helper()
	key := identity(line, r)
	if s.seen[key] {
		return
	}
	s.seen[key] = true
	set := &commands.Set{}
	opens, acts := set.Opens(first(line)), set.Acts(first(line))
	to := place{channel: "C0INCIDENTS", user: "U0ADA", line: line}
	b := s.app.rendered(to, r)
	s.message(name, b)
	s.less(name, b, rest{line: line})
	if raw, ok := s.app.ackPayload(to, r); ok {
		s.put("ack", name, raw)
	}
	from := origin{Channel: "C0INCIDENTS", Thread: "1759457700.000100"}
	for _, most := range []int{maxModalText, maxModalText / 8} {
		if opens {
			s.pages(name, line, r, from, most)
		}
	}
	if _, ok := s.app.withPages(r, line); ok && render(r, rest{line: line}).cut {
		s.pages(name+", all of it", line, paged(r, line), from, maxModalText)
	}
	from.Command = line
	if !acts {
		return
	}
	if raw, ok := s.app.submissionAnswer(r, from); ok {
		s.put("view", name, raw)
	}
}

// identity is what tells a Reply, and where the whole of it is shown, from others.
func identity(line string, r commands.Reply) string {
	kinds := ""
	for _, b := range r.Blocks {
		kinds += fmt.Sprintf("%T ", b)
	}
	raw, err := json.Marshal([]any{first(line), rest{line: line}.sentence(), r.Text, kinds, r.Blocks, r.Form, r.Errors, r.Quiet, r.Exit})
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(raw)
	return string(sum[:])
}

// pages turns through the pages of a window.
func (s *sheet) pages(name, line string, r commands.Reply, from origin, most int) {
	s.t.Helper()
	for range 12 {
		view := modal(r, from, most, line)
		s.put("modal", name, view)
		next, _ := submitted(slack.View{PrivateMetadata: view.PrivateMetadata})
		if next.Pages == nil {
			return
		}
		next.Pages.Page++
		if from.Pages != nil && from.Pages.Page == next.Pages.Page {
			return
		}
		from = next
	}
}

// ask has a Set answer a command line, and writes the answer, and what is answered to its Form when that is submitted.
func (s *sheet) ask(name string, set *commands.Set, r commands.Request, line string) {
	s.t.Helper()
	words, err := commands.Parse(line)
	if err != nil {
		s.t.Fatalf("%s: %v", line, err)
	}
	if len(words) > 0 {
		r.Command, r.Args = words[0], words[1:]
	}
	reply := set.Dispatch(context.Background(), r)
	s.reply(name+": "+first(line), line, reply)
	if f := reply.Form; f != nil && f.Command != "" && len(f.Fields) > 0 {
		for _, value := range []string{"", "for good", "3"} {
			r.Values = map[string]string{}
			for _, field := range f.Fields {
				r.Values[field.ID] = value
			}
			s.ask(name+", submitted", set, r, f.Command)
		}
	}
}

// TestEveryPayloadIsTaken makes everything that the bot can send, of generated content, and lays it before the emulator. Where
// PARAMEDIC_PAYLOADS names a file, it is written there, too, for the judges of e2e/slackjudges, and there is more of it.
func TestEveryPayloadIsTaken(t *testing.T) {
	s := newSheet(t)
	arbitraries, all := 2, tongues()[:3]
	if name := os.Getenv("PARAMEDIC_PAYLOADS"); name != "" {
		file, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		buffered := bufio.NewWriterSize(file, 1<<20)
		defer buffered.Flush()
		s.out, arbitraries, all = buffered, 8, tongues()
	}
	for _, tongue := range all {
		s.incidents(tongue)
		s.commands(tongue)
	}
	s.own()
	random := rand.New(rand.NewPCG(11, 11))
	for i := range arbitraries {
		r := arbitrary(random)
		s.reply(fmt.Sprintf("arbitrary %d", i), "plan INC-1", r)
		s.told(fmt.Sprintf("arbitrary %d", i), "INC-1", []commands.Message{{Slot: commands.RootSlot, Reply: r}})
	}
	t.Logf("%v", s.kinds)
	for _, kind := range []string{"message", "message with blocks", "ack", "modal", "home", "view"} {
		if s.kinds[kind] < 50 {
			t.Errorf("only %d of kind %s", s.kinds[kind], kind)
		}
	}
}

// own writes what the bot says by itself, whoever asked for what.
func (s *sheet) own() {
	for _, r := range []commands.Reply{tooMany, wrong, broken, sorry("The page could not be turned. Try again in a moment.")} {
		s.reply("of its own", "check", r)
	}
	s.reply("nothing to see", "plan INC-1", commands.Reply{Blocks: []commands.Block{commands.Paragraph{commands.Text("\u200b")}}})
	from := origin{Channel: "C0INCIDENTS", Command: "approve INC-1 cafe"}
	s.put("modal", "loading", loading(from))
	for _, values := range []map[string]string{nil, {"title": "A title"}} {
		r := stillOpen(from, values)
		s.reply("still open", "plan INC-1", r)
	}
	s.put("view", "late", s.app.submission(slack.InteractionCallback{}).late)
	asks := slack.InteractionCallback{View: slack.View{PrivateMetadata: `{"command":"diagnose","fresh":true}`}}
	s.put("view", "late, and its window stays", s.app.submission(asks).late)
	s.put("modal", "what is wrong with fields", modal(inWindow(commands.Reply{Text: "no", Errors: map[string]string{"a": "no", "b": "nor that"}}), from,
		maxModalText, "diagnose"))
	if raw, ok := s.app.submissionAnswer(commands.Reply{Quiet: true}, from); ok {
		s.put("view", "closed", raw)
	}
	if _, bad := s.app.request(`"open`, somebody{}, "C0INCIDENTS"); bad != nil {
		s.reply("not readable", `"open`, *bad)
	}
}

// brokenPayloads are those that the judges are shown first; see e2e/slackjudges.
const brokenPayloads = "../../e2e/slackjudges/broken.jsonl"

// The emulator is a judge among others: what is broken it refuses, but where the file says that it can't see it.
func TestTheEmulatorIsNotBlind(t *testing.T) {
	raw, err := os.ReadFile(brokenPayloads)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(raw) {
		var p struct {
			Kind, Name string
			Judges     []string
			Payload    json.RawMessage
		}
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatalf("%v: %.200s", err, line)
		}
		n++
		sees := strings.Contains(strings.Join(p.Judges, " "), "emulator")
		if err := emulated(p.Kind, p.Payload); (err != nil) != sees {
			t.Errorf("%s: %v, and of its judges are %v", p.Name, err, p.Judges)
		}
	}
	if n < 20 {
		t.Errorf("only %d broken payloads", n)
	}
}
