#!/bin/sh
# On a machine with a GPU, in one go: builds, runs the tests there, the same under compute-sanitizer, the examples and the
# benchmarks. Writes REPORT (JSON): each step with what came of it, and the benchmarks' own results. Needs CMake, g++, the CUDA
# toolkit, doctest, Eigen and xtensor; for networks on cuDNN that and libonnx-dev; to time large ones CLI11 and Python with numpy and
# onnx, and beside the Python libraries what bench/peers/compare_on_gpu.py names.
#
#     sh tests/cuda/on_gpu.sh [REPORT]          # else build/gpu/report.json
set -u
cd "$(dirname "$0")/../.."
build=build/gpu
report=${1:-$build/report.json}
mkdir -p "$build/steps"
rm -f "$build"/steps/*.json
failed=0
steps=

# step NAME COMMAND...: runs it, keeps what it says in build/gpu/steps/NAME.log; 77 is a skipped one.
step() {
    name=$1
    shift
    began=$(date +%s)
    "$@" >"$build/steps/$name.log" 2>&1
    status=$?
    case $status in
        0) said=passed ;;
        77) said=skipped ;;
        *) said=failed failed=1 ;;
    esac
    echo "$name: $said"
    steps="$steps${steps:+,}
    {\"step\": \"$name\", \"result\": \"$said\", \"status\": $status, \"seconds\": $(($(date +%s) - began))}"
    [ "$said" = passed ]
}
# sanitized TOOL ARGUMENT...: the tests on the GPU under a tool of compute-sanitizer.
sanitized() {
    tool=$1
    shift
    command -v compute-sanitizer >/dev/null || { echo "compute-sanitizer was not found" && return 77; }
    compute-sanitizer --tool "$tool" --error-exitcode 1 "$build/tests/cuda/test.cuda.on_gpu" "$@"
}
# What is made with cuDNN, where that is.
build_with_cudnn() {
    cmake --build "$build" --target help | grep -q "test.cudnn.on_gpu" || { echo "cuDNN or ONNX was not found" && return 77; }
    cmake --build "$build" -j "$(nproc)" --target test.cudnn.on_gpu
}
benchmark() { "$build/bench/cuda/bench.cuda" >"$build/steps/bench.json"; }
networks() {
    cmake --build "$build" --target help | grep -q "bench.cuda_networks" || { echo "CLI11 was not found" && return 77; }
    python3 -c "import numpy, onnx" 2>/dev/null || { echo "numpy and onnx were not found" && return 77; }
    cmake --build "$build" --target bench.cuda_networks && python3 bench/networks/make_large.py "$build/networks"
}
benchmark_networks() { "$build/bench/cuda/bench.cuda_networks" "$build"/networks/*.onnx >"$build/steps/networks.json"; }
peers() {
    python3 bench/peers/compare_on_gpu.py resnet50 --networks "$build/networks" --program "$build/bench/cuda/bench.cuda_networks" \
        --json "$build/steps/peers.json"
}
# printed FILE: what a benchmark wrote, or null.
printed() { if [ -s "$1" ]; then cat "$1"; else echo null; fi; }

if step configure cmake -S . -B "$build" -D CMAKE_BUILD_TYPE=Release -D SCORECAM_CUDA=ON -D "SCORECAM_TESTS=cuda;cudnn" \
        -D SCORECAM_BUILD_BENCH=ON &&
    step build cmake --build "$build" -j "$(nproc)" --target test.cuda.on_gpu bench.cuda example.cuda_without_nvcc \
        example.cuda_with_a_score_of_ones_own; then
    step tests "$build/tests/cuda/test.cuda.on_gpu"
    step memcheck sanitized memcheck --leak-check full -tce="maps and weights*,the other conventions*"
    step initcheck sanitized initcheck -tc="the CUDA backend conforms*"
    step racecheck sanitized racecheck -tc="the CUDA backend conforms*"
    step synccheck sanitized synccheck -tc="the CUDA backend conforms*"
    step example_without_nvcc "$build/examples/existing_cuda_code/example.cuda_without_nvcc"
    step example_with_a_score "$build/examples/existing_cuda_code/example.cuda_with_a_score_of_ones_own"
    step benchmark benchmark
    if step build_with_cudnn build_with_cudnn; then
        step cudnn "$build/tests/cudnn/test.cudnn.on_gpu"
        if step networks networks; then
            step benchmark_networks benchmark_networks
            step peers peers
        fi
    fi
fi

{
    echo "{"
    echo "  \"device\": \"$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -n 1)\","
    echo "  \"compiler\": \"$(nvcc --version 2>/dev/null | sed -n 's/.*release \([0-9.]*\),.*/nvcc \1/p')\","
    echo "  \"steps\": [$steps"
    echo "  ],"
    printf '  "benchmark": '
    printed "$build/steps/bench.json"
    printf '  , "networks": '
    printed "$build/steps/networks.json"
    printf '  , "peers": '
    printed "$build/steps/peers.json"
    echo "}"
} >"$report"
echo "$report"
exit $failed
