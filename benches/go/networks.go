// ring, skynet and sieve: many goroutines, and a channel of capacity 0 between neighbours.

package main

import (
	"time"
)

const (
	nodes  = 1_000
	fanOut = 10
	// Bytes that a leaf of skynet may need in the greediest peer.
	greediestLeaf = 1_000
)

// ring sends a token round a thousand goroutines.
func ring(hops int) (time.Duration, error) {
	received := make(chan uint64, nodes)
	first := make(chan uint64)
	before := first
	for i := range nodes {
		next := first
		if i+1 < nodes {
			next = make(chan uint64)
		}
		go passOn(before, next, uint64(hops), received)
		before = next
	}
	start := time.Now()
	first <- 1
	var sum uint64
	for range nodes {
		sum += <-received
	}
	took := time.Since(start)
	return took, check("ring", sum, uint64(hops))
}

// passOn hands the token on until its last hop; then each node closes the next one's channel.
func passOn(before <-chan uint64, next chan<- uint64, hops uint64, received chan<- uint64) {
	var count uint64
	for hop := range before {
		count++
		if hop == hops {
			break
		}
		next <- hop + 1
	}
	// The channel of the node that ended the ring is closed as well, by the node before it, and by nobody else.
	close(next)
	received <- count
}

// skynet is a tree of goroutines with fan-out 10, whose leaves send their number and whose nodes send sums.
func skynet(n int) (outcome, error) {
	touch(n * greediestLeaf)
	if _, err := tree(whole(warmUp(n))); err != nil {
		return outcome{}, err
	}
	leaves := whole(n)
	took, err := tree(leaves)
	return outcome{leaves, []float64{milliseconds(took)}}, err
}

// whole is the largest tree with at most n leaves.
func whole(n int) int {
	leaves := fanOut
	for leaves*fanOut <= n {
		leaves *= fanOut
	}
	return leaves
}

func tree(leaves int) (time.Duration, error) {
	start := time.Now()
	result := make(chan uint64)
	go node(result, 0, leaves)
	sum := <-result
	took := time.Since(start)
	return took, check("skynet", sum, sumBelow(leaves))
}

func node(result chan<- uint64, first, leaves int) {
	if leaves == 1 {
		result <- uint64(first)
		return
	}
	sums := make(chan uint64)
	below := leaves / fanOut
	for child := range fanOut {
		go node(sums, first+child*below, below)
	}
	var sum uint64
	for range fanOut {
		sum += <-sums
	}
	result <- sum
}

// sieve chains a filter for each prime.
func sieve(primes int) (outcome, error) {
	if _, err := filters(warmUp(primes)); err != nil {
		return outcome{}, err
	}
	took, err := filters(primes)
	return outcome{primes, []float64{milliseconds(took)}}, err
}

func filters(primes int) (time.Duration, error) {
	start := time.Now()
	stop := make(chan struct{})
	last := make(chan uint64)
	go generate(last, stop)
	var sum uint64
	for range primes {
		prime := <-last
		sum += prime
		next := make(chan uint64)
		go filter(last, next, prime)
		last = next
	}
	took := time.Since(start)
	close(stop)
	go func() {
		for range last {
		}
	}()
	return took, check("sieve", sum, sumOfPrimes(primes))
}

func generate(numbers chan<- uint64, stop <-chan struct{}) {
	for number := uint64(2); ; number++ {
		select {
		case <-stop:
			close(numbers)
			return
		case numbers <- number:
		}
	}
}

func filter(before <-chan uint64, next chan<- uint64, prime uint64) {
	for number := range before {
		if number%prime != 0 {
			next <- number
		}
	}
	close(next)
}

// sumOfPrimes is the sum of the first n primes, by trial division.
func sumOfPrimes(n int) uint64 {
	var primes []uint64
	var sum uint64
next:
	for number := uint64(2); len(primes) < n; number++ {
		for _, prime := range primes {
			if prime*prime > number {
				break
			}
			if number%prime == 0 {
				continue next
			}
		}
		primes = append(primes, number)
		sum += number
	}
	return sum
}
