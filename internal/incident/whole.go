package incident

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
)

// The most that a whole diagnosis keeps of each thing: far more than people read, and together less than [MaxWhole] whatever they hold.
const (
	MaxWhole      = 30 << 20 // bytes, packed; a blob of the store may have a little more
	maxUnpacked   = 512 << 20
	wholeFindings = 50_000
	wholeEvidence = 10_000
)

// Pack writes a diagnosis as a blob. What is told of it names the blob in Whole. Of the largest ones, evidence is left out beyond the first
// 10,000 pieces: what compares two diagnoses compares findings.
func Pack(d *Diagnosis) ([]byte, error) {
	keep := *d
	keep.Findings, keep.Evidence = d.Findings[:min(len(d.Findings), wholeFindings)], d.Evidence[:min(len(d.Evidence), wholeEvidence)]
	keep.Causes = d.Causes[:min(len(d.Causes), wholeFindings)]
	for {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if err := json.NewEncoder(z).Encode(keep); err != nil {
			return nil, fmt.Errorf("pack a diagnosis: %w", err)
		}
		if err := z.Close(); err != nil {
			return nil, fmt.Errorf("pack a diagnosis: %w", err)
		}
		if b.Len() <= MaxWhole {
			return b.Bytes(), nil
		}
		if len(keep.Evidence)+len(keep.Findings)+len(keep.Causes) == 0 {
			return nil, fmt.Errorf("pack a diagnosis: it has %d bytes without any finding, at most %d can be kept", b.Len(), MaxWhole)
		}
		if len(keep.Evidence) == 0 {
			keep.Findings, keep.Causes = keep.Findings[:len(keep.Findings)/2], keep.Causes[:len(keep.Causes)/2]
		}
		keep.Evidence = keep.Evidence[:len(keep.Evidence)/2]
	}
}

// Unpack reads what Pack wrote.
func Unpack(data []byte) (*Diagnosis, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("unpack a diagnosis: %w", err)
	}
	var d Diagnosis
	if err := json.NewDecoder(io.LimitReader(z, maxUnpacked)).Decode(&d); err != nil {
		return nil, fmt.Errorf("unpack a diagnosis: %w", err)
	}
	return &d, nil
}
