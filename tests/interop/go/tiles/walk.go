package main

import (
	"context"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

// walk proves all that a log holds and has said, from one source.
type walk struct {
	from     source
	verifier note.Verifier
	grown    *grown
}

func (w walk) all(ctx context.Context) {
	head, _, _, err := client.FetchCheckpoint(ctx, w.from.ReadCheckpoint, w.verifier, w.verifier.Name())
	check(err, "checkpoint")
	if head.Size != entries {
		fail("the log has %d entries", head.Size)
	}
	builder, err := client.NewProofBuilder(ctx, head.Size, w.from.ReadTile)
	check(err, "proof builder")
	w.proveLeaves(ctx, builder, head)
	w.proveGrowth(ctx, builder, head)
	checker := fsck.New(w.verifier.Name(), w.verifier, w.from, leafHashes, fsck.Opts{N: 2})
	check(checker.Check(ctx), "fsck")
}

// proveLeaves finds every entry where the log said that it is, and proves that it is included.
func (w walk) proveLeaves(ctx context.Context, builder *client.ProofBuilder, head *log.Checkpoint) {
	for index := range head.Size {
		bundle, err := client.GetEntryBundle(ctx, w.from.ReadEntryBundle, index/layout.EntryBundleWidth, head.Size)
		check(err, "entry bundle")
		body := w.grown.bodies[index]
		expect(bundle.Entries[index%layout.EntryBundleWidth], body, "entry")
		hashes, err := builder.InclusionProof(ctx, index)
		check(err, "inclusion proof")
		leaf := rfc6962.DefaultHasher.HashLeaf(body)
		verify := func(index uint64, leaf []byte) error {
			return proof.VerifyInclusion(rfc6962.DefaultHasher, index, head.Size, leaf, hashes, head.Hash)
		}
		check(verify(index, leaf), "inclusion")
		refused(verify((index+1)%head.Size, leaf), "an inclusion proof for another index")
	}
}

// proveGrowth proves that each checkpoint seen is consistent with the next, and with the last.
func (w walk) proveGrowth(ctx context.Context, builder *client.ProofBuilder, head *log.Checkpoint) {
	var before *log.Checkpoint
	for _, size := range w.grown.sizes() {
		seen, _, _, err := log.ParseCheckpoint(w.grown.checkpoints[size], w.verifier.Name(), w.verifier)
		check(err, "checkpoint")
		if before != nil {
			w.proveConsistency(ctx, builder, before, seen)
		}
		w.proveConsistency(ctx, builder, seen, head)
		before = seen
	}
}

func (w walk) proveConsistency(ctx context.Context, builder *client.ProofBuilder, older, newer *log.Checkpoint) {
	hashes, err := builder.ConsistencyProof(ctx, older.Size, newer.Size)
	check(err, "consistency proof")
	check(proof.VerifyConsistency(rfc6962.DefaultHasher, older.Size, newer.Size, hashes, older.Hash, newer.Hash),
		"consistency")
}

func leafHashes(bundle []byte) ([][]byte, error) {
	var parsed api.EntryBundle
	if err := parsed.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var hashes [][]byte
	for _, entry := range parsed.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

// refuseCheckpoints sees to it that what was altered, or is another log's, is not taken.
func refuseCheckpoints(raw []byte, verifier, other note.Verifier) {
	_, rest, signed, err := log.ParseCheckpoint(raw, verifier.Name(), verifier)
	check(err, "checkpoint")
	if len(rest) != 0 || len(signed.Sigs) != 1 || len(signed.UnverifiedSigs) != 0 {
		fail("the checkpoint has extension lines or other signatures: %q", raw)
	}
	_, _, _, err = log.ParseCheckpoint(raw, verifier.Name(), other)
	refused(err, "a checkpoint for another log's key")
	_, _, _, err = log.ParseCheckpoint(raw, "elsewhere.test", verifier)
	refused(err, "a checkpoint for another origin")
	for _, at := range []int{len(verifier.Name()) + 1, len(verifier.Name()) + 8, len(raw) - 8} {
		altered := append([]byte(nil), raw...)
		altered[at] = map[bool]byte{true: '9', false: '8'}[altered[at] == '8']
		_, _, _, err = log.ParseCheckpoint(altered, verifier.Name(), verifier)
		refused(err, "an altered checkpoint")
	}
}
