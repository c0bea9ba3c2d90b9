package slackemu

import (
	"net/http"
	"strings"
)

// Outcome is what goes wrong with a request.
type Outcome int

const (
	// Lost breaks the connection before anything was done.
	Lost Outcome = iota + 1
	// DoneUnanswered does what was asked and breaks the connection: the client can't know.
	DoneUnanswered
	// DoneHanging does what was asked and never answers, until the client gives up.
	DoneHanging
	// RateLimited answers 429 with Retry-After: 1.
	RateLimited
	// ServerError answers 500, as Slack does on a bad day.
	ServerError
	// Refused answers the Fault's Error.
	Refused
)

// Fault breaks requests on purpose.
type Fault struct {
	Method    string // "chat.postMessage"; "upload" is where a file's bytes are sent; empty breaks every method
	ChannelID string // empty breaks calls for every channel
	Text      string // strikes only what says so in its text; empty breaks whatever it says
	Times     int    // how many requests; 0 means 1
	Outcome   Outcome
	Error     string // Slack's word, such as "msg_blocks_too_long"; of Refused
}

// Inject arms a fault; those armed earlier strike first.
func (s *Server) Inject(f Fault) {
	setDefault(&f.Times, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Heal disarms every fault.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// takeFault is what shall go wrong with a request; 0 is nothing.
func (s *Server) takeFault(method string, a args) (Outcome, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Times > 0 && (f.Method == "" || f.Method == method) && (f.ChannelID == "" || f.ChannelID == a["channel"]) &&
			strings.Contains(a["text"], f.Text) {
			f.Times--
			return f.Outcome, f.Error
		}
	}
	return 0, ""
}

// failBefore breaks a request before it is looked at, and says whether it did.
func (s *Server) failBefore(w http.ResponseWriter, r *http.Request, o Outcome) bool {
	switch o {
	case Lost:
		panic(http.ErrAbortHandler) // net/http's own way to cut a connection
	case RateLimited:
		done := s.change()
		s.ws.counts.RateLimited++
		done()
		(&apiError{Code: "ratelimited", Wait: 1}).write(w)
	case ServerError:
		http.Error(w, "<html>internal error</html>", http.StatusInternalServerError)
	default:
		return false
	}
	return true
}

// failAfter breaks a request that was done, and says whether it did.
func (s *Server) failAfter(r *http.Request, o Outcome) bool {
	switch o {
	case DoneUnanswered:
		panic(http.ErrAbortHandler)
	case DoneHanging:
		select {
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
		return true
	}
	return false
}
