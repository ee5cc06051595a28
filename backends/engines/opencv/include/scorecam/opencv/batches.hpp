#pragma once
// Which networks OpenCV can be asked for batches.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <opencv2/dnn.hpp>

namespace scorecam::opencv::detail {

/// Whether asking for several images is safe. Shapes that OpenCV takes from a file for one image fold further ones into the
/// channels, and a convolution behind divides by 0, which ends the process (4.6, squeeze-and-excitation by ReduceMean). So
/// no convolution may follow a reshape, nor anything that is not known to be safe.
[[nodiscard]] inline bool batches_are_safe(cv::dnn::Net net)
{
    static std::set<std::string> const safe{"",
                                            "__NetInputLayer__",
                                            "Convolution",
                                            "Deconvolution",
                                            "InnerProduct",
                                            "Pooling",
                                            "ReLU",
                                            "ReLU6",
                                            "PReLU",
                                            "ELU",
                                            "Sigmoid",
                                            "TanH",
                                            "AbsVal",
                                            "Power",
                                            "Exp",
                                            "Softmax",
                                            "SoftMax",
                                            "BatchNorm",
                                            "LRN",
                                            "Scale",
                                            "Shift",
                                            "Reduce",
                                            "Eltwise",
                                            "Concat",
                                            "Split",
                                            "Slice",
                                            "Crop",
                                            "Flatten",
                                            "Permute",
                                            "Padding",
                                            "Identity",
                                            "Dropout",
                                            "Resize",
                                            "Const",
                                            "Mish",
                                            "Swish",
                                            "HardSwish",
                                            "HardSigmoid",
                                            "ChannelsPReLU",
                                            "MVN",
                                            "Reshape",
                                            "Clip"};
    std::map<std::string, bool> reshaped;
    auto const names = net.getLayerNames();
    return std::all_of(names.begin(), names.end(), [&](cv::String const& name) {
        int const number = net.getLayerId(name);
        auto const type  = net.getLayer(number)->type;
        bool& is         = reshaped[name];
        is               = type == "Reshape";
        for (auto const& from : net.getLayerInputs(number)) { is = is || reshaped[from->name]; }
        bool const convolves = type == "Convolution" || type == "Deconvolution";
        return safe.count(type) > 0 && !(is && convolves);
    });
}

}  // namespace scorecam::opencv::detail
