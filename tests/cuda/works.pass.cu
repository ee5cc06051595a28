// What the other .cu files here get wrong in one place each.
#include <scorecam/cuda/backend.hpp>

struct fill {
    float* to;
    scorecam::index_t count;
    [[nodiscard]] SCORECAM_HD scorecam::index_t outer() const { return 1; }
    [[nodiscard]] SCORECAM_HD scorecam::index_t inner() const { return count; }
    SCORECAM_HD void operator()(scorecam::index_t, std::uint32_t i) const { to[i] = 1; }
};

struct margin {
    template <class Row>
    SCORECAM_HD auto operator()(Row row, scorecam::index_t c) const
    {
        return row[c] - row[0];
    }
};

void run(scorecam::cuda::backend& on, scorecam::tensor_view<float, 1, scorecam::cuda_space> view)
{
    scorecam::cuda::launch(fill{view.data(), view.size()}, on.queue());
    on.score<float>({}, scorecam::score_by{margin{}}, {}, {}, {});
}
