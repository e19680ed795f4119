// A tight loop over google/pprof's own profile package: the quickest that Go programs usually get to self and
// total per function name. It prints, as JSON, the CPU seconds of each round and the peak memory.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"goloop/profile"
)

type took struct {
	Inflate []float64 `json:"inflate"`
	All     []float64 `json:"all"`
	RSS     int64     `json:"rss"`
	Total   int64     `json:"total"`
	Names   int       `json:"names"`
}

func main() {
	data, err := os.ReadFile(os.Args[1])
	fail(err)
	rounds, err := strconv.Atoi(os.Args[2])
	fail(err)
	var said took
	for range rounds {
		runtime.GC()
		start := cpu()
		inflate(data)
		said.Inflate = append(said.Inflate, cpu()-start)
		runtime.GC()
		start = cpu()
		said.Total, said.Names = reduce(data)
		said.All = append(said.All, cpu()-start)
	}
	var used syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	said.RSS = used.Maxrss
	fail(json.NewEncoder(os.Stdout).Encode(said))
}

func inflate(data []byte) {
	stream, err := gzip.NewReader(bytes.NewReader(data))
	fail(err)
	_, err = io.ReadAll(stream)
	fail(err)
}

// Names get numbers, locations the numbers of their frames; each sample is walked once.
func reduce(data []byte) (int64, int) {
	p, err := profile.ParseData(data)
	fail(err)
	numbers := map[string]int32{}
	frames := make([][]int32, len(p.Location)+1)
	for place, location := range p.Location {
		location.ID = uint64(place)
		for _, line := range location.Line {
			name := "?"
			if line.Function != nil {
				name = line.Function.Name
			}
			number, known := numbers[name]
			if !known {
				number = int32(len(numbers))
				numbers[name] = number
			}
			frames[place] = append(frames[place], number)
		}
	}
	column := len(p.SampleType) - 1
	selfs, totals := make([]int64, len(numbers)), make([]int64, len(numbers))
	met := make([]int32, len(numbers))
	var whole int64
	for place, sample := range p.Sample {
		value := sample.Value[column]
		if value == 0 {
			continue
		}
		whole += value
		mark := int32(place) + 1
		for depth, location := range sample.Location {
			for at, number := range frames[location.ID] {
				if depth == 0 && at == 0 {
					selfs[number] += value
				}
				if met[number] != mark {
					met[number] = mark
					totals[number] += value
				}
			}
		}
	}
	return whole, len(numbers)
}

func cpu() float64 {
	var used syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
