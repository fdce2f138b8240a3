// Runs at the edge before each read. Paths under /api/v2/ are mapped to those at the root, and the
// writers' own files are hidden, as the bucket policy does too. Preflights of browsers that ask
// whether a page of another site can read are answered here.

var PLAIN = /^(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/;

function handler(event) {
    var request = event.request;
    var path = request.uri;
    if (path.startsWith('/api/v2/')) {
        path = path.substring('/api/v2'.length);
    }
    if (!PLAIN.test(path) || path.split('/').includes('_writer')) {
        return { statusCode: 404, statusDescription: 'Not Found' };
    }
    if (request.method === 'OPTIONS') {
        return {
            statusCode: 204,
            statusDescription: 'No Content',
            headers: {
                'access-control-allow-origin': { value: '*' },
                'access-control-allow-methods': { value: 'GET, HEAD' },
                'access-control-allow-headers': { value: '*, Authorization, If-None-Match, If-Range, Range' },
                'access-control-max-age': { value: '86400' },
            },
        };
    }
    request.uri = path;
    return request;
}
