// Stands between a client and a log, passes everything on, and keeps the last request.
import http from 'node:http';

export async function recorder(log) {
  const kept = {};
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    Object.assign(kept, { method: request.method, path: request.url, body: JSON.parse(body) });
    const answer = await fetch(log + request.url, {
      method: request.method,
      headers: { 'content-type': request.headers['content-type'] },
      body,
    });
    const headers = { 'content-type': answer.headers.get('content-type') };
    response.writeHead(answer.status, headers).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${server.address().port}`;
  return { url, kept, close: () => server.close().closeAllConnections() };
}
