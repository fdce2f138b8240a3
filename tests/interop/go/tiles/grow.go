package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
)

// grown is what was seen of a log while it grew.
type grown struct {
	mu sync.Mutex
	// What was submitted, by the index that the log gave it.
	bodies map[uint64][]byte
	// The signed checkpoints, by size.
	checkpoints map[uint64][]byte
}

// grow submits the entries. After each answer the checkpoint has to cover the entry, and Tessera's
// tracker has to find it consistent with the one before.
func grow(ctx context.Context, base string, from source, verifier note.Verifier) *grown {
	g := &grown{bodies: map[uint64][]byte{}, checkpoints: map[uint64][]byte{}}
	tracker, err := client.NewLogStateTracker(ctx, from.ReadTile, nil, verifier, verifier.Name(),
		client.UnilateralConsensus(from.ReadCheckpoint))
	check(err, "the empty log's checkpoint")
	if size := tracker.Latest().Size; size != 0 {
		fail("the log has %d entries already", size)
	}
	var group sync.WaitGroup
	for poster := range posters {
		group.Go(func() {
			for i := poster; i < entries; i += posters {
				g.submit(base, fmt.Appendf(nil, "entry %d of the log that is watched", i), func() uint64 {
					return g.see(ctx, tracker)
				})
			}
		})
	}
	group.Wait()
	g.see(ctx, tracker)
	if last := tracker.Latest().Size; last != entries || len(g.bodies) != entries {
		fail("%d entries were taken, the log has %d", len(g.bodies), last)
	}
	return g
}

// submit posts one entry; what `see` finds published then has to cover it.
func (g *grown) submit(base string, body []byte, see func() uint64) {
	answer, err := http.Post(base+"/add", "application/octet-stream", strings.NewReader(string(body)))
	check(err, "POST /add")
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(err, "POST /add")
	if answer.StatusCode != http.StatusOK {
		fail("POST /add: %s: %s", answer.Status, text)
	}
	index, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	check(err, "POST /add")
	g.mu.Lock()
	if _, taken := g.bodies[index]; taken {
		fail("index %d was given twice", index)
	}
	g.bodies[index] = body
	g.mu.Unlock()
	if size := see(); size <= index {
		fail("the answer gave index %d, and %d entries are published", index, size)
	}
}

// see follows the log to its newest checkpoint, keeps that, and gives its size.
func (g *grown) see(ctx context.Context, tracker *client.LogStateTracker) uint64 {
	_, _, raw, err := tracker.Update(ctx)
	check(err, "following the log")
	var checkpoint log.Checkpoint
	_, err = checkpoint.Unmarshal(raw)
	check(err, "checkpoint")
	g.mu.Lock()
	defer g.mu.Unlock()
	g.checkpoints[checkpoint.Size] = raw
	return checkpoint.Size
}

// sizes are those seen, in order.
func (g *grown) sizes() []uint64 {
	var sizes []uint64
	for size := range g.checkpoints {
		sizes = append(sizes, size)
	}
	slices.Sort(sizes)
	return sizes
}

// last is the checkpoint of the whole log.
func (g *grown) last() []byte {
	return g.checkpoints[entries]
}
