// expected-error: calling a __host__ function
#include <scorecam/cuda/backend.hpp>

struct margin {
    template <class Row>
    auto operator()(Row row, scorecam::index_t c) const  // not SCORECAM_HD
    {
        return row[c] - row[0];
    }
};

void run(scorecam::cuda::backend& on) { on.score<float>({}, scorecam::score_by{margin{}}, {}, {}, {}); }
