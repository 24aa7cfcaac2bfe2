#!/usr/bin/env bash
# Kills a server under load, many times: after each kill the journal must hold everything that was
# acknowledged, and its chain must be whole.
#   tests/soak/kills.sh [KILLS]     1,000 if it isn't said; some half a second each
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
kills=${1:-1000}
case "$kills" in
'' | *[!0-9]*)
    echo "usage: tests/soak/kills.sh [KILLS]" >&2
    exit 2
    ;;
esac
CRASHES=$kills cargo test --locked --test it -- --exact --nocapture \
    crash::whenever_it_is_killed_what_was_sent_is_in_the_journal
