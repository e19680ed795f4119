package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"checkout/shop"
)

// longest bounds a capture whose load never uses the CPU time asked for.
const longest = 5 * time.Minute

// capture is what to take, and where to.
type capture struct {
	directory, level string
	warmUp, span     time.Duration
	leastCPU         time.Duration
}

// facts are what was measured beside the profiles, over the span that the CPU profile covers.
type facts struct {
	Version   string `json:"version"`
	Level     string `json:"level"`
	CPUFile   string `json:"cpu_file"`
	HeapFile  string `json:"heap_file"`
	Started   string `json:"started"`
	WallNanos int64  `json:"wall_nanos"`
	CPUNanos  int64  `json:"cpu_nanos"`
	Requests  int64  `json:"requests"`
	Resident  int64  `json:"resident_bytes"`
	GoVersion string `json:"go_version"`
	MaxProcs  int    `json:"gomaxprocs"`
}

// take waits for the first request and the warm-up, captures once, and says so on stdout.
func (c *capture) take(ctx context.Context, version string, service *shop.Shop) error {
	if err := c.awaitLoad(ctx, service); err != nil {
		return err
	}
	name := fmt.Sprintf("checkout-%s-%s", version, c.level)
	measured := facts{
		Version: version, Level: c.level, CPUFile: name + ".cpu.pb.gz", HeapFile: name + ".heap.pb.gz",
		GoVersion: runtime.Version(), MaxProcs: runtime.GOMAXPROCS(0),
	}
	profile, err := c.profileCPU(ctx, service, &measured)
	if err != nil {
		return err
	}
	if measured.Resident, err = residentBytes(); err != nil {
		return err
	}
	heap, err := profileHeap()
	if err != nil {
		return err
	}
	if err := c.write(name, profile, heap, measured); err != nil {
		return err
	}
	fmt.Println("captured", name)
	return nil
}

func (c *capture) awaitLoad(ctx context.Context, service *shop.Shop) error {
	for started := time.Now(); service.Served() == 0; {
		if time.Since(started) > time.Minute {
			return errors.New("no request came in a minute")
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return pause(ctx, c.warmUp)
}

// profileCPU profiles at Go's own 100 Hz. The clocks are read just inside the span, so that
// neither starting the profiler nor writing the profile is counted.
func (c *capture) profileCPU(ctx context.Context, service *shop.Shop, measured *facts) ([]byte, error) {
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		return nil, err
	}
	started, cpuBefore, servedBefore := time.Now(), cpuTime(), service.Served()
	err := c.awaitSpan(ctx, started, cpuBefore)
	measured.Requests = service.Served() - servedBefore
	measured.CPUNanos = int64(cpuTime() - cpuBefore)
	measured.WallNanos = int64(time.Since(started))
	pprof.StopCPUProfile()
	measured.Started = started.UTC().Format(time.RFC3339Nano)
	return profile.Bytes(), err
}

func (c *capture) awaitSpan(ctx context.Context, started time.Time, cpuBefore time.Duration) error {
	for wall := time.Duration(0); wall < longest; wall = time.Since(started) {
		if wall >= c.span && cpuTime()-cpuBefore >= c.leastCPU {
			return nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("less than %s of CPU time was used in %s", c.leastCPU, longest)
}

// profileHeap collects first: a heap profile shows what was live at the last collection.
func profileHeap() ([]byte, error) {
	runtime.GC()
	var profile bytes.Buffer
	err := pprof.Lookup("heap").WriteTo(&profile, 0)
	return profile.Bytes(), err
}

func (c *capture) write(name string, profile, heap []byte, measured facts) error {
	document, err := json.Marshal(measured)
	if err != nil {
		return err
	}
	for file, content := range map[string][]byte{
		measured.CPUFile: profile, measured.HeapFile: heap, name + ".json": document,
	} {
		if err := os.WriteFile(filepath.Join(c.directory, file), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// cpuTime is the user and system time of all threads of this process.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // It has no reason to fail for the process itself.
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// residentBytes is VmRSS, the memory that the kernel holds for this process.
func residentBytes() (int64, error) {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "VmRSS:" {
			kibibytes, err := strconv.ParseInt(fields[1], 10, 64)
			return kibibytes * 1024, err
		}
	}
	return 0, errors.New("/proc/self/status has no VmRSS")
}

func pause(ctx context.Context, duration time.Duration) error {
	if duration <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(duration):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
