// Command checkout is a service to take real profiles of, and the load that makes it work.
//
//	checkout -version v1 -capture DIR -level busy    serves, and profiles itself once under load
//	checkout -load http://127.0.0.1:PORT -rate 30    sends orders at a fixed rate
//
// It listens on 127.0.0.1 only. recapture.py runs both.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"checkout/shop"
)

const (
	// seed makes every run load the same catalogue and send the same orders.
	seed = 20_260_101
	// products and sessions make a live heap of about 120 MiB, the size of a small real service.
	products = 80_000
	sessions = 36_000
)

func main() {
	serving, loading := captureFlags(), loadFlags()
	version := flag.String("version", "v1", "v1, which wastes, or v2, which does not")
	seconds := flag.Int64("seconds", 20, "capture, or send load, for so many `seconds`")
	flag.Parse()
	serving.span = time.Duration(*seconds) * time.Second
	loading.duration = serving.span
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *version, serving, loading); err != nil {
		fmt.Fprintln(os.Stderr, "checkout:", err)
		os.Exit(1)
	}
}

func captureFlags() *capture {
	var wanted capture
	flag.StringVar(&wanted.directory, "capture", "", "take one CPU and one heap profile into this `directory`")
	flag.StringVar(&wanted.level, "level", "busy", "the `name` of the load, for the names of the files")
	flag.DurationVar(&wanted.warmUp, "warm-up", 6*time.Second, "how long to serve before the capture")
	flag.DurationVar(&wanted.leastCPU, "least-cpu", 5500*time.Millisecond, "capture on until so much CPU time is used")
	return &wanted
}

func loadFlags() *load {
	var wanted load
	flag.StringVar(&wanted.url, "load", "", "send orders to the service at this `URL` instead of serving")
	flag.Int64Var(&wanted.rate, "rate", 10, "requests a second, sent whether or not earlier ones were answered")
	return &wanted
}

func run(ctx context.Context, version string, serving *capture, loading *load) error {
	if loading.url != "" {
		return loading.send(ctx)
	}
	catalogue := shop.LoadCatalogue(seed, products)
	service, err := shop.Open(version, catalogue, shop.RestoreSessions(seed, sessions, catalogue))
	if err != nil {
		return err
	}
	return serve(ctx, version, service, serving)
}

// serve answers until it is interrupted, and takes the capture on the way if one is wanted.
func serve(ctx context.Context, version string, service *shop.Shop, wanted *capture) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: service.Handler(), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(listener) }()
	fmt.Printf("listening on http://%s\n", listener.Addr())
	if wanted.directory != "" {
		go func() {
			if err := wanted.take(ctx, version, service); err != nil {
				failed <- err
			}
		}()
	}
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	return errors.Join(err, server.Close())
}
