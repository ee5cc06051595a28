#pragma once
// What an OpenCV network consists of: names, types and shapes of the layers that can be explained.
#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>

#include <scorecam/error.hpp>
#include <scorecam/engines/layer.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::opencv {

namespace detail {

/// OpenCV writes to stderr before it throws; the exception says the same. Silent while any of these is in scope, in
/// whatever thread.
class quiet_log {
public:
    quiet_log()
    {
        std::lock_guard const lock{state().mutex};
        if (state().count++ == 0) { state().before = cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT); }
    }
    quiet_log(quiet_log const&)            = delete;
    quiet_log& operator=(quiet_log const&) = delete;
    ~quiet_log()
    {
        std::lock_guard const lock{state().mutex};
        if (--state().count == 0) { cv::utils::logging::setLogLevel(state().before); }
    }

private:
    struct shared {
        std::mutex mutex;
        int count = 0;
        cv::utils::logging::LogLevel before{};
    };
    static shared& state()
    {
        static shared one;
        return one;
    }
};

/// Calls f; an error of OpenCV becomes a model_error that starts with `doing`.
template <class F>
decltype(auto) translated(std::string const& doing, F&& f)
{
    quiet_log const quiet;
    try {
        return f();
    } catch (cv::Exception const& e) {
        std::string said = e.err;
        std::replace(said.begin(), said.end(), '\n', ' ');
        throw model_error{doing + ": OpenCV says: " + said};
    }
}

[[nodiscard]] inline std::vector<int> blob_shape(image_shape const& input, index_t batch)
{
    return {static_cast<int>(batch), static_cast<int>(input[0]), static_cast<int>(input[1]), static_cast<int>(input[2])};
}

}  // namespace detail

/// The layers of `net` that can be explained, in the order of the network, for inputs of the given shape.
/// Throws model_error if the network does not take such inputs.
[[nodiscard]] inline std::vector<layer<2>> spatial_layers(cv::dnn::Net& net, image_shape const& input)
{
    std::vector<int> ids;
    std::vector<std::vector<cv::dnn::MatShape>> in;
    std::vector<std::vector<cv::dnn::MatShape>> out;
    detail::translated("the network does not take inputs of " + to_string(input) +
                           "; give the size and the channels it was made for",
                       [&] { net.getLayersShapes(detail::blob_shape(input, 1), ids, in, out); });

    std::vector<layer<2>> found;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (ids[i] == 0 || out[i].empty() || out[i][0].size() != 4) { continue; }  // 0 is the input itself
        if (out[i][0][0] != 1) { continue; }                 // something else was folded into the batch
        if (out[i][0][2] * out[i][0][3] == 1) { continue; }  // no place to point at
        auto const& shape = out[i][0];
        auto const one    = net.getLayer(ids[i]);
        found.push_back({one->name, one->type, {{shape[1], shape[2], shape[3]}}});
    }
    return found;
}

}  // namespace scorecam::opencv
