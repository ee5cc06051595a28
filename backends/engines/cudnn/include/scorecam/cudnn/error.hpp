#pragma once
// What cuDNN says, as the library's errors.
#include <algorithm>
#include <string>

#include <cudnn.h>

#include <scorecam/error.hpp>

namespace scorecam::cudnn {

/// Throws model_error if `status` says that `what` failed; scorecam::out_of_memory if memory ran out.
inline void check(cudnnStatus_t status, std::string const& what)
{
    if (status == CUDNN_STATUS_SUCCESS) { return; }
    if (status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ||
        status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED) {
        throw out_of_memory{what + ": cuDNN ran out of memory; use a smaller batch"};
    }
    char more[512] = "";
    cudnnGetLastErrorString(more, sizeof more);
    std::string said = std::string{cudnnGetErrorString(status)} + (more[0] != '\0' ? ", " : "") + more;
    std::replace(said.begin(), said.end(), '\n', ' ');
    throw model_error{what + ": cuDNN says: " + said};
}

}  // namespace scorecam::cudnn
