// Notes reads a log directory with Go's own transparency log packages, which share nothing with
// fasti: golang.org/x/mod/sumdb/note verifies the checkpoint, sumdb/tlog hashes every entry into
// records, recomputes the root, and proves and checks every leaf and every earlier size.
//
// Usage: notes DIRECTORY VERIFIER-KEY
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) != 3 {
		fail("usage: notes DIRECTORY VERIFIER-KEY")
	}
	dir, vkey := os.Args[1], os.Args[2]
	tree := openCheckpoint(filepath.Join(dir, "checkpoint"), vkey)
	hashes := readEntries(dir, tree.N)
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = hashes[x]
		}
		return out, nil
	})
	root, err := tlog.TreeHash(tree.N, reader)
	check(err, "root")
	if root != tree.Hash {
		fail("the entries do not hash to the signed root")
	}
	proveAll(tree, reader)
	checkTiles(dir, tree, reader)
	fmt.Printf("notes: %d entries, every leaf and every earlier size proved\n", tree.N)
}

func openCheckpoint(path, vkey string) tlog.Tree {
	verifier, err := note.NewVerifier(vkey)
	check(err, "verifier key")
	bytes, err := os.ReadFile(path)
	check(err, "checkpoint")
	opened, err := note.Open(bytes, note.VerifierList(verifier))
	check(err, "checkpoint")
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		fail("the checkpoint is not origin, size and root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "tree size")
	root, err := tlog.ParseHash(lines[2])
	check(err, "root hash")
	return tlog.Tree{N: size, Hash: root}
}

// readEntries returns the stored hashes of all entries, as tlog numbers them.
func readEntries(dir string, size int64) []tlog.Hash {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	for n := int64(0); n*256 < size; n++ {
		width := min(256, size-n*256)
		bundle := readWider(filepath.Join(dir, "tile", "entries"), n, width)
		for i := int64(0); i < width; i++ {
			length := int64(binary.BigEndian.Uint16(bundle))
			added, err := tlog.StoredHashes(n*256+i, bundle[2:2+length], reader)
			check(err, "stored hashes")
			stored = append(stored, added...)
			bundle = bundle[2+length:]
		}
	}
	return stored
}

func proveAll(tree tlog.Tree, reader tlog.HashReader) {
	for n := int64(0); n < tree.N; n++ {
		leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
		check(err, "leaf")
		proof, err := tlog.ProveRecord(tree.N, n, reader)
		check(err, "inclusion")
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, n, leaf[0]), "inclusion")
		older, err := tlog.TreeHash(n+1, reader)
		check(err, "older root")
		consistency, err := tlog.ProveTree(tree.N, n+1, reader)
		check(err, "consistency")
		check(tlog.CheckTree(consistency, tree.N, tree.Hash, n+1, older), "consistency")
	}
}

// checkTiles compares every stored tile with the one that tlog computes.
func checkTiles(dir string, tree tlog.Tree, reader tlog.HashReader) {
	for _, tile := range tlog.NewTiles(8, 0, tree.N) {
		want, err := tlog.ReadTileData(tile, reader)
		check(err, "tile")
		got := readWider(filepath.Join(dir, "tile", strconv.Itoa(tile.L)), tile.N, int64(tile.W))
		if string(got[:len(want)]) != string(want) {
			fail("tile %s differs", tile.Path())
		}
	}
}

// readWider reads a tile or bundle, or the full one where the partial is gone.
func readWider(dir string, n, width int64) []byte {
	path := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	full := filepath.Join(dir, path)
	if width < 256 {
		if bytes, err := os.ReadFile(fmt.Sprintf("%s.p/%d", full, width)); err == nil {
			return bytes
		}
	}
	bytes, err := os.ReadFile(full)
	check(err, full)
	return bytes
}

func check(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "notes: "+format+"\n", arguments...)
	os.Exit(1)
}
