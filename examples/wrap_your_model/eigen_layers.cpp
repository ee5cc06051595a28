// A network written with Eigen, as a model: matrices in and out are the library's tensors, nothing is copied.
#include <cstdio>
#include <utility>

#include <Eigen/Core>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>

#include "my_network.hpp"

using rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// 12×12 pictures to 3×3 block means, and from those to two classes.
struct eigen_layers {
    rows const blocks  = block_means();
    rows const weights = (rows(9, 2) << 4, 0, 0, 0, 0, 4, 4, 0, 0, 0, 0, 4, 4, 0, 0, 0, 0, 4).finished();
    rows features;  // (n, 9)
    rows logits;    // (n, 2)

    void run(Eigen::Map<rows const> const& pictures)
    {
        features.noalias() = pictures * blocks;
        logits.noalias()   = features * weights;
    }

    static rows block_means()
    {
        rows means = rows::Zero(144, 9);
        for (Eigen::Index p = 0; p < 144; ++p) { means(p, p / 48 * 3 + p % 12 / 4) = 1.0F / 16; }
        return means;
    }
};

int main()
{
    eigen_layers network;
    auto const run = [&](scorecam::tensor_view<float const, 4> batch) {
        network.run({batch.data(), batch.extent(0), 144});
        return scorecam::tensor_view<float const, 2>{network.logits.data(), batch.extent(0), 2};
    };
    auto const capture = [&](scorecam::tensor_view<float const, 4> batch) {
        auto const logits = run(batch);
        return std::pair{logits, scorecam::tensor_view<float const, 4>{network.features.data(), batch.extent(0), 1, 3, 3}};
    };
    auto model = scorecam::make_model(scorecam::image_shape{1, 12, 12}, run, capture);

    auto const picture = two_spots();
    scorecam::cpu::backend cpu;
    auto const found = scorecam::explain(cpu, model, scorecam::tensor_view<float const, 3>{picture.data(), 1, 12, 12},
                                         scorecam::target{0}, scorecam::logit{});
    std::printf("left spot %.2f, right spot %.2f\n", static_cast<double>(found.map()(10, 1)),
                static_cast<double>(found.map()(1, 10)));
}
