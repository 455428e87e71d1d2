#!/usr/bin/env bash
# Runs every fuzz target for FUZZ_SECONDS (default 1200, which is more than an hour in total). Needs a nightly compiler. Findings fail the run and are
# kept in tests/fuzz/artifacts. The grown corpus stays out of the repository; tests/fuzz/corpus has the seeds.
set -euo pipefail
cd "$(dirname "$0")/../tests/fuzz"
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked
for target in ${FUZZ_TARGETS:-rest_body selector cdp_messages channel_frame}; do
    mkdir -p "corpus-found/$target"
    cargo +nightly fuzz run --fuzz-dir . "$target" "corpus-found/$target" "corpus/$target" -- \
        -max_total_time="${FUZZ_SECONDS:-1200}" -max_len=16384 -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 -verbosity=0 -detect_leaks=0
done
