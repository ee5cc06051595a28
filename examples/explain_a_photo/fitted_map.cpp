// A map fitted to the answers under 128 random masks: both classes from the same forwards, and how sure each cell is.
#include <cstdio>
#include <string>

#include <scorecam/conventions.hpp>
#include <scorecam/cpu/backend.hpp>
#include <scorecam/explain.hpp>
#include <scorecam/opencv/images.hpp>
#include <scorecam/opencv/network.hpp>

namespace ocv = scorecam::opencv;

int main(int argc, char** argv)
{
    std::string const drawings = argc > 1 ? argv[1] : "examples/drawings";
    auto how                   = ocv::imagenet_tf();
    how.width = how.height = 96;
    ocv::network network{ocv::read_network(drawings + "/drawings.onnx"), how.shape()};
    auto const photo = ocv::prepare(ocv::read_image(drawings + "/samples/ringed_ellipse_and_striped_disc.png"), how);
    scorecam::cpu::backend cpu;

    auto const found =
        scorecam::explain(cpu, network, photo.view(), scorecam::conventions::fitted{128}, scorecam::targets{3, 0});
    // (1, 2, h, w): what each cell adds to the logits of both classes, and the standard error of that
    auto const &values = found.cell_values, &errors = found.cell_deviations;
    for (scorecam::index_t m = 0; m < values.extent(1); ++m) {
        for (scorecam::index_t i = 0; i < values.extent(2); ++i) {
            for (scorecam::index_t j = 0; j < values.extent(3); ++j) {
                std::fputs(values(0, m, i, j) > 2 * errors(0, m, i, j) ? "#" : ".", stdout);
            }
            std::puts("");
        }
        std::puts("");
    }
    std::printf("%td forwards\n", found.forwards);
}
