// Command cost measures what it costs Rekor's own code to verify proposals and to make entries of
// them, by kind: what `fasti-bench proposals` measures of fasti, with the same files. Trillian,
// MySQL and Redis, which Rekor needs besides, are not in it.
//
//	cost DIRECTORY [MILLISECONDS]
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-openapi/runtime"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/types"

	_ "github.com/sigstore/rekor/pkg/types/alpine/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/cose/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/helm/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.2"
	_ "github.com/sigstore/rekor/pkg/types/jar/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/rekord/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/rfc3161/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/rpm/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/tuf/v0.0.1"
)

func accept(body []byte) error {
	proposed, err := models.UnmarshalProposedEntry(bytes.NewReader(body), runtime.JSONConsumer())
	if err != nil {
		return err
	}
	entry, err := types.CreateVersionedEntry(proposed)
	if err != nil {
		return err
	}
	_, err = types.CanonicalizeEntry(context.Background(), entry)
	return err
}

// cpu is the CPU time that this process has used, its garbage collector included.
func cpu() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		log.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// cost returns false if the proposal is refused, or if it makes Rekor panic.
func cost(body []byte, enough time.Duration) (each time.Duration, accepted bool) {
	defer func() {
		if recover() != nil {
			each, accepted = 0, false
		}
	}()
	if accept(body) != nil {
		return 0, false
	}
	before := cpu()
	for times := time.Duration(1); ; times++ {
		if accept(body) != nil {
			return 0, false
		}
		if used := cpu() - before; used >= enough {
			return used / times, true
		}
	}
}

func main() {
	log.SetFlags(0)
	debug.SetGCPercent(100)
	enough := 200
	if len(os.Args) > 2 {
		enough, _ = strconv.Atoi(os.Args[2])
	}
	kinds, err := os.ReadDir(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for _, kind := range kinds {
		files, _ := filepath.Glob(filepath.Join(os.Args[1], kind.Name(), "*.proposal.json"))
		var sum, most time.Duration
		var accepted, refused int
		var dearest string
		for _, file := range files {
			body, err := os.ReadFile(file)
			if err != nil {
				log.Fatal(err)
			}
			each, ok := cost(body, time.Duration(enough)*time.Millisecond)
			if !ok {
				refused++
				continue
			}
			accepted++
			sum += each
			if each > most {
				most, dearest = each, strings.TrimSuffix(filepath.Base(file), ".proposal.json")
			}
		}
		if accepted > 0 {
			fmt.Printf("%-14s %9.1f µs CPU, the mean of %d (%d refused); %.1f for %s\n", kind.Name(),
				float64(sum.Nanoseconds())/1e3/float64(accepted), accepted, refused,
				float64(most.Nanoseconds())/1e3, dearest)
		}
	}
}
