// ping-pong, spsc, mpmc, mpmc0, pool and select4: a few goroutines and channels between them.

package main

import (
	"sync"
	"time"
)

const (
	producers = 4
	consumers = 4
)

// pingPong sends a number back and forth over two channels of capacity 0.
func pingPong(n int) (time.Duration, error) {
	start := time.Now()
	pings, pongs := make(chan uint64), make(chan uint64)
	result := make(chan uint64)
	go func() {
		for value := range pings {
			pongs <- value + 1
		}
	}()
	go func() {
		var value uint64
		for range n {
			pings <- value
			value = <-pongs
		}
		close(pings)
		result <- value
	}()
	value := <-result
	took := time.Since(start)
	return took, check("ping-pong", value, uint64(n))
}

// spsc has one producer and one consumer, capacity 128.
func spsc(n int) (time.Duration, error) {
	start := time.Now()
	channel := make(chan uint64, 128)
	result := make(chan uint64)
	go func() {
		var sum uint64
		for value := range channel {
			sum += value
		}
		result <- sum
	}()
	go func() {
		for value := range uint64(n) {
			channel <- value
		}
		close(channel)
	}()
	sum := <-result
	took := time.Since(start)
	return took, check("spsc", sum, sumBelow(n))
}

// mpmc has four producers and four consumers on one channel.
func mpmc(capacity int) func(n int) (time.Duration, error) {
	return func(n int) (time.Duration, error) {
		share := n / producers
		start := time.Now()
		channel := make(chan uint64, capacity)
		sums := make(chan uint64, consumers)
		for range consumers {
			go func() {
				var sum uint64
				for value := range channel {
					sum += value
				}
				sums <- sum
			}()
		}
		var group sync.WaitGroup
		for producer := range producers {
			group.Go(func() {
				for value := producer * share; value < (producer+1)*share; value++ {
					channel <- uint64(value)
				}
			})
		}
		group.Wait()
		close(channel)
		var sum uint64
		for range consumers {
			sum += <-sums
		}
		took := time.Since(start)
		return took, check("mpmc", sum, sumBelow(share*producers))
	}
}

// pool is the tutorial's: three workers double the jobs; jobs and results have capacity 5.
func pool(n int) (time.Duration, error) {
	start := time.Now()
	jobs, results := make(chan uint64, 5), make(chan uint64, 5)
	for range 3 {
		go func() {
			for job := range jobs {
				results <- job * 2
			}
		}()
	}
	go func() {
		for job := range uint64(n) {
			jobs <- job
		}
		close(jobs)
	}()
	var sum uint64
	for range n {
		sum += <-results
	}
	took := time.Since(start)
	return took, check("pool", sum, sumBelow(n)*2)
}

// select4 has one goroutine select over four receives of capacity 16, with a producer each.
func select4(n int) (time.Duration, error) {
	share := n / 4
	start := time.Now()
	var channels [4]chan uint64
	for i := range channels {
		channels[i] = make(chan uint64, 16)
		go func() {
			for value := i * share; value < (i+1)*share; value++ {
				channels[i] <- uint64(value)
			}
		}()
	}
	result := make(chan uint64)
	go func() {
		a, b, c, d := channels[0], channels[1], channels[2], channels[3]
		var sum uint64
		for range share * 4 {
			select {
			case value := <-a:
				sum += value
			case value := <-b:
				sum += value
			case value := <-c:
				sum += value
			case value := <-d:
				sum += value
			}
		}
		result <- sum
	}()
	sum := <-result
	took := time.Since(start)
	return took, check("select4", sum, sumBelow(share*4))
}
