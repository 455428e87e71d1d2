#!/bin/sh
# Installs what running (and, with `tests`, testing) needs and what is missing. On Debian and its derivatives it installs by itself; elsewhere it
# prints what to install. It returns quickly when nothing is missing.
set -eu

wanted=${1:-run}
missing=""
need() { # need PROGRAM-OR-TEST PACKAGES...
    probe=$1
    shift
    sh -c "$probe" >/dev/null 2>&1 || missing="$missing $*"
}

need 'test -x /usr/lib/chromium/chromium-headless-shell' chromium-headless-shell
need 'command -v fc-list' fontconfig
need 'fc-list :lang=ja family | grep -q .' fonts-noto-cjk
need 'fc-list :lang=und-zsye family | grep -q .' fonts-noto-color-emoji
need 'fc-list :lang=en family | grep -q .' fonts-liberation
need 'command -v cc' build-essential
if [ "$wanted" != run ]; then
    need 'command -v node && command -v npm' nodejs npm
    need 'command -v python3 && python3 -c "import venv, ensurepip"' python3 python3-venv
fi
if [ "$wanted" != run ]; then
    need 'test -x /usr/lib/chromium/chromium' chromium
    need 'command -v chromedriver' chromium-driver
    need 'command -v redis-server' redis-server
    need 'command -v nginx' nginx-light
    need 'command -v pdfinfo && command -v pdftotext' poppler-utils
    need 'ls /usr/lib/*/faketime/libfaketimeMT.so.1' libfaketime
fi
if [ "$wanted" = cluster ]; then
    need 'command -v curl' curl
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "This machine lacks (Debian's names):$missing" >&2
    echo "Install them, or name another Chromium with --browser-executable, and run this again." >&2
    exit 1
fi
as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
echo "installing:$missing"
$as_root apt-get update -qq
# The names come from the lines above only, so word splitting is intended.
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
