// The same file and the same pixels: the same map, whichever engine computes it. From the repository alone.
#include <doctest/doctest.h>

#include "engines/agree.hpp"

using namespace engines;

TEST_CASE("the engines agree on a drawing")
{
    auto const input = picture(disc_file, imagenet_tf);
    auto const file  = files::own("examples/drawings/drawings.onnx");
    check_agreement(by_all(file, input, sc::target{0}, sc::conventions::official{}));
    check_agreement(by_all(file, input, sc::target{3}, sc::conventions::torch_cam{}));
}
