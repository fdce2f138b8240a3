// Creates a container in an emulator of Azure's blob store, whose account is the same everywhere.
import { createHmac } from 'node:crypto';

const [endpoint, container] = process.argv.slice(2);
const account = 'devstoreaccount1';
const key =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const headers = { 'x-ms-date': new Date().toUTCString(), 'x-ms-version': '2021-08-06' };

// The verb, eleven standard headers of which none is sent, the store's own headers, the resource.
const signed = [
  'PUT',
  ...Array(11).fill(''),
  ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
  `/${account}/${account}/${container}`,
  'restype:container',
].join('\n');
const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(signed).digest('base64');

const answer = await fetch(`${endpoint}/${account}/${container}?restype=container`, {
  method: 'PUT',
  headers: { ...headers, authorization: `SharedKey ${account}:${signature}` },
});
if (answer.status !== 201) {
  console.error(answer.status, await answer.text());
  process.exit(1);
}
