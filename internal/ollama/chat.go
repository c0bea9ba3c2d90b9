package ollama

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/ollama/ollama/api"
)

// Request is one prompt.
type Request struct {
	System   string          // what holds always; first, so that the model's cache keeps it
	User     string          // what is asked now
	Schema   json.RawMessage // of the answer; empty: free text
	Context  int             // the context's size in tokens; 0: 4096
	Predict  int             // the most tokens of the answer; 0: 700
	MaxBytes int             // the most bytes of the answer; 0: 16 KiB
	Seed     int
}

// Stats are what an answer cost.
type Stats struct {
	PromptTokens, Tokens      int
	Load, Prompt, Eval, Total time.Duration
}

const (
	defaultContext  = 4096
	defaultPredict  = 700
	defaultMaxBytes = 16 << 10
)

// Chat asks the chat model, at temperature 0, and returns its answer whole. An answer that is cut off by a bound is an
// [ErrTooLong], with the text so far.
func (c *Client) Chat(ctx context.Context, r Request) (string, Stats, error) {
	const doing = "ask the model"
	if err := c.ready(ctx, doing, c.chat); err != nil {
		return "", Stats{}, err
	}
	limit := cmp.Or(r.MaxBytes, defaultMaxBytes)
	var text strings.Builder
	var stats Stats
	var reason string
	err := c.api.Chat(ctx, c.request(r), func(part api.ChatResponse) error {
		text.WriteString(part.Message.Content)
		if text.Len() > limit {
			return fmt.Errorf("%w within %d bytes", ErrTooLong, limit)
		}
		if part.Done {
			reason = part.DoneReason
			stats = Stats{part.PromptEvalCount, part.EvalCount, part.LoadDuration, part.PromptEvalDuration, part.EvalDuration, part.TotalDuration}
		}
		return nil
	})
	switch {
	case err != nil:
	case reason == "length":
		err = fmt.Errorf("%w within %d tokens", ErrTooLong, cmp.Or(r.Predict, defaultPredict))
	case reason == "":
		err = fmt.Errorf("the answer broke off after %d bytes", text.Len())
	}
	return text.String(), stats, c.explain(ctx, doing, c.chat, err)
}

func (c *Client) request(r Request) *api.ChatRequest {
	var messages []api.Message
	if r.System != "" {
		messages = append(messages, api.Message{Role: "system", Content: r.System})
	}
	no := false
	return &api.ChatRequest{
		Model:    c.chat,
		Messages: append(messages, api.Message{Role: "user", Content: r.User}),
		Format:   r.Schema,
		Think:    &api.ThinkValue{Value: false}, // thoughts take minutes on a CPU, and nobody reads them
		Truncate: &no,                           // a prompt that doesn't fit is an error, not a prompt without its beginning
		Shift:    &no,
		Options: map[string]any{
			"num_ctx":     cmp.Or(r.Context, defaultContext),
			"num_predict": cmp.Or(r.Predict, defaultPredict),
			"temperature": 0,
			"seed":        r.Seed,
		},
	}
}

// Complete is Chat for callers that want the text alone.
func (c *Client) Complete(ctx context.Context, system, user string, schema json.RawMessage, maxTokens int) (string, error) {
	text, _, err := c.Chat(ctx, Request{System: system, User: user, Schema: schema, Predict: maxTokens})
	return text, err
}
