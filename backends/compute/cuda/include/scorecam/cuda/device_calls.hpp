#pragma once
// Functions of the caller's, called on the device.
#include <scorecam/config.hpp>
#include <scorecam/policies/score.hpp>
#include <scorecam/tensor_view.hpp>

/// Between these, a call of a function that is the host's alone is an error on the device. nvcc would warn, and leave out
/// the call with all that depends on it.
#if defined(__NVCC__) && defined(__CUDA_ARCH__)
#define SCORECAM_BEGIN_DEVICE_CALLS                                                                                         \
    _Pragma("nv_diagnostic push") _Pragma("nv_diag_error 20011") _Pragma("nv_diag_error 20013")                             \
        _Pragma("nv_diag_error 20014")
#define SCORECAM_END_DEVICE_CALLS _Pragma("nv_diagnostic pop")
#else
#define SCORECAM_BEGIN_DEVICE_CALLS
#define SCORECAM_END_DEVICE_CALLS
#endif

SCORECAM_BEGIN_DEVICE_CALLS
namespace scorecam::cuda {

/// Whether a score is made of a function of the caller's.
template <class S>
inline constexpr bool is_score_by = false;
template <class F>
inline constexpr bool is_score_by<score_by<F>> = true;

/// Refuses, at compile time, what the core calls in functions that are the host's as well, where a warning is all there is.
template <class F, class... Arguments>
SCORECAM_HD void check_called_on_device(F const& f, Arguments const&... arguments)
{
    if (false) { static_cast<void>(f(arguments...)); }
}
template <class Reading>
[[nodiscard]] SCORECAM_HD Reading checked_reading(Reading const& reading)
{
    check_called_on_device(reading, index_t{});
    return reading;
}

/// f(row), with the team's help if f takes a team.
template <class F, class Row, class Team>
[[nodiscard]] SCORECAM_HD auto read_together(F const& f, Row const& row, Team const& together)
{
    if constexpr (is_score_by<F>) { check_called_on_device(f.function, row, index_t{}); }
    if constexpr (requires { f(row, together); }) {
        return checked_reading(f(row, together));
    } else {
        return checked_reading(f(row));
    }
}

}  // namespace scorecam::cuda
SCORECAM_END_DEVICE_CALLS
