// Everything in the core that is marked SCORECAM_HD, called from kernels: what is missing there shows only when it is used.
#include <scorecam/scorecam.hpp>

namespace {

using scorecam::index_t;
namespace ops = scorecam::ops;

struct device_space {
    static constexpr bool host_accessible = false;
    using queue_type                      = void*;
};
template <class T, std::size_t Rank>
using view = scorecam::tensor_view<T, Rank, device_space>;

template <class T>
__global__ void paint(view<T const, 4> images, ops::filter_axis<T> filter, ops::gaussian_noise<T> noise, view<T, 4> out)
{
    ops::pixel<T, 2> const at{images[0].data(), scorecam::trailing<2>(images.shape()), 0, 0};
    *out.data() = ops::colour<T>{out.data()}(at) + ops::plane_mean<T>{}(at) + filter(at) + noise(at) + at.value();
}

template <class T>
__global__ void mask(view<T const, 4> maps, view<T, 4> batch, ops::mask_rule rule, view<ops::range<T>, 1> ranges)
{
    auto const low  = scorecam::trailing<2>(maps.shape());
    auto const high = scorecam::trailing<2>(batch.shape());
    auto& r         = *ranges.slice(0, 1).data();
    if (!r.finite() || ops::extreme_at<T>(rule.axis, 0, low[0], high[0])) {
        r.include(ops::resized(maps.data(), low, high, rule.axis, scorecam::extents<2>{}));
    }
    T const h     = ops::min_max(*maps.data(), r, static_cast<T>(rule.epsilon));
    *batch.data() = ops::blend(*batch.data(), ops::heat_after(h, r, {}), h);
    if (scorecam::merge_leading(scorecam::as_const(batch)).shape() == scorecam::prepend(high, 1)) { r = {}; }
}

template <class T, class Score>
__global__ void score(ops::row<T> outputs, Score f, T* out)
{
    *out = f(outputs)(0);
}

template <class T, class Weighting>
__global__ void weigh(ops::contributions<T> contributions, Weighting f, T* out)
{
    *out = ops::weight_of(contributions, f(contributions), 0);
}

template <class T>
__global__ void show(ops::range<T> range, ops::heatmap_rule rule, T* out)
{
    auto const moments = ops::moments_of(out, 3);
    *out               = ops::heat_after(ops::heat_before(moments.deviation, range, rule), range, rule) + moments.mass;
}

struct margin {
    template <class Row>
    SCORECAM_HD auto operator()(Row row, index_t c) const
    {
        return row[c] - row[0];
    }
};

template <class T>
void launch()
{
    paint<T><<<1, 1>>>({}, {}, {}, {});
    mask<T><<<1, 1>>>({}, {}, {}, {});
    score<T><<<1, 1>>>({}, scorecam::probability{}, nullptr);
    score<T><<<1, 1>>>({}, scorecam::logit{}, nullptr);
    score<T><<<1, 1>>>({}, scorecam::sigmoid{}, nullptr);
    score<T><<<1, 1>>>({}, scorecam::score_by{margin{}}, nullptr);
    weigh<T><<<1, 1>>>({}, scorecam::raw_weights{}, nullptr);
    weigh<T><<<1, 1>>>({}, scorecam::relu_weights{}, nullptr);
    weigh<T><<<1, 1>>>({}, scorecam::softmax_weights{}, nullptr);
    weigh<T><<<1, 1>>>({}, scorecam::uniform_weights{}, nullptr);
    show<T><<<1, 1>>>({}, {}, nullptr);
}

}  // namespace

void launch_all()
{
    launch<float>();
    launch<double>();
}
