package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"checkout/shop"
)

const (
	// customers is how many requests may be under way at once.
	customers = 64
	// bodies is how many different requests are sent, over and over; they are made before the first is.
	bodies = 320
)

// load is where to send requests, how many a second and for how long.
type load struct {
	url      string
	rate     int64
	duration time.Duration
}

// sent counts what became of the requests.
type sent struct {
	Answered atomic.Int64 // with status 200
	Failed   atomic.Int64 // any other way
	Dropped  atomic.Int64 // never sent: a second's worth of earlier ones still waited
}

// send keeps the rate whether or not the service keeps up (an open loop), until the time is over
// or it is interrupted, and prints the counts.
func (l *load) send(ctx context.Context) error {
	if l.rate < 1 {
		return fmt.Errorf("rate: %d is not at least 1", l.rate)
	}
	ctx, cancel := context.WithTimeout(ctx, l.duration)
	defer cancel()
	requests, counts := makeBodies(), &sent{}
	due := make(chan []byte, l.rate)
	client := newClient()
	var group sync.WaitGroup
	for range customers {
		group.Add(1)
		go func() {
			defer group.Done()
			for body := range due {
				l.sendOne(client, body, counts)
			}
		}()
	}
	l.keepTime(ctx, requests, due, counts)
	close(due)
	group.Wait()
	return json.NewEncoder(os.Stdout).Encode(map[string]int64{
		"answered": counts.Answered.Load(), "failed": counts.Failed.Load(), "dropped": counts.Dropped.Load(),
	})
}

func makeBodies() [][]byte {
	random := rand.New(rand.NewPCG(seed, 3))
	made := make([][]byte, bodies)
	for number := range made {
		made[number] = shop.SampleOrders(random, products, sessions)
	}
	return made
}

func newClient() *http.Client {
	return &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{DialContext: dialLoopback, MaxIdleConnsPerHost: customers, DisableCompression: true},
	}
}

// dialLoopback refuses any other machine: this load is for the service beside it only.
func dialLoopback(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%s is not a loopback address", host)
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// keepTime lets one request fall due in every slot of 1/rate s, at a random moment of it. Evenly
// spaced they would beat with the kernel's tick, which is also when CPU time is sampled, and the
// profile would see some part of every request and never another.
func (l *load) keepTime(ctx context.Context, requests [][]byte, due chan<- []byte, counts *sent) {
	random, started := rand.New(rand.NewPCG(seed, 4)), time.Now()
	slot := time.Second / time.Duration(l.rate)
	for number := 0; ; number++ {
		moment := time.Duration(number)*slot + time.Duration(random.Int64N(int64(slot)))
		if err := pause(ctx, moment-time.Since(started)); err != nil {
			return
		}
		select {
		case due <- requests[number%bodies]:
		default:
			counts.Dropped.Add(1)
		}
	}
}

func (l *load) sendOne(client *http.Client, body []byte, counts *sent) {
	request, err := http.NewRequest(http.MethodPost, l.url+"/orders", bytes.NewReader(body))
	if err != nil {
		counts.Failed.Add(1)
		return
	}
	// Asked for by hand, the answer is not decompressed here: the load is to cost little itself.
	request.Header.Set("Accept-Encoding", "gzip")
	answer, err := client.Do(request)
	if err != nil {
		counts.Failed.Add(1)
		return
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		counts.Failed.Add(1)
		return
	}
	counts.Answered.Add(1)
}
