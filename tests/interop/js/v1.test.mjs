// @sigstore/sign and @sigstore/verify with Rekor v1's API, which is what they use by default, and a key
// of one's own.
//
// Shows that the log takes the kinds of entry that the packages make, that what it answers is verified
// with its signed timestamp, and how the packages meet an entry that is there already.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';

import { bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { DSSEBundleBuilder, MessageSignatureBundleBuilder, RekorWitness } from '@sigstore/sign';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

import { altered, flipped } from './alterations.mjs';

const read = (name) => fs.readFileSync(path.join(process.env.FASTI_INTEROP, name), 'utf8').trim();
const ARTIFACT = { data: Buffer.from('an artifact of v1'), type: 'application/vnd.in-toto+json' };

const key = crypto.createPrivateKey(read('own.key'));
const publicKey = crypto.createPublicKey(key);
const pem = publicKey.export({ type: 'spki', format: 'pem' });
const own = { rawBytes: publicKey.export({ type: 'spki', format: 'der' }) };
const root = TrustedRoot.fromJSON(JSON.parse(read('v1.trusted_root.json')));
// One entry in the log, and one time: the log's.
const verifier = new Verifier(toTrustMaterial(root, { own }), {
  tlogThreshold: 1,
  ctlogThreshold: 0,
  timestampThreshold: 1,
});

const witness = (options) => new RekorWitness({ rekorBaseURL: read('v1.url'), ...options });
const signer = {
  sign: async (data) => ({
    signature: crypto.sign('sha256', data, key),
    key: { $case: 'publicKey', publicKey: pem, hint: 'own' },
  }),
};

async function signed(Kind, options, artifact = ARTIFACT) {
  return bundleToJSON(await new Kind({ signer, witnesses: [witness(options)] }).create(artifact));
}

const verify = (json) => verifier.verify(toSignedEntity(bundleFromJSON(json), ARTIFACT.data));

for (const [kind, version, Kind, options] of [
  ['hashedrekord', '0.0.1', MessageSignatureBundleBuilder, {}],
  ['dsse', '0.0.1', DSSEBundleBuilder, {}],
  ['intoto', '0.0.2', DSSEBundleBuilder, { entryType: 'intoto' }],
]) {
  suite(kind, () => {
    test('is taken, and what is answered is verified', async () => {
      const before = Math.floor(Date.now() / 1000);
      const bundle = await signed(Kind, options);
      const [entry] = bundle.verificationMaterial.tlogEntries;
      assert.deepEqual(entry.kindVersion, { kind, version });
      assert.ok(Number(entry.integratedTime) >= before, entry.integratedTime);
      assert.match(entry.inclusionProof.checkpoint.envelope, /^localhost - [0-9]+\n/);
      verify(bundle);
    });

    test('is refused when it was tampered with', async () => {
      // A neighbourhood, so that the proof has hashes.
      for (let n = 0; n < 5; n += 1) {
        await signed(MessageSignatureBundleBuilder, {}, { data: Buffer.from(`${kind} ${n}`) });
      }
      const bundle = await signed(Kind, options);
      const [entry] = bundle.verificationMaterial.tlogEntries;
      const refused = (copy, message, name) => {
        const changed = structuredClone(bundle);
        changed.verificationMaterial.tlogEntries = [copy];
        assert.throws(() => verify(changed), { name: 'VerificationError', message }, name);
      };
      for (const [name, copy, why] of altered(entry)) {
        // The promise is about the body too, and is looked at first.
        refused(copy, name === 'body' ? /inclusion promise could not be verified/ : why, name);
      }
      for (const [name, alter] of [
        ['time', (copy) => (copy.integratedTime = String(Number(copy.integratedTime) + 1))],
        ['outer index', (copy) => (copy.logIndex = String(Number(copy.logIndex) + 1))],
        ['promise', ({ inclusionPromise: promise }) => {
          promise.signedEntryTimestamp = flipped(promise.signedEntryTimestamp, -1);
        }],
      ]) {
        const copy = structuredClone(entry);
        alter(copy);
        refused(copy, /inclusion promise could not be verified/, name);
      }
    });
  });
}

test('an entry that is there already is a conflict, or is fetched', async () => {
  const signature = crypto.sign('sha256', ARTIFACT.data, key);
  const digest = crypto.createHash('sha256').update(ARTIFACT.data).digest();
  const messageSignature = { signature, messageDigest: { algorithm: 'SHA2_256', digest } };
  const content = { $case: 'messageSignature', messageSignature };
  const { tlogEntries: [first] } = await witness({}).testify(content, pem);
  // The default of release 4; release 5 fetches.
  await assert.rejects(witness({ fetchOnConflict: false }).testify(content, pem), (error) => {
    assert.equal(error.code, 'TLOG_CREATE_ENTRY_ERROR');
    assert.equal(error.cause.statusCode, 409);
    assert.match(error.cause.message, /an equivalent entry already exists/);
    return true;
  });
  const { tlogEntries: [again] } = await witness({ fetchOnConflict: true }).testify(content, pem);
  for (const part of ['logIndex', 'integratedTime', 'canonicalizedBody']) {
    assert.deepEqual(again[part], first[part], part);
  }
});

test('what is not signed is refused, and the reason arrives', async () => {
  const liar = { ...signer, sign: async () => signer.sign(Buffer.from('something else')) };
  const builder = new MessageSignatureBundleBuilder({ signer: liar, witnesses: [witness({})] });
  await assert.rejects(builder.create(ARTIFACT), (error) => {
    assert.equal(error.code, 'TLOG_CREATE_ENTRY_ERROR');
    assert.equal(error.cause.statusCode, 400);
    assert.match(error.cause.message, /error processing entry: verifying signature/);
    return true;
  });
});
