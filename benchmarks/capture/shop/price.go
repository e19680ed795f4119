package shop

import (
	"fmt"
	"slices"
)

// parcelGrams is the most a parcel may weigh, the usual limit of a courier.
const parcelGrams = 30_000

// Cart is an order with its prices, in cents.
type Cart struct {
	Lines    []PricedLine `json:"lines"`
	Parcels  []Parcel     `json:"parcels"`
	Goods    int64        `json:"goods_cents"`
	Discount int64        `json:"discount_cents"`
	Delivery int64        `json:"delivery_cents"`
	Tax      int64        `json:"tax_cents"`
	Total    int64        `json:"total_cents"`
}

// PricedLine is one line of a cart.
type PricedLine struct {
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	Unit     int64  `json:"unit_cents"`
	Discount int64  `json:"discount_cents"`
	Total    int64  `json:"total_cents"`
}

// Parcel is what travels together.
type Parcel struct {
	Items int64 `json:"items"`
	Grams int64 `json:"grams"`
}

func priceCart(order *Order, products []*Product) *Cart {
	cart := &Cart{Lines: make([]PricedLine, len(order.Lines))}
	for number, line := range order.Lines {
		cart.Lines[number] = priceLine(line, products[number])
		cart.Goods += cart.Lines[number].Total
	}
	cart.Discount = couponDiscount(order.Coupon, cart.Goods)
	cart.Parcels = packParcels(order.Lines, products)
	cart.Delivery = priceDelivery(cart.Parcels, order.Country)
	cart.Tax = taxOn(cart.Goods-cart.Discount+cart.Delivery, order.Country)
	cart.Total = cart.Goods - cart.Discount + cart.Delivery + cart.Tax
	return cart
}

func lookUpProducts(catalogue *Catalogue, lines []Line) ([]*Product, error) {
	products := make([]*Product, len(lines))
	for number, line := range lines {
		product, found := catalogue.Find(line.SKU)
		if !found {
			return nil, fmt.Errorf("lines.%d.sku: %s is not sold here", number, line.SKU)
		}
		products[number] = product
	}
	return products, nil
}

func priceLine(line Line, product *Product) PricedLine {
	gross := product.Cents * line.Quantity
	discount := gross * quantityPercent(line.Quantity) / 100
	return PricedLine{
		SKU: line.SKU, Name: product.Name, Quantity: line.Quantity,
		Unit: product.Cents, Discount: discount, Total: gross - discount,
	}
}

func quantityPercent(quantity int64) int64 {
	switch {
	case quantity >= 50:
		return 12
	case quantity >= 10:
		return 5
	}
	return 0
}

func couponDiscount(coupon string, goods int64) int64 {
	if coupon == "" {
		return 0
	}
	return goods * 10 / 100
}

// packParcels puts the heaviest item first into the first parcel that still holds it.
func packParcels(lines []Line, products []*Product) []Parcel {
	var items []int64
	for number, line := range lines {
		for range line.Quantity {
			items = append(items, products[number].Grams)
		}
	}
	slices.SortFunc(items, func(a, b int64) int { return int(b - a) })
	var parcels []Parcel
	for _, grams := range items {
		parcels = placeItem(parcels, grams)
	}
	return parcels
}

func placeItem(parcels []Parcel, grams int64) []Parcel {
	for number := range parcels {
		if parcels[number].Grams+grams <= parcelGrams {
			parcels[number].Items++
			parcels[number].Grams += grams
			return parcels
		}
	}
	return append(parcels, Parcel{Items: 1, Grams: grams})
}

func priceDelivery(parcels []Parcel, country string) int64 {
	perParcel := int64(1290)
	if country == "AT" {
		perParcel = 690
	}
	return perParcel * int64(len(parcels))
}

func taxOn(cents int64, country string) int64 {
	percent := map[string]int64{"AT": 20, "DE": 19, "FR": 20, "IT": 22}[country]
	return cents * percent / 100
}
