package shop

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"sync"
)

// signingKey is no secret: the service only ever talks to its own load generator.
var signingKey = []byte("a key for a shop that sells nothing")

// Receipt is what the customer gets back.
type Receipt struct {
	Session     string   `json:"session"`
	Email       string   `json:"email"`
	Cart        *Cart    `json:"cart"`
	Recommended []string `json:"recommended"`
}

// Seal is what lets others check a receipt, and the page it leads back to.
type Seal struct {
	Signature   string `json:"signature"`
	AuditDigest string `json:"audit_digest"`
	PageTag     string `json:"page_tag"`
}

func renderReceipt(receipt *Receipt) ([]byte, error) { return json.Marshal(receipt) }

func signReceipt(rendered []byte) string {
	mac := hmac.New(sha256.New, signingKey)
	mac.Write(rendered)
	return hex.EncodeToString(mac.Sum(nil))
}

// tagPage gives the entity tag of a catalogue page: it changes when anything on the page does.
func tagPage(page []*Product) string {
	rendered, err := json.Marshal(page)
	if err != nil {
		panic(err) // A Product holds strings and integers only, so it always marshals.
	}
	return fmt.Sprintf(`"%x-%08x"`, len(rendered), crc32.ChecksumIEEE(rendered))
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

var compressors = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func compress(content []byte) ([]byte, error) {
	var compressed bytes.Buffer
	compressor := compressors.Get().(*gzip.Writer)
	defer compressors.Put(compressor)
	compressor.Reset(&compressed)
	if _, err := compressor.Write(content); err != nil {
		return nil, err
	}
	if err := compressor.Close(); err != nil {
		return nil, err
	}
	return compressed.Bytes(), nil
}
