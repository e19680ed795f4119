package shop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
)

// SampleOrders makes what one request asks for: 24 to 48 orders, as lines of JSON.
func SampleOrders(random *rand.Rand, products, sessions int) []byte {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	for range 24 + random.IntN(25) {
		if err := encoder.Encode(sampleOrder(random, products, sessions)); err != nil {
			panic(err) // An Order holds strings and integers only, so it always marshals.
		}
	}
	return body.Bytes()
}

// sampleOrder makes an order for a shop of so many products and sessions. One in fifty has a
// mistake; one in twenty comes from a customer without a session.
func sampleOrder(random *rand.Rand, products, sessions int) *Order {
	customer := random.IntN(sessions * 20 / 19)
	order := &Order{
		Session:  SessionID(customer),
		Email:    fmt.Sprintf("customer.%d@example.com", customer),
		Phone:    fmt.Sprintf("+43 %03d %03d %04d", random.IntN(1000), random.IntN(1000), random.IntN(10_000)),
		Postcode: fmt.Sprintf("%04d", 1000+random.IntN(9000)),
		Country:  pick(random, []string{"AT", "AT", "AT", "DE", "FR", "IT"}),
		Lines:    sampleLines(random, products),
	}
	if random.IntN(4) == 0 {
		order.Coupon = fmt.Sprintf("%s-%02d", pick(random, []string{"SPRING", "SUMMER", "AUTUMN", "WINTER"}), random.IntN(100))
	}
	if random.IntN(50) == 0 {
		makeMistake(random, order)
	}
	return order
}

func sampleLines(random *rand.Rand, products int) []Line {
	lines := make([]Line, 16+random.IntN(25))
	for number := range lines {
		lines[number] = Line{SKU: SKUOf(random.IntN(products)), Quantity: 1 + random.Int64N(4)}
		if random.IntN(5) == 0 {
			lines[number].Note = "leave it with the " + pick(random, things) + " maker next door"
		}
	}
	return lines
}

func makeMistake(random *rand.Rand, order *Order) {
	switch random.IntN(4) {
	case 0:
		order.Email = "not an address"
	case 1:
		order.Postcode = "somewhere"
	case 2:
		order.Lines[0].SKU = "none"
	default:
		order.Lines[0].Quantity = 0
	}
}
