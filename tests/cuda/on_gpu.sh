#!/bin/sh
# On a machine with a GPU: builds, runs the tests there, the examples and the benchmarks, and the tests once more under
# compute-sanitizer.
#
#     sh tests/cuda/on_gpu.sh                       # all of it
#     sh tests/cuda/on_gpu.sh tests benchmarks      # some of: build, tests, benchmarks, sanitizers
#
# Writes to the folder REPORT, else build/gpu/report: report.json, after each step, with what came of it and the benchmarks'
# own results, and what each step said. Needs CMake, g++, the CUDA toolkit, doctest, Eigen and xtensor; for networks on cuDNN
# that, and to time large ones CLI11 and Python with numpy and onnx, beside PyTorch what
# bench/peers/compare_on_gpu.py names. What is missing is skipped by name.
#
# `build` needs no GPU. What it leaves in build/gpu/programs runs in any checkout on a machine with the libraries of CUDA and
# cuDNN, be they a toolkit's or Python packages.
set -u
case ${REPORT:-/} in
    /*) ;;
    *) REPORT=$PWD/$REPORT ;;
esac
cd "$(dirname "$0")/../.."
build=build/gpu
programs=$build/programs
report=${REPORT:-$build/report}
mkdir -p "$programs" "$report"
rm -f "$report"/report.json "$report"/bench.json "$report"/networks.json "$report"/peers.json
PATH=$PATH:/usr/local/cuda/bin
failed=0
steps=

# step NAME COMMAND...: keeps what it says in NAME.log; 77 is a skipped one.
step() {
    name=$1
    shift
    began=$(date +%s)
    "$@" >"$report/$name.log" 2>&1
    status=$?
    case $status in
        0) said=passed ;;
        77) said=skipped ;;
        *) said=failed failed=1 ;;
    esac
    echo "$name: $said"
    steps="$steps${steps:+,}
    {\"step\": \"$name\", \"result\": \"$said\", \"status\": $status, \"seconds\": $(($(date +%s) - began))}"
    write_report
    [ "$said" = passed ]
}
write_report() {
    {
        echo "{"
        echo "  \"device\": \"$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -n 1)\","
        echo "  \"compiler\": \"$(nvcc --version 2>/dev/null | sed -n 's/.*release \([0-9.]*\),.*/nvcc \1/p')\","
        echo "  \"steps\": [$steps"
        echo "  ]"
        for result in bench networks peers; do
            if python3 -m json.tool "$report/$result.json" >/dev/null 2>&1; then
                printf '  , "%s": ' $result
                cat "$report/$result.json"
            fi
        done
        echo "}"
    } >"$report/report.json"
}

# Where Python packages have CUDA's and cuDNN's libraries and headers.
packages=$(python3 -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])' 2>/dev/null)
packages=$(echo "$packages"/nvidia/* | tr ' ' ':')

configure() {
    CMAKE_PREFIX_PATH="${CMAKE_PREFIX_PATH:-}:$packages" cmake -S . -B "$build" -D CMAKE_BUILD_TYPE=Release \
        -D SCORECAM_CUDA=ON -D "SCORECAM_TESTS=cuda;cudnn" -D SCORECAM_BUILD_BENCH=ON
}
# built TARGET...: made, and kept with the libraries that other machines lack; skipped if there is no such target.
built() {
    for target in "$@"; do
        if ! cmake --build "$build" --target help 2>/dev/null | grep "$target" >/dev/null; then
            echo "$target: something that it needs was not found"
            return 77
        fi
    done
    cmake --build "$build" -j "$(nproc)" --target "$@" || return
    for target in "$@"; do
        made=$(find "$build" -name "$target" -type f -not -path "$programs/*")
        cp "$made" "$programs" || return
    done
}
# run PROGRAM ARGUMENT...: one that was built, for 10 minutes at most.
run() {
    program=$programs/$1
    shift
    [ -x "$program" ] || { echo "$program was not built" >&2 && return 77; }
    if ldd "$program" | grep -q "not found"; then
        others=$(echo "$packages" | sed 's#:#/lib:#g')/lib
        LD_LIBRARY_PATH=$programs:$others:${LD_LIBRARY_PATH:-}
        export LD_LIBRARY_PATH
    fi
    SCORECAM_SOURCE_DIR=. timeout 600 ${under:-} "$program" "$@"
}
# sanitized TOOL ARGUMENT...: the tests on the GPU under a tool of compute-sanitizer, whose options stand in `options`.
sanitized() {
    command -v compute-sanitizer >/dev/null || { echo "compute-sanitizer was not found" && return 77; }
    under="compute-sanitizer --tool $1 --error-exitcode 1 ${options:-}"
    shift
    run test.cuda.on_gpu "$@"
    status=$?
    under=
    return $status
}
leaks_checked() { options="--leak-check full" sanitized memcheck "$@"; }
benchmark() { run bench.cuda >"$report/bench.json"; }
networks() {
    python3 -c "import numpy, onnx" || { echo "numpy and onnx were not found" && return 77; }
    python3 bench/networks/make_large.py "$build/networks"
}
benchmark_networks() { run bench.cuda_networks "$build"/networks/*.onnx >"$report/networks.json"; }
peers() {
    run bench.cuda_networks --help || return  # for the libraries
    timeout 600 python3 bench/peers/compare_on_gpu.py resnet50 --networks "$build/networks" \
        --program "$programs/bench.cuda_networks" --json "$report/peers.json"
}

for part in ${*:-build tests benchmarks sanitizers}; do
    case $part in
        build)
            step configure configure || break
            step build built test.cuda.on_gpu
            step build_examples built example.cuda_without_nvcc example.cuda_with_a_score_of_ones_own example.cuda_in_half
            step build_benchmarks built bench.cuda
            step build_cudnn built test.cudnn.on_gpu
            step build_networks built bench.cuda_networks
            ;;
        tests)
            step tests run test.cuda.on_gpu
            step cudnn run test.cudnn.on_gpu
            step example_without_nvcc run example.cuda_without_nvcc
            step example_with_a_score run example.cuda_with_a_score_of_ones_own
            step example_in_half run example.cuda_in_half
            ;;
        benchmarks)
            step benchmark benchmark
            if step networks networks; then
                step benchmark_networks benchmark_networks
                step peers peers
            fi
            ;;
        sanitizers)
            step memcheck leaks_checked -tce="maps and weights*,the other conventions*"
            step initcheck sanitized initcheck -tc="a model on the device conforms,metrics*,two streams*"  # nothing is poisoned
            step racecheck sanitized racecheck -tc="the CUDA backend conforms*"
            step synccheck sanitized synccheck -tc="the CUDA backend conforms*"
            ;;
        *)
            echo "$part is no part of this: build, tests, benchmarks or sanitizers" >&2
            exit 2
            ;;
    esac
done
echo "$report/report.json"
exit $failed
