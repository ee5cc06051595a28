// expected-error: scorecam: a backend has allocate<T>\(n\)
// expected-error: scorecam: a backend has from_host\(pointer, view\), to_host\(view, pointer\), wait\(\) and copy\(view, view\)
// expected-error: scorecam: a backend has paint\(images, f, out\)
// expected-error: scorecam: a backend has extrema\(maps, size, rule, out\)
// expected-error: scorecam: a backend has mask\(images, background, masks, picks, batch\)
// expected-error: scorecam: a backend has top\(outputs, out\)
// expected-error: scorecam: a backend has score\(outputs, f, picks, targets, scores\)
// expected-error: scorecam: a backend has weigh\(scores, roles, baseline, zero_mask, f, weights\)
// expected-error: scorecam: a backend has moments\(maps, out\)
// expected-error: scorecam: a backend has normalise\(maps, ranges, rule\)
// expected-error: scorecam: a backend has combine\(maps, weights, out\)
// expected-error: scorecam: a backend has heatmap\(sums, rule, maps, ranges\)
#include "program.hpp"

struct idle {
    using space_type = scorecam::host_space;
};

int main() { try_to_explain<working_model, idle>(); }
