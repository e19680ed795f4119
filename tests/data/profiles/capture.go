// A small program whose profiles have what real ones have: inlined lines, recursion, labels.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"log"
	"os"
	"runtime"
	"runtime/pprof"
	"sort"
	"strconv"
	"time"
)

type item struct {
	name  string
	price int
}

func digit(n int) int { return n%10 + 1 } // the compiler inlines it

func checksum(n int) int { // and this one too
	sum := 0
	for n > 0 {
		sum += digit(n)
		n /= 10
	}
	return sum
}

//go:noinline
func fib(n int) int { // recursive
	if n < 2 {
		return checksum(n)
	}
	return fib(n-1) + fib(n-2)
}

//go:noinline
func catalogue(n int) []item {
	items := make([]item, 0, n)
	for i := range n {
		items = append(items, item{strconv.Itoa(i * 7919), i * 31 % 997})
	}
	sort.Slice(items, func(a, b int) bool { return items[a].name < items[b].name })
	return items
}

//go:noinline
func pack(items []item) int {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	for _, item := range items {
		zipped.Write([]byte(item.name))
	}
	zipped.Close()
	return out.Len()
}

func work(until time.Time) (kept [][]item) {
	for time.Now().Before(until) {
		pprof.Do(context.Background(), pprof.Labels("endpoint", "/fib"), func(context.Context) { fib(24) })
		pprof.Do(context.Background(), pprof.Labels("endpoint", "/list"), func(context.Context) {
			items := catalogue(4000)
			pack(items)
			if len(kept) < 20 {
				kept = append(kept, items)
			}
		})
	}
	return kept
}

func create(name string) *os.File {
	file, err := os.Create(name)
	if err != nil {
		log.Fatal(err)
	}
	return file
}

func main() {
	runtime.MemProfileRate = 64 << 10
	cpu := create("go.cpu.pb.gz")
	pprof.StartCPUProfile(cpu)
	kept := work(time.Now().Add(2 * time.Second))
	pprof.StopCPUProfile()
	runtime.GC()
	pprof.Lookup("heap").WriteTo(create("go.heap.pb.gz"), 0)
	pprof.Lookup("heap").WriteTo(create("legacy.heap.txt"), 1)
	pprof.Lookup("goroutine").WriteTo(create("legacy.goroutine.txt"), 1)
	runtime.KeepAlive(kept)
}
