#pragma once
// Torch's tensors, memory and errors in this library's terms.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/ivalue.h>  // first: clang in C++20 takes LibTorch 1.13 in no other order

#include <ATen/ATen.h>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::torch {

/// What Torch needs to know of a space: its device, how work is put on the caller's queue, and how to wait for all of it.
/// That of a CUDA device is in cuda.hpp.
template <space Space>
struct memory;

template <>
struct memory<host_space> {
    /// Nothing to do while it lives: on the host, work is done when a call returns.
    struct on_queue {
        explicit on_queue(at::Device) {}
    };
    [[nodiscard]] static at::Device device() { return at::kCPU; }
    static void wait() {}
};

namespace detail {

/// The sentence in what Torch says: no traces of Python, TorchScript or C++.
[[nodiscard]] inline std::string sentence(std::string_view said)
{
    constexpr std::string_view error = "RuntimeError: ";  // where TorchScript quotes an error
    auto const quoted                = said.rfind(error);
    if (quoted != said.npos) {
        said.remove_prefix(quoted + error.size());
    } else if (said.starts_with("The following operation failed")) {  // an exception raised in TorchScript comes last
        while (said.ends_with('\n')) { said.remove_suffix(1); }
        said.remove_prefix(said.rfind('\n') + 1);
    }
    while (said.starts_with('\n')) { said.remove_prefix(1); }
    return std::string{said.substr(0, said.find('\n'))};
}

/// Calls f; an error of Torch, or ours, becomes a model_error that starts with `doing`; want of memory is out_of_memory.
template <class F>
decltype(auto) translated(std::string const& doing, F&& f)
{
    auto const fail = [&](std::string_view said) {
        auto const text = doing + ": Torch says: " + sentence(said);
        if (said.find("out of memory") != said.npos || said.find("can't allocate memory") != said.npos) {
            throw out_of_memory{text};
        }
        throw model_error{text};
    };
    try {
        return f();
    } catch (model_error const& e) {
        throw model_error{doing + ": " + e.what()};
    } catch (error const&) {
        throw;
    } catch (std::bad_alloc const&) {
        throw out_of_memory{doing + ": out of memory"};
    } catch (c10::Error const& e) {
        fail(e.what_without_backtrace());
        throw;
    } catch (std::exception const& e) {  // what TorchScript throws on
        fail(e.what());
        throw;
    }
}

[[nodiscard]] inline std::string text(at::IntArrayRef dims)
{
    std::string all;
    for (auto const d : dims) { all += (all.empty() ? " (" : ", ") + std::to_string(d); }
    return all + ")";
}

template <std::size_t Rank>
[[nodiscard]] std::vector<std::int64_t> dims_of(extents<Rank> const& shape)
{
    return {shape.extent, shape.extent + Rank};
}

/// The extents of a tensor of Rank dimensions.
template <std::size_t Rank>
[[nodiscard]] extents<Rank> shape_of(at::Tensor const& values)
{
    extents<Rank> shape{};
    for (std::size_t d = 0; d < Rank; ++d) { shape[d] = values.size(static_cast<std::int64_t>(d)); }
    return shape;
}

/// A tensor over the caller's memory, which Torch knows in no read-only form.
template <std::size_t Rank, class Space>
[[nodiscard]] at::Tensor tensor_on(tensor_view<float const, Rank, Space> view, at::Device device)
{
    return at::from_blob(const_cast<float*>(view.data()), dims_of(view.shape()),
                         at::TensorOptions{at::kFloat}.device(device));
}

/// The values as they can be viewed, and in no memory that is the caller's.
[[nodiscard]] inline at::Tensor viewable(at::Tensor const& values, at::Tensor const& batch)
{
    auto const plain = values.to(at::kFloat).contiguous();
    return plain.is_alias_of(batch) ? plain.clone() : plain;
}

/// A view of a tensor that is viewable and is kept.
template <std::size_t Rank, class Space>
[[nodiscard]] tensor_view<float const, Rank, Space> view_of(at::Tensor const& kept)
{
    return {kept.data_ptr<float>(), shape_of<Rank>(kept)};
}

}  // namespace detail

}  // namespace scorecam::torch
