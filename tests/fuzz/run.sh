#!/bin/sh
# Fuzzes: run.sh SECONDS runs every target for so long, two at a time, and prints a line of a table for each. Inputs that were
# found before, and are kept, lie in found/TARGET; new ones are left in build/fuzz/found/TARGET.
# run.sh --one PROGRAM SECONDS runs one target that was built.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

one() {
    program=$1 seconds=$2 name=${1##*fuzz.}
    work=$(dirname "$program")/runs.$name
    mkdir -p "$work/corpus" "$work/seeds" "$work/found"
    SCORECAM_SEEDS=$work/seeds timeout 60 "$program"
    known=$here/found/$name
    [ -d "$known" ] || known=$work/seeds
    # Memory for one input in proportion to what a file of ours is; a leak or a hang is a finding, too.
    "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=512 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$work/found/" "$work/corpus" "$work/seeds" "$known" >"$work/log" 2>&1 || {
        tail -40 "$work/log"
        echo "fuzz.$name: a finding, see $work/found"
        exit 1
    }
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
    coverage=$(sed -n 's/.*cov: \([0-9]*\) ft: \([0-9]*\) .*/\1 | \2/p' "$work/log" | tail -1)
    echo "| $name | $seconds | $executions | $coverage | 0 |"
}

if [ "$1" = --one ]; then
    one "$2" "$3"
    exit
fi
cd "$here/../.."
cmake --preset asan -B build/fuzz -D SCORECAM_TESTS=fuzz -D SCORECAM_BUILD_EXAMPLES=OFF >/dev/null
cmake --build build/fuzz
echo "| target | seconds | executions | coverage (edges) | features | findings |"
echo "|---|---|---|---|---|---|"
printf '%s\n' build/fuzz/tests/fuzz/fuzz.* | xargs -P 2 -I PROGRAM sh "$here/run.sh" --one PROGRAM "$1"
