package shop

import (
	"encoding/json"
	"fmt"
)

// upkeep is all that differs between the two versions of the service: what is made again on
// every order, and what is remembered. Both give the same results.
type upkeep interface {
	// patterns gives what the fields of an order must look like.
	patterns() *patterns
	// pageTag gives the entity tag of a category's front page.
	pageTag(category string) string
	// auditDigest gives the digest of a receipt for the audit trail.
	auditDigest(receipt *Receipt, rendered []byte) string
}

func upkeepOf(version string, catalogue *Catalogue) (upkeep, error) {
	switch version {
	case "v1":
		return recomputed{catalogue}, nil
	case "v2":
		return remember(catalogue), nil
	}
	return nil, fmt.Errorf("version: %q is not v1 or v2", version)
}

// recomputed is version 1: every order compiles the patterns and marshals what was marshalled before.
type recomputed struct{ catalogue *Catalogue }

func (r recomputed) patterns() *patterns { return compilePatterns() }

func (r recomputed) pageTag(category string) string { return tagPage(r.catalogue.Page(category)) }

func (r recomputed) auditDigest(receipt *Receipt, _ []byte) string {
	again, err := json.Marshal(receipt)
	if err != nil {
		panic(err) // The same receipt was rendered a moment ago.
	}
	return digest(again)
}

// remembered is version 2: the patterns are compiled and the pages are tagged once, at the start.
type remembered struct {
	compiled *patterns
	tags     map[string]string
}

func remember(catalogue *Catalogue) remembered {
	tags := make(map[string]string, len(catalogue.pages))
	for category, page := range catalogue.pages {
		tags[category] = tagPage(page)
	}
	return remembered{compiled: compilePatterns(), tags: tags}
}

func (r remembered) patterns() *patterns { return r.compiled }

func (r remembered) pageTag(category string) string { return r.tags[category] }

func (r remembered) auditDigest(_ *Receipt, rendered []byte) string { return digest(rendered) }
