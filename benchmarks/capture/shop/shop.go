// Package shop is a small checkout service in two versions that answer the same: version 1
// wastes CPU time on its hot path, version 2 does not (versions.go holds all the difference).
package shop

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// Shop answers orders with receipts.
type Shop struct {
	catalogue *Catalogue
	sessions  *Sessions
	upkeep    upkeep
	served    atomic.Int64
}

// Open makes a shop of a version, "v1" or "v2".
func Open(version string, catalogue *Catalogue, sessions *Sessions) (*Shop, error) {
	upkeep, err := upkeepOf(version, catalogue)
	if err != nil {
		return nil, err
	}
	return &Shop{catalogue: catalogue, sessions: sessions, upkeep: upkeep}, nil
}

// Served is how many requests were answered so far.
func (s *Shop) Served() int64 { return s.served.Load() }

// Handler routes the one thing the shop does, POST /orders: a batch of orders as lines of JSON, as a
// marketplace passes them on. For each, it answers two lines, the receipt and its seal, or one
// that says what is wrong with the order.
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", s.takeOrders)
	return mux
}

func (s *Shop) takeOrders(w http.ResponseWriter, r *http.Request) {
	defer s.served.Add(1)
	orders, err := parseOrders(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var answers bytes.Buffer
	for _, order := range orders {
		if err := s.answer(&answers, order); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	writeAnswers(w, r, answers.Bytes())
}

func (s *Shop) answer(answers *bytes.Buffer, order *Order) error {
	receipt, category, err := s.checkOut(order)
	if err != nil {
		return json.NewEncoder(answers).Encode(map[string]string{"problem": err.Error()})
	}
	rendered, err := renderReceipt(receipt)
	if err != nil {
		return err
	}
	answers.Write(rendered)
	answers.WriteByte('\n')
	return json.NewEncoder(answers).Encode(Seal{
		Signature:   signReceipt(rendered),
		AuditDigest: s.upkeep.auditDigest(receipt, rendered),
		PageTag:     s.upkeep.pageTag(category),
	})
}

// checkOut gives the receipt of an order and the category its first product is in.
func (s *Shop) checkOut(order *Order) (*Receipt, string, error) {
	if err := validateOrder(order, s.upkeep.patterns()); err != nil {
		return nil, "", err
	}
	products, err := lookUpProducts(s.catalogue, order.Lines)
	if err != nil {
		return nil, "", err
	}
	cart := priceCart(order, products)
	s.sessions.rememberCart(order, cart)
	receipt := &Receipt{
		Session: order.Session, Email: order.Email, Cart: cart,
		Recommended: recommendProducts(s.catalogue, products),
	}
	return receipt, products[0].Category, nil
}

func writeAnswers(w http.ResponseWriter, r *http.Request, answers []byte) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if compressed, err := compress(answers); err == nil {
			w.Header().Set("Content-Encoding", "gzip")
			answers = compressed
		}
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(answers)))
	_, _ = w.Write(answers) // A customer who hung up is not the shop's error.
}
