// Rows about tools: select over 2 and 8, select with a timer, locks, wait groups, contexts, broadcasts, tickers, timers.

package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	listeners = 100
	castBatch = 100
	treeFanOut = 10
	tickers   = 100
	period    = time.Millisecond
)

// produce starts a producer for each channel and takes all their values by take.
func produce(n, channels int, take func(all []chan uint64, n int) uint64) (time.Duration, error) {
	share := n / channels
	all := make([]chan uint64, channels)
	start := time.Now()
	for i := range all {
		all[i] = make(chan uint64, 16)
		go func() {
			for value := i * share; value < (i+1)*share; value++ {
				all[i] <- uint64(value)
			}
		}()
	}
	result := make(chan uint64)
	go func() { result <- take(all, share*channels) }()
	sum := <-result
	took := time.Since(start)
	return took, check("select", sum, sumBelow(share*channels))
}

func select2(n int) (time.Duration, error) {
	return produce(n, 2, func(all []chan uint64, n int) uint64 {
		a, b := all[0], all[1]
		var sum uint64
		for range n {
			select {
			case value := <-a:
				sum += value
			case value := <-b:
				sum += value
			}
		}
		return sum
	})
}

func select8(n int) (time.Duration, error) {
	return produce(n, 8, func(all []chan uint64, n int) uint64 {
		a, b, c, d, e, f, g, h := all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7]
		var sum uint64
		for range n {
			select {
			case value := <-a:
				sum += value
			case value := <-b:
				sum += value
			case value := <-c:
				sum += value
			case value := <-d:
				sum += value
			case value := <-e:
				sum += value
			case value := <-f:
				sum += value
			case value := <-g:
				sum += value
			case value := <-h:
				sum += value
			}
		}
		return sum
	})
}

func selectTimer(n int) (time.Duration, error) {
	return produce(n, 1, func(all []chan uint64, n int) uint64 {
		one := all[0]
		var sum uint64
		for range n {
			select {
			case value := <-one:
				sum += value
			case <-time.After(10 * time.Second):
				panic("the producer is quicker than the limit")
			}
		}
		return sum
	})
}

func mutex1(n int) (time.Duration, error) {
	var lock sync.Mutex
	var counter uint64
	start := time.Now()
	for range n {
		lock.Lock()
		counter++
		lock.Unlock()
	}
	took := time.Since(start)
	return took, check("mutex1", counter, uint64(n))
}

// rwlock has eight goroutines; one operation in twenty writes.
func rwlock(n int) (time.Duration, error) {
	var lock sync.RWMutex
	var counter uint64
	var group sync.WaitGroup
	each := n / lockers
	var lost atomic.Bool
	start := time.Now()
	for range lockers {
		group.Go(func() {
			var seen uint64
			for i := range each {
				if i%20 == 0 {
					lock.Lock()
					counter++
					lock.Unlock()
					continue
				}
				lock.RLock()
				now := counter
				lock.RUnlock()
				if now < seen {
					lost.Store(true)
				}
				seen = now
			}
		})
	}
	group.Wait()
	took := time.Since(start)
	if lost.Load() {
		return took, fmt.Errorf("a write was lost")
	}
	return took, check("rwlock", counter, uint64(lockers*((each+19)/20)))
}

func waitGroup(n int) (time.Duration, error) {
	var group sync.WaitGroup
	slots := make([]uint32, 4)
	start := time.Now()
	group.Add(4)
	for i := range slots {
		go func() {
			for range n / 4 {
				group.Add(1)
				group.Done()
			}
			slots[i]++
			group.Done()
		}()
	}
	group.Wait()
	took := time.Since(start)
	return took, checkSlots("wait-group", slots, 1)
}

// contextTree makes a tree of contexts with a goroutine that waits for each, and cancels its root.
func contextTree(n int) (outcome, error) {
	slots := make([]uint32, n)
	var group sync.WaitGroup
	start := time.Now()
	tree := make([]context.Context, n)
	cancels := make([]context.CancelFunc, n)
	tree[0], cancels[0] = context.WithCancel(context.Background())
	for i := 1; i < n; i++ {
		tree[i], cancels[i] = context.WithCancel(tree[(i-1)/treeFanOut])
	}
	group.Add(n)
	var ended sync.WaitGroup
	ended.Add(n)
	for i, node := range tree {
		go func() {
			group.Done()
			<-node.Done()
			slots[i]++
			ended.Done()
		}()
	}
	group.Wait()
	created := time.Since(start)
	start = time.Now()
	cancels[0]()
	ended.Wait()
	cancelled := time.Since(start)
	return outcome{n, []float64{each(created, n), each(cancelled, n)}}, checkSlots("context-tree", slots, 1)
}

// broadcast sends each value into a hundred channels.
func broadcast(n int) (time.Duration, error) {
	batches := max(1, n/listeners/castBatch)
	all := make([]chan uint64, listeners)
	sums := make([]uint64, listeners)
	var group, ended sync.WaitGroup
	ended.Add(listeners)
	for i := range all {
		all[i] = make(chan uint64, 128)
		go func() {
			for range batches {
				for range castBatch {
					sums[i] += <-all[i]
				}
				group.Done()
			}
			ended.Done()
		}()
	}
	start := time.Now()
	for batch := range batches {
		group.Add(listeners)
		for value := batch * castBatch; value < (batch+1)*castBatch; value++ {
			for _, listener := range all {
				listener <- uint64(value)
			}
		}
		group.Wait()
	}
	took := time.Since(start)
	ended.Wait()
	for _, sum := range sums {
		if err := check("broadcast", sum, sumBelow(batches*castBatch)); err != nil {
			return took, err
		}
	}
	return took * time.Duration(n) / time.Duration(batches*castBatch*listeners), nil
}

// ticker has a hundred tickers of a millisecond, and n ticks in all.
func ticker(n int) (outcome, error) {
	each := max(1, n/tickers)
	var group sync.WaitGroup
	before, start := cpuTime(), time.Now()
	for range tickers {
		group.Go(func() {
			ticks := time.NewTicker(period)
			defer ticks.Stop()
			for range each {
				<-ticks.C
			}
		})
	}
	group.Wait()
	took, cpu := time.Since(start), cpuTime()-before
	ticks := each * tickers
	stretch := took.Seconds() / (time.Duration(each) * period).Seconds()
	return outcome{ticks, []float64{float64(cpu.Nanoseconds()) / float64(ticks) / 1e3, stretch}}, nil
}

// timerChurn makes timers for an hour, looks whether they have fired, and stops them.
func timerChurn(n int) (time.Duration, error) {
	var fired uint64
	start := time.Now()
	for range n {
		timer := time.NewTimer(time.Hour)
		select {
		case <-timer.C:
			fired++
		default:
		}
		timer.Stop()
	}
	took := time.Since(start)
	return took, check("timer-churn", fired, 0)
}
