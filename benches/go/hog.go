// hog-spin and hog-block: two goroutines keep their threads for a second, and a ticker of a millisecond runs beside them.

package main

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	hogs    = 2
	lead    = 50 * time.Millisecond
	grace   = 25 * time.Millisecond
	fewest  = 1
	steps   = 1_000
	slowest = 5
)

// A spell is what a hog did.
type spell struct {
	took  time.Duration
	end   time.Time
	steps int64
	value uint64
}

// spin computes; nothing is called between two looks at the clock.
func spin(duration time.Duration) spell {
	start := time.Now()
	value, done := uint64(1), int64(0)
	for time.Since(start) < duration {
		for range steps {
			value ^= value << 13
			value ^= value >> 7
			value ^= value << 17
		}
		done += steps
	}
	end := time.Now()
	return spell{end.Sub(start), end, done, value}
}

// block sleeps in a system call.
func block(duration time.Duration) spell {
	start := time.Now()
	for left := duration; left > 0; left = duration - time.Since(start) {
		// A signal may end it early.
		rest := syscall.NsecToTimespec(left.Nanoseconds())
		_ = syscall.Nanosleep(&rest, nil)
	}
	end := time.Now()
	return spell{end.Sub(start), end, 0, 0}
}

// A tickLog is when the ticker ticked.
type tickLog struct {
	start time.Time
	ticks []time.Time
}

// beside runs a ticker beside hogs, for n of its ticks.
func beside(hog func(duration time.Duration) spell, least int64) func(n int) (outcome, error) {
	return func(n int) (outcome, error) {
		duration := time.Duration(n) * period
		var over atomic.Bool
		ticked := make(chan tickLog)
		go func() {
			log := tickLog{time.Now(), make([]time.Time, 0, 4_096)}
			ticks := time.NewTicker(period)
			defer ticks.Stop()
			for !over.Load() {
				<-ticks.C
				log.ticks = append(log.ticks, time.Now())
			}
			<-ticks.C
			log.ticks = append(log.ticks, time.Now())
			ticked <- log
		}()
		time.Sleep(lead)

		start := time.Now()
		spells := make(chan spell, hogs)
		for range hogs {
			go func() { spells <- hog(duration) }()
		}
		var end time.Time
		var err error
		for range hogs {
			spell := <-spells
			if spell.took < duration || spell.steps < least*duration.Microseconds() {
				err = fmt.Errorf("a hog took %v for %d steps", spell.took, spell.steps)
			}
			if spell.end.After(end) {
				end = spell.end
			}
		}
		over.Store(true)
		log := <-ticked
		if err == nil {
			err = log.check(start, end)
		}
		return outcome{n, log.gaps(start, end)}, err
	}
}

// gaps is the largest gap while a hog ran: what is left of it after the grace, and all of it.
func (log *tickLog) gaps(start, end time.Time) []float64 {
	var late, all time.Duration
	for i, tick := range log.ticks[1:] {
		before := log.ticks[i]
		if tick.After(start) && before.Before(end) {
			all = max(all, tick.Sub(before))
			if allowed := start.Add(grace); before.Before(allowed) {
				before = allowed
			}
			late = max(late, tick.Sub(before))
		}
	}
	return []float64{milliseconds(late), milliseconds(all)}
}

// check fails unless the ticker ticked before the hogs and after them, and never more often than it may.
func (log *tickLog) check(start, end time.Time) error {
	before := 0
	for _, tick := range log.ticks {
		if tick.Before(start) {
			before++
		}
	}
	last := log.ticks[len(log.ticks)-1]
	most := int(last.Sub(log.start)/period) + 1
	if before < fewest || last.Before(end) || len(log.ticks) > most {
		return fmt.Errorf("%d ticks, %d of them before the hogs", len(log.ticks), before)
	}
	return nil
}
