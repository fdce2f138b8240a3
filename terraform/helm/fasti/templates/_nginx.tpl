{{/* nginx for the files of a log. Types and lifetimes are those of src/docs/formats.md; `types` is
empty because no file's name says what it is. */}}
{{- define "fasti.nginx" -}}
nginx.conf: |
  daemon off;
  pid /tmp/nginx.pid;
  error_log stderr;
  worker_processes 2;
  events { worker_connections 1024; }
  http {
    access_log off;
    server_tokens off;
    sendfile on;
    client_body_temp_path /tmp/body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    types {}
    map $uri $lifetime {
      default "public, max-age=31536000, immutable";
      ~^/(checkpoint|log\.json|heads/latest|lookup/checkpoint|lookup/latest)$ no-cache;
    }
    server {
      listen 8080;
      root /var/lib/fasti-log/log;
      rewrite ^/api/v2/(.*)$ /$1 last;
      location / {
        return 404;
      }
      location ~ ^/(log\.json$|heads/json/) {
        default_type application/json;
        include /etc/fasti/nginx/pages.conf;
      }
      location ~ ^/(checkpoint$|heads/|lookup/checkpoint$|lookup/latest$|lookup/revision/) {
        default_type "text/plain; charset=utf-8";
        include /etc/fasti/nginx/pages.conf;
      }
      location ~ ^/(tile|time|attestations|lookup/tile|lookup/run)/ {
        default_type application/octet-stream;
        include /etc/fasti/nginx/pages.conf;
      }
    }
  }
pages.conf: |
  add_header Cache-Control $lifetime;
  add_header Access-Control-Allow-Origin * always;
  add_header Access-Control-Expose-Headers
    "Accept-Ranges, Content-Encoding, Content-Range, Date, ETag" always;
  if ($request_method = OPTIONS) {
    add_header Access-Control-Allow-Origin *;
    add_header Access-Control-Allow-Methods "GET, HEAD";
    add_header Access-Control-Allow-Headers "*, Authorization, If-None-Match, If-Range, Range";
    add_header Access-Control-Max-Age 86400;
    return 204;
  }
{{- end -}}
