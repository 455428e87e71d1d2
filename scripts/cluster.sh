#!/usr/bin/env bash
# Starts two instances, a Redis and nginx in front of them on loopback, for experiments; Ctrl-C ends them all. All data is in a temporary folder that
# is deleted at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
capture=target/debug/capture
folder=$(mktemp -d)
chmod 711 "$folder" # as root the browsers run under another uid, which must be able to enter
trap 'trap - EXIT INT TERM; kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT INT TERM

redis-server --port 16379 --bind 127.0.0.1 --appendonly yes --save "" --dir "$folder" --logfile "$folder/redis.log" &
cat >"$folder/nginx.conf" <<CONF
daemon off;
pid $folder/nginx.pid;
error_log $folder/nginx.log warn;
events {}
http {
    access_log off;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    client_max_body_size 2m;
    map \$http_upgrade \$connection_upgrade { default upgrade; '' ''; }
    upstream capture { server 127.0.0.1:8081; server 127.0.0.1:8082; keepalive 16; }
    server {
        listen 127.0.0.1:8080;
        location / {
            proxy_pass http://capture;
            proxy_http_version 1.1;
            proxy_set_header Host \$http_host;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header Connection \$connection_upgrade;
            proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
            proxy_read_timeout 75s; # longer than any action, and longer than the silence of a channel
        }
    }
}
CONF
sleep 1
for port in 8081 8082; do
    "$capture" serve --dev --listen "127.0.0.1:$port" --redis-url redis://127.0.0.1:16379 \
        --public-url http://127.0.0.1:8080 --trusted-proxies 127.0.0.1 --browser-run-root "$folder/run-$port" >"$folder/$port.log" 2>&1 &
done
for port in 8081 8082; do
    until curl -sf "http://127.0.0.1:$port/readyz" >/dev/null; do sleep 0.2; done
done
nginx -c "$folder/nginx.conf" -p "$folder" &
sleep 0.5
token=$(printf dev:dev | base64)
cat <<TRY

Two instances behind http://127.0.0.1:8080 (8081 and 8082 directly); logs in $folder. User dev, secret dev.

  the demo page               http://127.0.0.1:8080/
  a session on one instance   curl -sX POST -H 'Authorization: Bearer $token' http://127.0.0.1:8081/v1/sessions
  driven through the other    curl -s -H 'Authorization: Bearer $token' -H 'Content-Type: application/json' \\
                                -d '{"type":"title"}' http://127.0.0.1:8082/v1/sessions/SESSION/actions
  kill -9 one of them         pkill -9 -f 'listen 127.0.0.1:8081'    and look at the session through 8082: within 15 s it is
                              ended as instance_lost and billed to its last proof of life

Ctrl-C ends everything.
TRY
wait
