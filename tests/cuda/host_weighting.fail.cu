// expected-error: calling a __host__ function
#include <scorecam/cuda/backend.hpp>

struct halves {
    template <class Row>
    struct reading {
        Row row;
        auto operator()(scorecam::index_t k) const { return row.scores[k] / 2; }  // not SCORECAM_HD
    };
    template <class Row>
    SCORECAM_HD auto operator()(Row row) const
    {
        return reading<Row>{row};
    }
};

void run(scorecam::cuda::backend& on) { on.weigh<float>({}, {}, {}, {}, halves{}, {}); }
