package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// PutEmbedding keeps what an embedding model made of a chunk of text, so that
// it need not be asked again. model is the model's digest, not its name: a
// name can come to mean another model.
func (s *Store) PutEmbedding(ctx context.Context, model, chunk string, vector []float32) error {
	const what = "keep an embedding"
	if model == "" || chunk == "" || len(model)+len(chunk) > 2*MaxStreamName {
		return fmt.Errorf("%s: a model's digest and a chunk's hash are needed", what)
	}
	if n := len(vector); n == 0 || n > MaxVector {
		return fmt.Errorf("%s: %d dimensions; 1 to %d can be kept", what, n, MaxVector)
	}
	data := make([]byte, 0, 4*len(vector))
	for _, x := range vector {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return s.write(ctx, what, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO embeddings (model, chunk, vector) VALUES ($1, $2, $3)
			ON CONFLICT (model, chunk) DO UPDATE SET vector = excluded.vector`, model, chunk, data)
		return err
	})
}

// Embedding returns what was kept; ok is false if nothing was.
func (r *Reader) Embedding(ctx context.Context, model, chunk string) (vector []float32, ok bool, err error) {
	var data []byte
	err = r.db.QueryRowContext(ctx, `SELECT vector FROM embeddings WHERE model = $1 AND chunk = $2`, model, chunk).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read an embedding: %w", err)
	}
	for ; len(data) >= 4; data = data[4:] {
		vector = append(vector, math.Float32frombits(binary.LittleEndian.Uint32(data)))
	}
	return vector, true, nil
}
