#pragma once
// What tests may ask of the made-up CUDA runtime in fake_runtime.cpp.
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>

namespace fake {

/// The order in which streams get on, as far as they are free to, and how far by themselves.
void seed(unsigned number);
/// Device memory there is; without one, no end of it.
void set_budget(std::size_t bytes);
void set_no_budget();
/// The next call of a function that can fail, fails.
void fail_next_call(cudaError_t with);
/// Until told otherwise (cudaSuccess): no recording begins, or no graph is made or replayed.
void refuse_to_record(cudaError_t with);
void refuse_graphs(cudaError_t with);

[[nodiscard]] std::size_t device_bytes();  ///< in use
[[nodiscard]] std::size_t pinned_bytes();  ///< in use
[[nodiscard]] std::size_t live_handles();  ///< streams, events and graphs
[[nodiscard]] std::size_t replays();       ///< of graphs, so far
[[nodiscard]] std::size_t host_waits();    ///< times the host was made to wait so far
[[nodiscard]] std::size_t refused_allocations();
/// What was done that a device would not forgive: copies beyond an allocation, writes beyond one or to a freed one, memory
/// freed twice.
[[nodiscard]] std::vector<std::string> const& violations();
void forget_violations();

/// Work like a kernel's.
void enqueue(cudaStream_t stream, std::function<void()> work);

}  // namespace fake
