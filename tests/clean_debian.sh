#!/bin/sh
# Runs the README's two commands, twice each, in a fresh Debian 12 root file system, from what is committed. Needs root and
# debootstrap. Usage: tests/clean_debian.sh [FOLDER], where the file system is made and then removed.
set -eu
cd "$(dirname "$0")/.."
folder="${1:-$(mktemp -d)}"
mkdir -p "$folder"
root="$folder/debian-12"

# DEBIAN_MIRROR names another mirror than debootstrap's own.
debootstrap --variant=minbase bookworm "$root" ${DEBIAN_MIRROR:-} >"$folder/debootstrap.log" || {
    tail "$folder/debootstrap.log" >&2
    exit 1
}
mkdir "$root/scorecam"
git archive HEAD | tar -x -C "$root/scorecam"
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
trap 'umount "$root/proc"; rm -rf "$root"' EXIT

for command in examples/explain-samples.sh examples/explain-samples.sh tests/run.sh tests/run.sh; do
    begin=$(date +%s)
    chroot "$root" sh -c "cd /scorecam && sh $command" >"$folder/output" 2>&1 || {
        tail -n 60 "$folder/output" >&2
        echo "FAILED: $command" >&2
        exit 1
    }
    tail -n 12 "$folder/output"
    echo "== sh $command: $(($(date +%s) - begin)) seconds"
done
