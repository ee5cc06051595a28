#!/bin/sh
# Installs what is missing, builds and runs all the tests. With names of presets (gcc, asan, tsan), runs those instead.
set -eu
cd "$(dirname "$0")/.."
. cmake/packages.sh
need $build_packages doctest-dev
want python3-pip
for engine in onnxruntime openvino; do
    sh cmake/engines.sh "$engine" || echo "scorecam: $engine cannot be had here; its tests will be skipped" >&2
done
want libtorch-dev libopenblas0-pthread
want openmpi-bin libopenmpi-dev

for preset in "${@:-gcc}"; do
    if [ "$preset" = asan ] || [ "$preset" = tsan ]; then need clang libclang-rt-dev; fi
    cmake --preset "$preset"
    cmake --build --preset "$preset"
    ctest --preset "$preset" -j "$(nproc)"
done
