// Latency tells how long the write client of rekor-tiles waits for an answer: alone, and as one of a
// hundred clients, each with a connection of its own.
//
// Usage: latency URL
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	v1 "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/rekor-tiles/v2/pkg/client"
	"github.com/sigstore/rekor-tiles/v2/pkg/client/write"
	pb "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
)

func main() {
	if len(os.Args) != 2 {
		fail("usage: latency URL")
	}
	for _, load := range []struct{ clients, each int }{{1, 100}, {100, 20}} {
		var group sync.WaitGroup
		var mu sync.Mutex
		var waits []time.Duration
		for i := range load.clients {
			group.Go(func() {
				own := submit(os.Args[1], i, load.each)
				mu.Lock()
				defer mu.Unlock()
				waits = append(waits, own...)
			})
		}
		group.Wait()
		slices.Sort(waits)
		at := func(share int) time.Duration {
			return waits[min(len(waits)*share/100, len(waits)-1)].Round(100 * time.Microsecond)
		}
		fmt.Printf("rekor-tiles' client, clients at once: %d, entries: %d, p50 %s, p99 %s\n",
			load.clients, len(waits), at(50), at(99))
	}
}

// submit gives what each of a client's submissions took. All is signed before the first is sent, and one
// more opens the connection.
func submit(url string, number, count int) []time.Duration {
	writer, err := write.NewWriter(url, client.WithTransport(&http.Transport{}))
	check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	check(err)
	verifier := &pb.Verifier{
		KeyDetails: v1.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
		Verifier:   &pb.Verifier_PublicKey{PublicKey: &pb.PublicKey{RawBytes: spki}},
	}
	var requests []*pb.HashedRekordRequestV002
	for i := range count + 1 {
		digest := sha256.Sum256(fmt.Appendf(nil, "%d %d", number, i))
		signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		check(err)
		requests = append(requests, &pb.HashedRekordRequestV002{
			Digest:    digest[:],
			Signature: &pb.Signature{Content: signature, Verifier: verifier},
		})
	}
	var waits []time.Duration
	for _, request := range requests {
		start := time.Now()
		_, err := writer.Add(context.Background(), request)
		check(err)
		waits = append(waits, time.Since(start))
	}
	return waits[1:]
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "latency: "+format+"\n", arguments...)
	os.Exit(1)
}
