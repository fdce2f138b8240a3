// The parts of a log's answer (a TransparencyLogEntry in JSON) that @sigstore/verify looks at,
// altered one at a time, and what it says when it refuses. It takes the size and the root from the
// checkpoint, so it does not look at treeSize, rootHash and logId; the outer logIndex it leaves alone.

export function flipped(encoded, at = 0) {
  const data = Buffer.from(encoded, 'base64');
  data[at < 0 ? data.length + at : at] ^= 1;
  return data.toString('base64');
}

function line(entry, number, change) {
  const { checkpoint } = entry.inclusionProof;
  const lines = checkpoint.envelope.split('\n');
  lines[number] = change(lines[number]);
  checkpoint.envelope = lines.join('\n');
}

function signature(text) {
  const at = text.lastIndexOf(' ') + 1;
  return text.slice(0, at) + flipped(text.slice(at), -1);
}

const WRONG_ROOT = /calculated root hash does not match/;
const WRONG_SIGNATURE = /invalid checkpoint signature/;

const ALTERATIONS = {
  // Another spelling of the same JSON: what it says stays true, its hash does not.
  body: [
    (entry) => {
      const body = Buffer.from(entry.canonicalizedBody, 'base64').toString();
      entry.canonicalizedBody = Buffer.from(body.replace('{', '{ ')).toString('base64');
    },
    WRONG_ROOT,
  ],
  index: [
    ({ inclusionProof: proof }) => {
      proof.logIndex = String(BigInt(proof.logIndex) - 1n);
    },
    /calculated root hash does not match|invalid hash count/,
  ],
  'index beyond the tree': [
    ({ inclusionProof: proof }) => {
      proof.logIndex = proof.treeSize;
    },
    /invalid index/,
  ],
  'lowest hash': [
    ({ inclusionProof: { hashes } }) => {
      hashes[0] = flipped(hashes[0]);
    },
    WRONG_ROOT,
  ],
  'highest hash': [
    ({ inclusionProof: { hashes } }) => {
      hashes.push(flipped(hashes.pop()));
    },
    WRONG_ROOT,
  ],
  'one hash less': [({ inclusionProof: { hashes } }) => hashes.pop(), /invalid hash count/],
  "checkpoint's origin": [(entry) => line(entry, 0, (origin) => origin + 's'), WRONG_SIGNATURE],
  "checkpoint's size": [(entry) => line(entry, 1, (size) => size + '0'), WRONG_SIGNATURE],
  "checkpoint's root": [(entry) => line(entry, 2, (root) => flipped(root)), WRONG_SIGNATURE],
  "checkpoint's signature": [(entry) => line(entry, 4, signature), WRONG_SIGNATURE],
  'no signature': [
    (entry) => line(entry, 4, () => ''),
    /no signatures found in checkpoint/,
  ],
};

// Triples: the alteration's name, the altered copy, what the refusal says.
export function altered(entry) {
  return Object.entries(ALTERATIONS).map(([name, [alter, why]]) => {
    const copy = structuredClone(entry);
    alter(copy);
    return [name, copy, why];
  });
}
