// What the function at the edge of CloudFront does with paths.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const source = fs.readFileSync(path.join(__dirname, '../../terraform/modules/aws/edge.js'), 'utf8');
const handler = new Function(source + '; return handler;')();
const ask = (uri, method = 'GET') => handler({ request: { method, uri } });

const passes = {
    '/checkpoint': '/checkpoint',
    '/log.json': '/log.json',
    '/tile/0/x001/x234/067': '/tile/0/x001/x234/067',
    '/tile/entries/000.p/17': '/tile/entries/000.p/17',
    '/lookup/run/0/4096/0': '/lookup/run/0/4096/0',
    '/api/v2/lookup/latest': '/lookup/latest',
    '/api/v2/checkpoint': '/checkpoint',
    '/api/v2/tile/63/000.p/255': '/tile/63/000.p/255',
};
for (const [uri, wanted] of Object.entries(passes)) {
    assert.strictEqual(ask(uri).uri, wanted, uri);
    const preflight = ask(uri, 'OPTIONS');
    assert.strictEqual(preflight.statusCode, 204, uri);
    assert.strictEqual(preflight.headers['access-control-allow-origin'].value, '*');
    assert.strictEqual(preflight.headers['access-control-allow-methods'].value, 'GET, HEAD');
    assert.match(preflight.headers['access-control-allow-headers'].value, /\bRange\b/);
    assert.strictEqual(preflight.headers['access-control-allow-credentials'], undefined);
}

const refused = [
    '/', '', '/_writer', '/_writer/commit/1', '/_writer/', '/api/v2/_writer/commit/1',
    '/api/v2//_writer/commit/1', '//_writer/commit/1', '/./_writer/commit/1', '/tile/../_writer/commit/1',
    '/tile/_writer', '/%5fwriter/commit/1', '/%5Fwriter/commit/1', '/_%77riter/commit/1', '/api/v2/',
    '/api/v2/api/v2/../_writer/1', '/checkpoint/', '/tile/\u005fwriter/1', '/checkpoint?x',
];
for (const uri of refused) {
    for (const method of ['GET', 'OPTIONS']) {
        assert.strictEqual(ask(uri, method).statusCode, 404, uri);
    }
}

console.log(`terraform: ${Object.keys(passes).length + refused.length} paths at the edge`);
