#pragma once
// What the CUDA runtime says, as the library's errors.
#include <cstddef>
#include <string>

#include <cuda_runtime_api.h>

#include <scorecam/error.hpp>

namespace scorecam::cuda {

/// A call of the CUDA runtime failed. An error of enqueued work shows in a later call.
class cuda_error : public error {
public:
    cuda_error(cudaError_t code, std::string const& what)
        : error{what + ": " + cudaGetErrorString(code) + " (" + cudaGetErrorName(code) + ")"}, code_{code}
    {
    }
    [[nodiscard]] cudaError_t code() const noexcept { return code_; }

private:
    cudaError_t code_;
};

/// Makes the runtime forget an error that nobody is told of, so that a later call is not blamed for it.
inline void forget(cudaError_t status) noexcept
{
    if (status != cudaSuccess) { static_cast<void>(cudaGetLastError()); }
}

/// Throws cuda_error if `status` says that `what` failed; scorecam::out_of_memory if device memory ran out. The runtime
/// forgets the error, so that it does not show again in a call that has nothing to do with it.
inline void check(cudaError_t status, std::string const& what)
{
    if (status == cudaSuccess) { return; }
    forget(status);
    if (status == cudaErrorMemoryAllocation) { throw out_of_memory{what + ": out of device memory; use a smaller batch"}; }
    throw cuda_error{status, what};
}

/// The same for an allocation, whose size stands in the error.
inline void check_allocation(cudaError_t status, std::size_t bytes)
{
    if (status != cudaSuccess) { check(status, "an allocation of " + std::to_string(bytes) + " bytes"); }
}

}  // namespace scorecam::cuda
