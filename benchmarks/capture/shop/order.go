package shop

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// maxRequestBytes is far above the ~200 kB of the longest request the load generator sends.
const maxRequestBytes = 1 << 20

// Order is what a customer sends.
type Order struct {
	Session  string `json:"session"`
	Email    string `json:"email"`
	Phone    string `json:"phone"`
	Postcode string `json:"postcode"`
	Country  string `json:"country"`
	Coupon   string `json:"coupon,omitempty"`
	Lines    []Line `json:"lines"`
}

// Line is some number of one product.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Note     string `json:"note,omitempty"`
}

// patterns are what the fields of an order must look like.
type patterns struct {
	email, phone, postcode, coupon, sku *regexp.Regexp
}

func compilePatterns() *patterns {
	return &patterns{
		email:    regexp.MustCompile(`^[a-z0-9._%+-]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,12}$`),
		phone:    regexp.MustCompile(`^\+[1-9][0-9]{0,2}( ?[0-9]{2,4}){2,5}$`),
		postcode: regexp.MustCompile(`^([0-9]{4,5}|[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2})$`),
		coupon:   regexp.MustCompile(`^(SPRING|SUMMER|AUTUMN|WINTER)-[0-9]{2}$`),
		sku:      regexp.MustCompile(`^[A-Z]{3}-[0-9]{6}$`),
	}
}

func parseOrders(body io.Reader) ([]*Order, error) {
	var orders []*Order
	decoder := json.NewDecoder(io.LimitReader(body, maxRequestBytes))
	for {
		var order Order
		if err := decoder.Decode(&order); errors.Is(err, io.EOF) {
			return orders, nil
		} else if err != nil {
			return nil, fmt.Errorf("order %d is not JSON: %w", len(orders), err)
		}
		orders = append(orders, &order)
	}
}

func validateOrder(order *Order, allowed *patterns) error {
	if len(order.Lines) == 0 {
		return errors.New("lines: empty")
	}
	if err := validateCustomer(order, allowed); err != nil {
		return err
	}
	return validateLines(order.Lines, allowed)
}

func validateCustomer(order *Order, allowed *patterns) error {
	switch {
	case !allowed.email.MatchString(order.Email):
		return fmt.Errorf("email: %q is not an address", order.Email)
	case !allowed.phone.MatchString(order.Phone):
		return fmt.Errorf("phone: %q is not a number with its country", order.Phone)
	case !allowed.postcode.MatchString(order.Postcode):
		return fmt.Errorf("postcode: %q is not one", order.Postcode)
	case order.Coupon != "" && !allowed.coupon.MatchString(order.Coupon):
		return fmt.Errorf("coupon: %q is not one", order.Coupon)
	}
	return nil
}

func validateLines(lines []Line, allowed *patterns) error {
	for number, line := range lines {
		if !allowed.sku.MatchString(line.SKU) {
			return fmt.Errorf("lines.%d.sku: %q is not one", number, line.SKU)
		}
		if line.Quantity < 1 || line.Quantity > 999 {
			return fmt.Errorf("lines.%d.quantity: %d is not within 1 and 999", number, line.Quantity)
		}
	}
	return nil
}
