package shop

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

const (
	products = 2_000
	sessions = 500
)

func open(t *testing.T, version string) *Shop {
	t.Helper()
	catalogue := LoadCatalogue(7, products)
	shop, err := Open(version, catalogue, RestoreSessions(7, sessions, catalogue))
	if err != nil {
		t.Fatal(err)
	}
	return shop
}

func ask(shop *Shop, body []byte, encoding string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodPost, "/orders", bytes.NewReader(body))
	request.Header.Set("Accept-Encoding", encoding)
	recorder := httptest.NewRecorder()
	shop.Handler().ServeHTTP(recorder, request)
	return recorder
}

func TestBothVersionsAnswerTheSame(t *testing.T) {
	v1, v2 := open(t, "v1"), open(t, "v2")
	random := rand.New(rand.NewPCG(7, 3))
	problems := 0
	for number := range 20 {
		body := SampleOrders(random, products, sessions)
		encoding := []string{"gzip", ""}[number%2]
		first, second := ask(v1, body, encoding), ask(v2, body, encoding)
		if first.Code != http.StatusOK || second.Code != http.StatusOK {
			t.Fatalf("%s: v1 answers %d, v2 %d", body, first.Code, second.Code)
		}
		if !bytes.Equal(first.Body.Bytes(), second.Body.Bytes()) {
			t.Fatalf("%s: the bodies differ", body)
		}
		if !maps.EqualFunc(first.Header(), second.Header(), slices.Equal) {
			t.Fatalf("%s: v1 answers %v, v2 %v", body, first.Header(), second.Header())
		}
		problems += bytes.Count(first.Body.Bytes(), []byte(`{"problem":`))
	}
	if problems == 0 {
		t.Error("no order had a mistake")
	}
	if v1.Served() != 20 {
		t.Errorf("20 requests are counted as %d", v1.Served())
	}
}

func TestWhatIsNotAnOrderIsRefused(t *testing.T) {
	for _, version := range []string{"v1", "v2"} {
		if answer := ask(open(t, version), []byte("{"), ""); answer.Code != http.StatusBadRequest {
			t.Errorf("%s answers %d", version, answer.Code)
		}
	}
}

func TestACartAddsUp(t *testing.T) {
	lines := []Line{{SKU: "A", Quantity: 10}, {SKU: "B", Quantity: 1}}
	goods := []*Product{{Cents: 1_000, Grams: 2_500}, {Cents: 500, Grams: 6_000}}

	cart := priceCart(&Order{Country: "AT", Coupon: "SPRING-10", Lines: lines}, goods)

	// 10 x 10.00 less 5 %, plus 5.00, less the coupon's 10 %, plus two parcels, plus 20 % tax.
	if cart.Goods != 10_000 || cart.Discount != 1_000 || cart.Delivery != 2*690 || cart.Tax != 2_076 || cart.Total != 12_456 {
		t.Errorf("%+v", cart)
	}
}

func TestSessionsLetGoOfTheOldest(t *testing.T) {
	catalogue := LoadCatalogue(7, 100)
	cache := RestoreSessions(7, 3, catalogue)

	cache.rememberCart(&Order{Session: SessionID(0)}, &Cart{})
	cache.rememberCart(&Order{Session: "new"}, &Cart{})

	for id, kept := range map[string]bool{SessionID(0): true, SessionID(1): false, SessionID(2): true, "new": true} {
		if _, found := cache.byID[id]; found != kept {
			t.Errorf("%s: kept is %t", id, found)
		}
	}
}

func TestAVersionThatIsNotOneIsRefused(t *testing.T) {
	if _, err := Open("v3", LoadCatalogue(7, 10), nil); err == nil {
		t.Error("v3 opened")
	}
}
