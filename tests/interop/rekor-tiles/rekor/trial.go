package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"

	v1 "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	pbs "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/rekor-tiles/v2/pkg/client/read"
	"github.com/sigstore/rekor-tiles/v2/pkg/client/write"
	pb "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"github.com/sigstore/rekor-tiles/v2/pkg/verify"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// More than one tile's worth, on their way fifty at a time: so does the end-to-end test of rekor-tiles.
const (
	crowd      = 260
	crowdAtOne = 50
)

// trial is a log under test and the clients for it.
type trial struct {
	log, other trustedLog
	writer     write.Client
	reader     read.Client
}

// everyKind adds an entry of every kind, by key and by certificate, each of them twice.
func (t trial) everyKind(ctx context.Context) {
	count := 0
	for _, of := range kinds() {
		for _, certified := range []bool{false, true} {
			from := newSigner(of, certified)
			request := from.request(fmt.Appendf(nil, "artifact %d", count))
			entry, err := t.writer.Add(ctx, request)
			check(err, of.details.String())
			if entry.LogIndex != int64(count) {
				fail("%s: the index is %d, not %d", of.details, entry.LogIndex, count)
			}
			checkEntry(entry, from, request, t.log)
			t.refuseAltered(entry)
			again, err := t.writer.Add(ctx, request)
			check(err, "the same entry again")
			if again.LogIndex != entry.LogIndex {
				fail("the same entry again got the index %d, not %d", again.LogIndex, entry.LogIndex)
			}
			check(verify.VerifyLogEntry(again, t.log.verifier), "the same entry again")
			count++
		}
	}
	fmt.Printf("rekor: %d entries of every kind added and verified, and refused where altered\n", count)
}

// checkEntry verifies an answer, every field of it.
func checkEntry(entry *pbs.TransparencyLogEntry, from signer, request *pb.HashedRekordRequestV002, log trustedLog) {
	check(verify.VerifyLogEntry(entry, log.verifier), "entry")
	checkpoint, err := verify.VerifyCheckpoint(entry.InclusionProof.Checkpoint.Envelope, log.verifier)
	check(err, "checkpoint")
	inclusion := entry.InclusionProof
	switch {
	case !bytes.Equal(entry.LogId.KeyId, log.id):
		fail("the log ID is %x", entry.LogId.KeyId)
	case entry.KindVersion.Kind != "hashedrekord" || entry.KindVersion.Version != "0.0.2":
		fail("the entry is %v", entry.KindVersion)
	case entry.IntegratedTime != 0 || entry.InclusionPromise != nil:
		fail("the entry has a time or a promise")
	case inclusion.LogIndex != entry.LogIndex || inclusion.TreeSize != int64(checkpoint.Size):
		fail("the proof is of index %d in %d", inclusion.LogIndex, inclusion.TreeSize)
	case !bytes.Equal(inclusion.RootHash, checkpoint.Hash):
		fail("the proof's root is not the checkpoint's")
	}
	var body pb.Entry
	check(protojson.Unmarshal(entry.CanonicalizedBody, &body), "body")
	want := &pb.Entry{
		Kind:       "hashedrekord",
		ApiVersion: "0.0.2",
		Spec: &pb.Spec{Spec: &pb.Spec_HashedRekordV002{HashedRekordV002: &pb.HashedRekordLogEntryV002{
			Data:      &v1.HashOutput{Algorithm: from.hashName, Digest: request.Digest},
			Signature: request.Signature,
		}}},
	}
	if !proto.Equal(&body, want) {
		fail("the body is %s", entry.CanonicalizedBody)
	}
}

// refuseAltered sees to it that nothing of an answer can be changed unnoticed.
func (t trial) refuseAltered(entry *pbs.TransparencyLogEntry) {
	refused(verify.VerifyLogEntry(entry, t.other.verifier), "another log's key")
	alterations := map[string]func(*pbs.TransparencyLogEntry){
		"index": func(e *pbs.TransparencyLogEntry) { e.LogIndex++ },
		"body":  func(e *pbs.TransparencyLogEntry) { e.CanonicalizedBody[len(e.CanonicalizedBody)/2] ^= 1 },
		"proof": func(e *pbs.TransparencyLogEntry) {
			e.InclusionProof.Hashes = append(e.InclusionProof.Hashes, make([]byte, 32))
		},
		"tree size": func(e *pbs.TransparencyLogEntry) {
			envelope := &e.InclusionProof.Checkpoint.Envelope
			*envelope = strings.Replace(*envelope, "\n", "\n1", 1)
		},
		"signature": func(e *pbs.TransparencyLogEntry) {
			envelope := []byte(e.InclusionProof.Checkpoint.Envelope)
			at := len(envelope) - 12
			envelope[at] = map[bool]byte{true: 'B', false: 'A'}[envelope[at] == 'A']
			e.InclusionProof.Checkpoint.Envelope = string(envelope)
		},
	}
	for name, alter := range alterations {
		altered := proto.Clone(entry).(*pbs.TransparencyLogEntry)
		alter(altered)
		refused(verify.VerifyLogEntry(altered, t.log.verifier), "an altered "+name)
	}
}

