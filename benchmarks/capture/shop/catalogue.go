package shop

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// pageSize is how many products a category page shows, a common grid of 4 by 10.
const pageSize = 40

var (
	categories = []string{"garden", "kitchen", "office", "outdoor", "studio", "travel", "workshop", "nursery"}
	adjectives = []string{"folding", "brushed", "compact", "heavy", "light", "quiet", "rustic", "sealed", "woven", "padded", "slim", "tall"}
	materials  = []string{"ash", "bamboo", "brass", "canvas", "copper", "cork", "cotton", "felt", "glass", "leather", "linen", "oak", "steel", "wool"}
	things     = []string{"basket", "bench", "bottle", "cabinet", "clamp", "desk", "easel", "flask", "hammock", "kettle", "lantern", "rack", "shelf", "stool", "tray", "trolley"}
	phrases    = []string{
		"finished by hand", "ships flat", "fits a standard frame", "holds up to forty kilograms", "wipes clean",
		"comes with spare screws", "stacks four high", "rated for frost", "ten years of spare parts", "made to order",
	}
)

// Product is one thing the shop sells, with its price in cents.
type Product struct {
	SKU         string            `json:"sku"`
	Name        string            `json:"name"`
	Category    string            `json:"category"`
	Description string            `json:"description"`
	Cents       int64             `json:"cents"`
	Grams       int64             `json:"grams"`
	Attributes  map[string]string `json:"attributes"`
}

// Catalogue is every product, by SKU, by word and by category page. It does not change once loaded.
type Catalogue struct {
	products []*Product
	bySKU    map[string]*Product
	words    map[string][]int32
	pages    map[string][]*Product
}

// LoadCatalogue makes a catalogue of size products; the same seed makes the same one.
func LoadCatalogue(seed uint64, size int) *Catalogue {
	random := rand.New(rand.NewPCG(seed, 1))
	catalogue := &Catalogue{products: make([]*Product, size)}
	for number := range size {
		catalogue.products[number] = describeProduct(random, number)
	}
	catalogue.bySKU = indexSKUs(catalogue.products)
	catalogue.words = indexWords(catalogue.products)
	catalogue.pages = layOutPages(catalogue.products)
	return catalogue
}

// Find gives the product of a SKU, if the shop sells it.
func (c *Catalogue) Find(sku string) (*Product, bool) {
	product, found := c.bySKU[sku]
	return product, found
}

// Page gives the products on the front page of a category.
func (c *Catalogue) Page(category string) []*Product { return c.pages[category] }

// SKUOf gives the SKU of the product with a number; the load generator orders by it.
func SKUOf(number int) string {
	return fmt.Sprintf("%s-%06d", strings.ToUpper(categories[number%len(categories)][:3]), number)
}

func describeProduct(random *rand.Rand, number int) *Product {
	adjective, material, thing := pick(random, adjectives), pick(random, materials), pick(random, things)
	return &Product{
		SKU:         SKUOf(number),
		Name:        adjective + " " + material + " " + thing,
		Category:    categories[number%len(categories)],
		Description: writeDescription(random),
		Cents:       199 + random.Int64N(20_000),
		Grams:       80 + random.Int64N(9_000),
		Attributes:  listAttributes(random, material),
	}
}

func writeDescription(random *rand.Rand) string {
	var text strings.Builder
	text.Grow(320)
	for text.Len() < 260 {
		text.WriteString(pick(random, phrases))
		text.WriteString("; ")
	}
	return text.String()
}

func listAttributes(random *rand.Rand, material string) map[string]string {
	return map[string]string{
		"material": material,
		"warranty": fmt.Sprintf("%d months", 12*(1+random.IntN(5))),
		"width":    fmt.Sprintf("%d mm", 100+random.IntN(900)),
		"height":   fmt.Sprintf("%d mm", 100+random.IntN(900)),
	}
}

func indexSKUs(products []*Product) map[string]*Product {
	bySKU := make(map[string]*Product, len(products))
	for _, product := range products {
		bySKU[product.SKU] = product
	}
	return bySKU
}

func indexWords(products []*Product) map[string][]int32 {
	words := make(map[string][]int32)
	for number, product := range products {
		for _, word := range strings.Fields(product.Name) {
			words[word] = append(words[word], int32(number))
		}
	}
	return words
}

func layOutPages(products []*Product) map[string][]*Product {
	pages := make(map[string][]*Product)
	for _, product := range products {
		if len(pages[product.Category]) < pageSize {
			pages[product.Category] = append(pages[product.Category], product)
		}
	}
	return pages
}

func pick(random *rand.Rand, from []string) string { return from[random.IntN(len(from))] }
