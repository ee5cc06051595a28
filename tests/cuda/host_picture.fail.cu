// expected-error: calling a __host__ function
#include <scorecam/cuda/backend.hpp>

struct bright {
    template <class Pixel>
    float operator()(Pixel) const  // not SCORECAM_HD
    {
        return 1;
    }
};

void run(scorecam::cuda::backend& on, scorecam::tensor_view<float, 4, scorecam::cuda_space> view)
{
    on.paint(as_const(view), bright{}, view);
}
