// Clocks, memory and check sums.

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// What one goroutine of a memory-heavy row may need in the greediest peer: the same for all of them.
const greediest = 3_500

// warmed runs a tenth of a row untimed first.
func warmed(row func(n int) (time.Duration, error)) func(n int) (outcome, error) {
	return func(n int) (outcome, error) {
		if _, err := row(warmUp(n)); err != nil {
			return outcome{}, err
		}
		took, err := row(n)
		return outcome{n, []float64{each(took, n)}}, err
	}
}

func warmUp(n int) int {
	return max(1, n/10)
}

// each is nanoseconds per operation.
func each(took time.Duration, n int) float64 {
	return float64(took.Nanoseconds()) / float64(n)
}

func milliseconds(took time.Duration) float64 {
	return took.Seconds() * 1e3
}

func check(what string, got, want uint64) error {
	if got != want {
		return fmt.Errorf("check sum of %s is %d, must be %d", what, got, want)
	}
	return nil
}

func sumBelow(n int) uint64 {
	var sum uint64
	for value := range uint64(n) {
		sum += value
	}
	return sum
}

// cpuTime is the CPU time of this process, all threads, kernel and user.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// resident is the resident memory of this process in bytes.
func resident() int {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.Atoi(strings.Fields(string(statm))[1])
	return pages * os.Getpagesize()
}

// touch writes to memory once and gives it back, so that the host has provided the pages before a row is timed.
// Never more than half of what is available.
func touch(bytes int) {
	bytes = min(bytes, available()/2)
	memory, err := syscall.Mmap(-1, 0, max(1, bytes), syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return
	}
	for at := 0; at < len(memory); at += os.Getpagesize() {
		memory[at] = 1
	}
	_ = syscall.Munmap(memory)
}

func available() int {
	info, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(info)) {
		if rest, found := strings.CutPrefix(line, "MemAvailable:"); found {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kib * 1024
		}
	}
	return 0
}
