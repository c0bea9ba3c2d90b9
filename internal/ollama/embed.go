package ollama

import (
	"context"
	"fmt"

	"github.com/ollama/ollama/api"
)

// batch is how many texts are embedded by one request.
const batch = 32

// Embed returns one vector for each text, all of one length. A text that is longer than the model reads is cut.
func (c *Client) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	const doing = "embed"
	if err := c.ready(ctx, doing, c.embed); err != nil {
		return nil, err
	}
	yes := true
	vectors := make([][]float32, 0, len(texts))
	for len(texts) > 0 {
		n := min(batch, len(texts))
		resp, err := c.api.Embed(ctx, &api.EmbedRequest{Model: c.embed, Input: texts[:n], Truncate: &yes})
		if err != nil {
			return nil, c.explain(ctx, doing, c.embed, err)
		}
		if len(resp.Embeddings) != n {
			return nil, fmt.Errorf("embed with model %q: asked for %d vectors, got %d; is it an embedding model?", c.embed, n, len(resp.Embeddings))
		}
		vectors = append(vectors, resp.Embeddings...)
		texts = texts[n:]
	}
	for _, v := range vectors {
		if len(v) == 0 || len(v) != len(vectors[0]) {
			return nil, fmt.Errorf("embed with model %q: vectors of %d and %d numbers; is it an embedding model?", c.embed, len(vectors[0]), len(v))
		}
	}
	return vectors, nil
}

// EmbedDigest is the digest of the embedding model: vectors of different digests can't be compared.
func (c *Client) EmbedDigest(ctx context.Context) (string, error) { return c.Digest(ctx, c.embed) }

// Digest is the digest of a model that Ollama has.
func (c *Client) Digest(ctx context.Context, model string) (string, error) {
	const doing = "look up a model's digest"
	if model == "" {
		return "", fmt.Errorf("%s: %w: none is configured", doing, ErrNoModel)
	}
	m, err := c.find(ctx, doing, model)
	return m.Digest, err
}
