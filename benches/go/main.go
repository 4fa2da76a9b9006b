// The Go twin of the binary `peer`: the same rows, flags and line of JSON.
//
// Usage: go-peer --peer go --row NAME [--workers N] [--scale F]
// or, for the rows about servers: go-peer --serve echo|http --peer go [--workers N] --port N
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
)

// A row is a workload: its count at scale 1, the units of its figures, and what runs it.
type row struct {
	count   int
	figures []figure
	run     func(n int) (outcome, error)
}

// A figure is one number that a row yields.
type figure struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
}

// An outcome is what a row found out: the figures in the row's order.
type outcome struct {
	count  int
	values []float64
}

// A report is the line that a run prints.
type report struct {
	Row      string   `json:"row"`
	Peer     string   `json:"peer"`
	Workers  int      `json:"workers"`
	Count    int      `json:"count"`
	Unit     string   `json:"unit"`
	Value    float64  `json:"value"`
	More     []figure `json:"more"`
	Checksum string   `json:"checksum"`
}

func one(unit string) []figure {
	return []figure{{Unit: unit}}
}

// The counts repeat those of `src/catalogue.rs`.
func rows() map[string]row {
	asleep := []figure{{Name: "CPU", Unit: "us each"}, {Name: "lateness", Unit: "us, median"}}
	parked := []figure{
		{Name: "memory", Unit: "bytes each"},
		{Name: "create", Unit: "ns each"},
		{Name: "release", Unit: "ns each"},
	}
	nodes := []figure{{Name: "create", Unit: "ns each"}, {Name: "cancel", Unit: "ns each"}}
	gaps := []figure{{Name: "gap after 25 ms", Unit: "ms"}, {Name: "gap", Unit: "ms"}}
	ticks := []figure{{Name: "CPU", Unit: "us/tick"}, {Name: "time", Unit: "x the period"}}
	return map[string]row{
		"spawn":      {1_000_000, one("ns each"), warmed(spawn)},
		"live":       {1_000_000, parked, live},
		"ping-pong":  {1_000_000, one("ns/round trip"), warmed(pingPong)},
		"spsc":       {10_000_000, one("ns/msg"), warmed(spsc)},
		"mpmc":       {4_000_000, one("ns/msg"), warmed(mpmc(128))},
		"mpmc0":      {2_000_000, one("ns/msg"), warmed(mpmc(0))},
		"pool":       {1_000_000, one("ns/job"), warmed(pool)},
		"select4":    {2_000_000, one("ns/msg"), warmed(select4)},
		"ring":       {1_000_000, one("ns/hop"), warmed(ring)},
		"skynet":     {1_000_000, one("ms"), skynet},
		"sieve":      {2_000, one("ms"), sieve},
		"timers":     {1_000_000, asleep, timers},
		"timers-10k": {10_000, asleep, timers},
		"mutex":      {2_000_000, one("ns/op"), warmed(mutex)},

		"mutex1":       {10_000_000, one("ns/op"), warmed(mutex1)},
		"rwlock":       {2_000_000, one("ns/op"), warmed(rwlock)},
		"wait-group":   {4_000_000, one("ns/op"), warmed(waitGroup)},
		"select2":      {2_000_000, one("ns/msg"), warmed(select2)},
		"select8":      {2_000_000, one("ns/msg"), warmed(select8)},
		"select-timer": {2_000_000, one("ns/msg"), warmed(selectTimer)},
		"broadcast":    {2_000_000, one("ns/delivery"), warmed(broadcast)},
		"context-tree": {10_000, nodes, contextTree},
		"ticker":       {50_000, ticks, ticker},
		"timer-churn":  {2_000_000, one("ns each"), warmed(timerChurn)},
		"hog-spin":     {1_000, gaps, beside(spin, slowest)},
		"hog-block":    {1_000, gaps, beside(block, 0)},
	}
}

func main() {
	peer := flag.String("peer", "go", "always `go`")
	name := flag.String("row", "", "the row to run")
	workers := flag.Int("workers", 1, "GOMAXPROCS")
	scale := flag.Float64("scale", 1, "share of the row's count")
	what := flag.String("serve", "", "what to serve, instead of running a row")
	port := flag.Int("port", 0, "where")
	flag.Parse()

	if *what != "" {
		fmt.Fprintf(os.Stderr, "go-peer: %v\n", serve(*what, *workers, *port))
		os.Exit(1)
	}
	row, known := rows()[*name]
	if *peer != "go" || !known || *workers < 1 || *scale <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	runtime.GOMAXPROCS(*workers)
	outcome, err := row.run(max(100, int(float64(row.count)**scale)))
	if err != nil {
		fmt.Fprintf(os.Stderr, "go-peer: %s: %v\n", *name, err)
		os.Exit(1)
	}
	figures := row.figures
	for i, value := range outcome.values {
		figures[i].Value = value
	}
	err = json.NewEncoder(os.Stdout).Encode(report{
		Row:      *name,
		Peer:     *peer,
		Workers:  *workers,
		Count:    outcome.count,
		Unit:     figures[0].Unit,
		Value:    figures[0].Value,
		More:     figures[1:],
		Checksum: "ok",
	})
	if err != nil {
		os.Exit(1)
	}
}
