#!/bin/sh
# Installs what is missing, builds the scorecam program and explains the sample pictures with the network of drawings.
set -eu
cd "$(dirname "$0")/.."
. cmake/packages.sh
need $build_packages

mkdir -p build
log=build/explain-samples.log
cmake --preset release >$log 2>&1 || { cat $log >&2; exit 1; }
cmake --build --preset release --target scorecam_program >>$log 2>&1 || { cat $log >&2; exit 1; }

for picture in examples/drawings/samples/*.png; do
    case "$picture" in
    *.mask.*) continue ;;
    *_and_*) target=top2 ;;
    *) target=top ;;
    esac
    build/release/scorecam explain examples/drawings/drawings.onnx "$picture" --preset imagenet-tf --size 96 \
        --labels examples/drawings/labels.txt --target "$target" --baseline black --panel --output build/samples
done
echo "The overlays are in build/samples: *.panel.png shows each picture beside its maps."
