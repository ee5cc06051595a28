#pragma once
// An engine of the CPU that the networks on cuDNN are compared with.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/cudnn/network.hpp>

#if defined(SCORECAM_WITH_ONNXRUNTIME)
#include "engines/adapters/onnxruntime.hpp"
#define SCORECAM_OTHER_ENGINE onnxruntime
#elif defined(SCORECAM_WITH_OPENCV)
#include "engines/adapters/opencv.hpp"
#define SCORECAM_OTHER_ENGINE opencv
#endif
#include "cudnn/on_a_stream.hpp"
#include "engines/photos.hpp"

namespace cudnn_tests {

#if defined(SCORECAM_OTHER_ENGINE)
using other_engine = SCORECAM_OTHER_ENGINE;
#else
using other_engine = void;
#endif

/// The largest difference, in parts of the largest value.
template <class A, class B>
[[nodiscard]] double apart(A const& a, B const& b)
{
    double largest = 1e-30;
    for (auto const v : b) { largest = std::max(largest, std::abs(static_cast<double>(v))); }
    return deviation(a, b) / largest;
}

/// Skips the program, by name, where there is no other engine.
inline void require_other_engine()
{
    if (std::is_void_v<other_engine>) {
        std::printf("skipped: there is neither ONNX Runtime nor OpenCV to compare with\n");
        std::exit(77);
    }
}

/// Runs two different images through both engines: the scores and the layers, of which every `of_layers`-th is compared
/// beside the last, are the same, fused or not.
template <class Other = other_engine>
void check_same(std::string const& file, sc::tensor<float, 3> const& image, double tolerance, std::size_t of_layers = 1)
{
    if constexpr (!std::is_void_v<Other>) {
        CAPTURE(file);
        sc::tensor<float, 4> images{sc::prepend(image.shape(), 2)};
        std::copy(image.begin(), image.end(), images.data());
        std::reverse_copy(image.begin(), image.end(), images.data() + image.size());

        on_a_stream here;
        cudnn::network fused{file, image.shape()};
        std::vector<std::string> names;
        for (std::size_t l = 0; l < fused.layers().size(); l += of_layers) { names.push_back(fused.layers()[l].name); }
        if (std::find(names.begin(), names.end(), fused.explained()[0].name) == names.end()) {
            names.push_back(fused.explained()[0].name);
        }
        cudnn::network network{file, image.shape(), names};
        auto other        = Other::make(file, image.shape(), names);
        auto const wanted = other.capture_layers(images.view());
        auto const seen   = here.capture(network, images);
        double worst      = 0;
        for (std::size_t l = 0; l < names.size(); ++l) {
            CAPTURE(names[l]);
            REQUIRE(seen.activations[l].shape() == wanted.activations[l].shape());
            auto const off = apart(seen.activations[l], wanted.activations[l]);
            worst          = std::max(worst, off);
            CHECK(off < tolerance);
        }
        auto const outputs = apart(seen.outputs, wanted.outputs);
        auto const plain   = apart(here.forward(fused, images), wanted.outputs);
        MESSAGE(file.substr(file.rfind('/') + 1)
                << " on cuDNN and " << std::string{Other::name} << ": " << names.size() << " layers " << worst
                << " apart at most, outputs " << outputs << ", fused " << plain);
        CHECK(outputs < tolerance);
        CHECK(plain < tolerance);
        auto by_default = Other::make(file, image.shape());
        CHECK(Other::name_of(fused.explained()[0].name) == by_default.explained()[0].name);
    }
}

}  // namespace cudnn_tests
