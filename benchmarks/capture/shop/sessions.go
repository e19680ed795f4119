package shop

import (
	"container/list"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
)

// Session is what the shop remembers of a customer between requests.
type Session struct {
	ID      string
	Email   string
	Visited []string
	Last    *Cart
}

// Sessions keeps the most recently used sessions, up to a limit.
type Sessions struct {
	mutex  sync.Mutex
	limit  int
	byID   map[string]*list.Element
	recent *list.List
}

// RestoreSessions makes a cache filled to its limit, as a service that starts again finds it.
func RestoreSessions(seed uint64, limit int, catalogue *Catalogue) *Sessions {
	random := rand.New(rand.NewPCG(seed, 2))
	sessions := &Sessions{limit: limit, byID: make(map[string]*list.Element, limit), recent: list.New()}
	for number := range limit {
		sessions.put(restoreSession(random, number, catalogue))
	}
	return sessions
}

// SessionID gives the id of the session with a number; the load generator asks for it.
func SessionID(number int) string { return fmt.Sprintf("session-%08d", number) }

func restoreSession(random *rand.Rand, number int, catalogue *Catalogue) *Session {
	id := SessionID(number)
	return &Session{
		ID:      id,
		Email:   fmt.Sprintf("customer.%d@example.com", number),
		Visited: restoreVisits(random, id),
		Last:    restoreCart(random, catalogue),
	}
}

func restoreVisits(random *rand.Rand, id string) []string {
	visited := make([]string, 8)
	for number := range visited {
		visited[number] = strings.Join([]string{"/catalogue", pick(random, categories), pick(random, things), id}, "/")
	}
	return visited
}

func restoreCart(random *rand.Rand, catalogue *Catalogue) *Cart {
	order := &Order{Country: "AT", Lines: make([]Line, 6)}
	products := make([]*Product, len(order.Lines))
	for number := range order.Lines {
		products[number] = catalogue.products[random.IntN(len(catalogue.products))]
		order.Lines[number] = Line{SKU: products[number].SKU, Quantity: 1 + random.Int64N(3)}
	}
	return priceCart(order, products)
}

func (s *Sessions) rememberCart(order *Order, cart *Cart) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if element, found := s.byID[order.Session]; found {
		s.recent.MoveToFront(element)
		element.Value.(*Session).Last = cart
		return
	}
	s.put(&Session{ID: order.Session, Email: order.Email, Last: cart})
}

// put adds a session and lets go of the one not used for longest. The caller holds the mutex.
func (s *Sessions) put(session *Session) {
	s.byID[session.ID] = s.recent.PushFront(session)
	if s.recent.Len() > s.limit {
		oldest := s.recent.Remove(s.recent.Back()).(*Session)
		delete(s.byID, oldest.ID)
	}
}
