// expected-error: scorecam: a pointer to a function may be the host
#include <scorecam/cuda/backend.hpp>

SCORECAM_HD float margin(scorecam::ops::row<float> row, scorecam::index_t c) { return row[c] - row[0]; }

void run(scorecam::cuda::backend& on) { on.score<float>({}, scorecam::score_by{margin}, {}, {}, {}); }
