package shop

import (
	"slices"
	"strings"
)

const (
	// recommended is how many products a receipt suggests.
	recommended = 4
	// considered is how many products of a cart suggest others.
	considered = 10
	// consideredPerWord bounds the work on a word that thousands of names share.
	consideredPerWord = 12
)

// recommendProducts suggests products whose names share the most words with those in the cart.
func recommendProducts(catalogue *Catalogue, products []*Product) []string {
	scores := scoreCandidates(catalogue, products)
	for _, product := range products {
		delete(scores, product)
	}
	return bestScored(scores)
}

func scoreCandidates(catalogue *Catalogue, products []*Product) map[*Product]int {
	scores := make(map[*Product]int)
	for _, product := range products[:min(len(products), considered)] {
		for _, word := range strings.Fields(product.Name) {
			numbers := catalogue.words[word]
			for _, number := range numbers[:min(len(numbers), consideredPerWord)] {
				scores[catalogue.products[number]]++
			}
		}
	}
	return scores
}

func bestScored(scores map[*Product]int) []string {
	candidates := make([]*Product, 0, len(scores))
	for product := range scores {
		candidates = append(candidates, product)
	}
	slices.SortFunc(candidates, func(a, b *Product) int {
		if scores[a] != scores[b] {
			return scores[b] - scores[a]
		}
		return strings.Compare(a.SKU, b.SKU)
	})
	best := make([]string, 0, recommended)
	for _, product := range candidates[:min(len(candidates), recommended)] {
		best = append(best, product.SKU)
	}
	return best
}