// refuseRequests sends what is not in order.
func (t trial) refuseRequests(ctx context.Context) {
	from := newSigner(kinds()[0], false)
	requests := map[string]func(*pb.HashedRekordRequestV002){
		"signature":    func(r *pb.HashedRekordRequestV002) { r.Signature.Content[9] ^= 1 },
		"other digest": func(r *pb.HashedRekordRequestV002) { r.Digest[0] ^= 1 },
		"short digest": func(r *pb.HashedRekordRequestV002) { r.Digest = r.Digest[1:] },
		"no digest":    func(r *pb.HashedRekordRequestV002) { r.Digest = nil },
		"no signature": func(r *pb.HashedRekordRequestV002) { r.Signature = nil },
		"no key":       func(r *pb.HashedRekordRequestV002) { r.Signature.Verifier.Verifier = nil },
		"pure Ed25519": func(r *pb.HashedRekordRequestV002) {
			r.Signature.Verifier.KeyDetails = v1.PublicKeyDetails_PKIX_ED25519
		},
		"no algorithm": func(r *pb.HashedRekordRequestV002) { r.Signature.Verifier.KeyDetails = 0 },
		"RSA algorithm": func(r *pb.HashedRekordRequestV002) {
			r.Signature.Verifier.KeyDetails = v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256
		},
	}
	for name, spoil := range requests {
		request := proto.Clone(from.request([]byte(name))).(*pb.HashedRekordRequestV002)
		spoil(request)
		_, err := t.writer.Add(ctx, request)
		refused(err, "a request with "+name)
		if !strings.Contains(err.Error(), "unexpected response: 400") || !strings.Contains(err.Error(), `"code":3`) {
			fail("a request with %s: %v", name, err)
		}
	}
	fmt.Printf("rekor: %d requests that were not in order refused with 400\n", len(requests))
}

// manyAtOnce has a crowd write, and looks for all of it.
func (t trial) manyAtOnce(ctx context.Context) {
	before, _, err := t.reader.ReadCheckpoint(ctx)
	check(err, "checkpoint")
	from := newSigner(kinds()[0], false)
	var group sync.WaitGroup
	var seen sync.Map
	places := make(chan struct{}, crowdAtOne)
	for i := range crowd {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			request := from.request(fmt.Appendf(nil, "of the crowd %d", i))
			entry, err := t.writer.Add(ctx, request)
			check(err, "one of many")
			checkEntry(entry, from, request, t.log)
			if _, taken := seen.Swap(entry.LogIndex, true); taken {
				fail("the index %d was given twice", entry.LogIndex)
			}
		})
	}
	group.Wait()
	last := from.request([]byte("the last"))
	entry, err := t.writer.Add(ctx, last)
	check(err, "the last")
	if entry.LogIndex != int64(before.Size)+crowd {
		fail("the last entry's index is %d", entry.LogIndex)
	}
	bundle, err := t.reader.ReadEntryBundle(ctx, uint64(entry.LogIndex)/layout.EntryBundleWidth,
		layout.PartialTileSize(0, uint64(entry.LogIndex)/layout.EntryBundleWidth, uint64(entry.LogIndex)+1))
	check(err, "the last bundle")
	if !strings.Contains(string(bundle), base64.StdEncoding.EncodeToString(last.Digest)) {
		fail("the last entry is not in the last bundle")
	}
	fmt.Printf("rekor: %d entries added and verified, %d at a time\n", crowd, crowdAtOne)
}

// readAll proves that the log has grown from each size to the last, and parses every entry.
func (t trial) readAll(ctx context.Context) {
	head, signed, err := t.reader.ReadCheckpoint(ctx)
	check(err, "checkpoint")
	if head.Origin != t.log.origin || len(signed.Sigs) != 1 {
		fail("the checkpoint is %v", head)
	}
	for index := uint64(0); index*layout.EntryBundleWidth < head.Size; index++ {
		data, err := t.reader.ReadEntryBundle(ctx, index, layout.PartialTileSize(0, index, head.Size))
		check(err, "entry bundle")
		var bundle api.EntryBundle
		check(bundle.UnmarshalText(data), "entry bundle")
		for _, entry := range bundle.Entries {
			var parsed pb.Entry
			check(protojson.Unmarshal(entry, &parsed), "entry")
			if parsed.Spec.GetHashedRekordV002() == nil {
				fail("the entry is %s", entry)
			}
		}
	}
	t.proveGrowth(ctx)
	fmt.Printf("rekor: %d entries read, and the log's growth proved\n", head.Size)
}

// proveGrowth adds entries and proves with `pkg/verify` that each checkpoint continues the one before.
func (t trial) proveGrowth(ctx context.Context) {
	from := newSigner(kinds()[0], true)
	var before string
	for i := range 5 {
		entry, err := t.writer.Add(ctx, from.request(fmt.Appendf(nil, "growth %d", i)))
		check(err, "growth")
		after := entry.InclusionProof.Checkpoint.Envelope
		if before != "" {
			t.proveConsistency(ctx, before, after)
		}
		before = after
	}
}

func (t trial) proveConsistency(ctx context.Context, before, after string) {
	older, err := verify.VerifyCheckpoint(before, t.log.verifier)
	check(err, "older checkpoint")
	newer, err := verify.VerifyCheckpoint(after, t.log.verifier)
	check(err, "newer checkpoint")
	builder, err := client.NewProofBuilder(ctx, newer.Size, t.reader.ReadTile)
	check(err, "proof builder")
	proof, err := builder.ConsistencyProof(ctx, older.Size, newer.Size)
	check(err, "consistency proof")
	check(verify.VerifyConsistencyProofWithCheckpoints(proof, before, after, t.log.verifier), "consistency")
	refused(verify.VerifyConsistencyProofWithCheckpoints(proof, before, after, t.other.verifier), "another log's growth")
	proof[0] = make([]byte, 32)
	refused(verify.VerifyConsistencyProofWithCheckpoints(proof, before, after, t.log.verifier), "an altered consistency proof")
}
