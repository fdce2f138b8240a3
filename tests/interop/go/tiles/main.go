// Tiles grows a log while it watches it with Tessera's client, and then proves everything that the
// log has ever said with Tessera's client, its fsck and the checkpoint formats of transparency-dev.
//
// Usage: tiles URL DIRECTORY VERIFIER-KEY OTHER-KEY
//
// The log has to take opaque entries and to be empty; DIRECTORY is where it lies. OTHER-KEY is of
// another log with the same origin.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"

	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"
)

const (
	// Two full bundles and a partial one.
	entries = 700
	// Entries that are on their way at once, so that batches are of several sizes.
	posters = 3
)

// source is a way to read a log: over HTTP, or its files.
type source interface {
	ReadCheckpoint(ctx context.Context) ([]byte, error)
	ReadTile(ctx context.Context, level, index uint64, width uint8) ([]byte, error)
	ReadEntryBundle(ctx context.Context, index uint64, width uint8) ([]byte, error)
}

func main() {
	if len(os.Args) != 5 {
		fail("usage: tiles URL DIRECTORY VERIFIER-KEY OTHER-KEY")
	}
	// Tessera's fsck tells what it does.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	base, dir := os.Args[1], os.Args[2]
	verifier, other := verifierOf(os.Args[3]), verifierOf(os.Args[4])
	ctx := context.Background()

	grown := grow(ctx, base, fetcher(base), verifier)
	sources := map[string]source{
		"over HTTP":                 fetcher(base),
		"over HTTP, as Rekor's are": fetcher(base + "/api/v2/"),
		"from the files":            client.FileFetcher{Root: dir},
	}
	for name, from := range sources {
		w := walk{from: from, verifier: verifier, grown: grown}
		w.all(ctx)
		fmt.Printf("tiles: %d entries proved %s, and consistent with all %d sizes seen\n",
			entries, name, len(grown.checkpoints))
	}
	refuseCheckpoints(grown.last(), verifier, other)
}

func verifierOf(key string) note.Verifier {
	verifier, err := f_note.NewVerifier(key)
	check(err, "verifier key")
	return verifier
}

func fetcher(base string) source {
	root, err := url.Parse(base)
	check(err, "URL")
	over, err := client.NewHTTPFetcher(root, nil)
	check(err, "fetcher")
	return over
}

func expect(got, want []byte, what string) {
	if !bytes.Equal(got, want) {
		fail("%s: %x is not %x", what, got, want)
	}
}

// refused ends the program if there was no error.
func refused(err error, what string) {
	if err == nil {
		fail("%s was accepted", what)
	}
}

func check(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "tiles: "+format+"\n", arguments...)
	os.Exit(1)
}
