#!/bin/sh
# Fetches inference engines that Debian 12 does not have into build/engines, where the presets look for them. No root needed.
#   sh cmake/engines.sh onnxruntime openvino
# Needs python3 with pip, and apt-get for the headers of ONNX Runtime. What is fetched is pinned by its SHA-256.
set -eu
cd "$(dirname "$0")/.."
engines=$PWD/build/engines
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# wheel NAME VERSION SHA256: downloads a Python wheel into $work.
wheel() {
    printf '%s==%s --hash=sha256:%s\n' "$1" "$2" "$3" >"$work/requirements.txt"
    python3 -m pip download -q --no-deps --only-binary=:all: --require-hashes --python-version 3.11 --implementation cp \
        --abi cp311 --platform manylinux_2_28_x86_64 --disable-pip-version-check -d "$work" -r "$work/requirements.txt"
}

# debian13 PACKAGE SHA256: downloads a package of Debian 13 into $work from the mirror this machine uses, with apt's state apart.
debian13() {
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' |
        awk '$2 == "bookworm" || $2 == "stable" || $2 == "trixie" { print $1; exit }')
    if [ -z "$mirror" ]; then
        echo "no Debian mirror is known to apt here" >&2
        return 1
    fi
    apt=$work/apt
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    : >"$apt/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$apt/sources.list"
    with="-o Dir::Etc::SourceList=$apt/sources.list -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::Preferences=/dev/null
        -o Dir::Etc::PreferencesParts=/dev/null -o Dir::State::Lists=$apt/lists -o Dir::State::Status=$apt/status
        -o Dir::Cache=$apt/cache -o APT::Default-Release= -o Acquire::Languages=none -o APT::Sandbox::User="
    apt-get $with -qq update
    (cd "$work" && apt-get $with -qq download "$1")
    echo "$2  $(echo "$work/$1"_*.deb)" | sha256sum -c --quiet -
}

# unpack WHEEL FOLDER PREFIX...: the files of a wheel whose names start so.
unpack() {
    python3 - "$@" <<'PYTHON'
import sys, zipfile
wheel, folder, *wanted = sys.argv[1:]
with zipfile.ZipFile(wheel) as files:
    names = [n for n in files.namelist() if n.startswith(tuple(wanted)) and "_gpu_plugin" not in n and "_npu_plugin" not in n]
    files.extractall(folder, names)
PYTHON
}

# The library is that of the Python package, the headers and the CMake package are Debian 13's.
onnxruntime() {
    wheel onnxruntime 1.21.0 8a5d09815a9e209fa0cb20c2985b34ab4daeba7aea94d0f96b8751eb10403201
    debian13 libonnxruntime-dev 14f7d959d5deacbcf1504830d4189f91fc67382b399ed9ae9d3aa9c4050ced08
    dpkg-deb -x "$work"/libonnxruntime-dev_*.deb "$1"
    unpack "$work"/onnxruntime-*.whl "$1" onnxruntime/capi/libonnxruntime.so onnxruntime/LICENSE
    lib=$1/usr/lib/x86_64-linux-gnu
    mv "$1"/onnxruntime/capi/libonnxruntime.so.1.21.0 "$lib"
    for link in libonnxruntime.so libonnxruntime.so.1 libonnxruntime.so.1.21; do
        ln -sf libonnxruntime.so.1.21.0 "$lib/$link"
    done
}

openvino() {
    wheel openvino 2026.4.1 2d22b1da03f7caf74df30e9f6417d0ab2f637e4a38e08e1dcd294d2c37407aaf
    unpack "$work"/openvino-*.whl "$1" openvino/include/ openvino/cmake/ openvino/libs/
}

for engine in "$@"; do
    if [ -e "$engines/$engine/complete" ]; then
        continue
    fi
    echo "Fetching $engine into build/engines"
    rm -rf "${engines:?}/$engine"
    mkdir -p "$engines/$engine"
    $engine "$engines/$engine"
    : >"$engines/$engine/complete"
done
