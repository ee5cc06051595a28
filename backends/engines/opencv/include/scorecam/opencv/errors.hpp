#pragma once
// What OpenCV says, in this library's terms.
#include <algorithm>
#include <mutex>
#include <string>

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>

#include <scorecam/error.hpp>

namespace scorecam::opencv::detail {

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

/// Calls f; an error of OpenCV, or ours, becomes a model_error that starts with `doing`.
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
    } catch (model_error const& e) {
        throw model_error{doing + ": " + e.what()};
    }
}

}  // namespace scorecam::opencv::detail
