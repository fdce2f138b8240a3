// How long a log lets @sigstore/sign wait: from the POST to the answer, in the client.
//
// `node latency.mjs URL` prints the percentiles for one client alone and for a hundred in one process.
// Requests are signed beforehand. Nothing passes or fails here.
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';

import { RekorWitness } from '@sigstore/sign';

const read = (name) => fs.readFileSync(path.join(process.env.FASTI_INTEROP, name), 'utf8');
const key = crypto.createPrivateKey(read('own.key'));
const certificate = read('own.pem');
const [url] = process.argv.slice(2);

const WARM_UP = 10;
const ALONE = 100;
const CLIENTS = 100;
const EACH = 10;

function signed(count) {
  return Array.from({ length: count }, () => {
    const data = crypto.randomBytes(8);
    const messageDigest = { digest: crypto.createHash('sha256').update(data).digest() };
    const messageSignature = { messageDigest, signature: crypto.sign('sha256', data, key) };
    return { $case: 'messageSignature', messageSignature };
  });
}

const client = () => new RekorWitness({ rekorBaseURL: url, majorApiVersion: 2 });

// Milliseconds from the call to the parsed answer, for one content after another.
async function times(witness, contents) {
  const taken = [];
  for (const content of contents) {
    const start = performance.now();
    await witness.testify(content, certificate);
    taken.push(performance.now() - start);
  }
  return taken;
}

async function atOnce() {
  const clients = Array.from({ length: CLIENTS }, client);
  await Promise.all(clients.map((one) => times(one, signed(1))));
  const contents = clients.map(() => signed(EACH));
  const taken = await Promise.all(clients.map((one, n) => times(one, contents[n])));
  return taken.flat();
}

function report(what, taken) {
  taken.sort((a, b) => a - b);
  const at = (p) => taken[Math.min(Math.floor(taken.length * p), taken.length - 1)].toFixed(1);
  const padded = (text, width) => String(text).padStart(width);
  console.log(
    what.padEnd(45),
    `p50 ${padded(at(0.5), 7)} ms  p99 ${padded(at(0.99), 7)} ms  (${taken.length} entries)`
  );
}

console.log('node', process.version, 'load average', os.loadavg()[0]);
report('one client, one after another', (await times(client(), signed(WARM_UP + ALONE))).slice(WARM_UP));
report(`${CLIENTS} clients in one process`, await atOnce());
