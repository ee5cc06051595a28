// Adapters of the user's own, tested with the kit of an installed scorecam and without doctest.
#include <cstdio>
#include <string>
#include <vector>

#include <scorecam/reference.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/testing/backend_findings.hpp>
#include <scorecam/testing/model_findings.hpp>

#ifdef DOCTEST_LIBRARY_INCLUDED
#error "the lists of findings need no doctest"
#endif

using batch_type = scorecam::tensor_view<float const, 4>;

/// Two classes: the first pixel and the last one. The activations are the pixels, called what the constructor is told.
struct my_adapter {
    using value_type = float;
    using space_type = scorecam::host_space;
    scorecam::image_shape called;
    scorecam::tensor<float, 2> outputs{};
    scorecam::tensor<float, 4> activations{};

    scorecam::image_shape input_shape() const { return {2, 4, 6}; }
    scorecam::tensor_view<float const, 2> forward(batch_type batch)
    {
        outputs = scorecam::tensor<float, 2>{{{batch.extent(0), 2}}};
        for (scorecam::index_t n = 0; n < batch.extent(0); ++n) {
            outputs(n, 0) = batch(n, 0, 0, 0);
            outputs(n, 1) = batch(n, 1, 3, 5);
        }
        return outputs;
    }
    scorecam::captured<float> capture(batch_type batch)
    {
        activations = {prepend(called, batch.extent(0)), {batch.begin(), batch.end()}};
        return {forward(batch), activations};
    }
};

std::vector<scorecam::testing::finding> findings_of(my_adapter adapter)
{
    scorecam::reference_backend on;
    return scorecam::testing::model_findings(on, adapter, {.tap_is_signed = true});
}

int main()
{
    scorecam::reference_backend on;
    auto const right   = findings_of({{2, 4, 6}});
    auto const swapped = findings_of({{2, 6, 4}});
    auto const backend = scorecam::testing::backend_findings(on);
    for (auto const& one : swapped) { std::printf("%s\n", to_string(one).c_str()); }
    return right.empty() && !swapped.empty() && backend.empty() ? 0 : 1;
}
