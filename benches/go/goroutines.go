// spawn, live, timers and mutex: rows about goroutines themselves.

package main

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	batchSize = 10_000
	lockers   = 8
)

// spawn starts trivial goroutines in batches; a wait group tells when a batch has ended.
func spawn(n int) (time.Duration, error) {
	batch := min(n, batchSize)
	batches := n / batch
	slots := make([]uint32, batch)
	var group sync.WaitGroup
	start := time.Now()
	for range batches {
		group.Add(batch)
		for i := range batch {
			go func() {
				slots[i]++
				group.Done()
			}()
		}
		group.Wait()
	}
	took := time.Since(start)
	return took, checkSlots("spawn", slots, batches)
}

func checkSlots(what string, slots []uint32, want int) error {
	for _, slot := range slots {
		if err := check(what, uint64(slot), uint64(want)); err != nil {
			return err
		}
	}
	return nil
}

// live parks goroutines in a receive on one channel, and closes it.
func live(n int) (outcome, error) {
	touch(n * greediest)
	slots := make([]uint32, n)
	for i := range slots {
		slots[i] = 0
	}
	var group sync.WaitGroup
	channel := make(chan uint64, 128)

	before := resident()
	start := time.Now()
	group.Add(n)
	for i := range n {
		go func() {
			group.Done()
			if _, open := <-channel; !open {
				slots[i]++
			}
			group.Done()
		}()
	}
	group.Wait()
	created := time.Since(start)
	memory := max(0, resident()-before)

	start = time.Now()
	group.Add(n)
	close(channel)
	group.Wait()
	released := time.Since(start)

	figures := []float64{float64(memory) / float64(n), each(created, n), each(released, n)}
	return outcome{n, figures}, checkSlots("live", slots, 1)
}

// timers lets goroutines sleep from 0 to 1,000 ms.
func timers(n int) (outcome, error) {
	touch(n * greediest)
	lateness := make([]time.Duration, n)
	const never = time.Duration(1<<63 - 1)
	for i := range lateness {
		lateness[i] = never
	}
	var group sync.WaitGroup

	before := cpuTime()
	group.Add(n)
	for i := range n {
		go func() {
			nap := time.Duration(i*7_919%1_000_000) * time.Microsecond
			deadline := time.Now().Add(nap)
			time.Sleep(nap)
			lateness[i] = time.Since(deadline)
			group.Done()
		}()
	}
	group.Wait()
	cpu := cpuTime() - before

	slices.Sort(lateness)
	if lateness[n-1] == never {
		return outcome{}, fmt.Errorf("a sleeper did not wake")
	}
	if lateness[0] < 0 {
		return outcome{}, fmt.Errorf("a sleeper woke early")
	}
	median := float64(lateness[n/2].Nanoseconds()) / 1e3
	return outcome{n, []float64{each(cpu, n) / 1e3, median}}, nil
}

// mutex has eight goroutines lock, increment and unlock.
func mutex(n int) (time.Duration, error) {
	share := n / lockers
	var group sync.WaitGroup
	var lock sync.Mutex
	var counter uint64
	start := time.Now()
	for range lockers {
		group.Go(func() {
			for range share {
				lock.Lock()
				counter++
				lock.Unlock()
			}
		})
	}
	group.Wait()
	took := time.Since(start)
	return took, check("mutex", counter, uint64(share*lockers))
}
