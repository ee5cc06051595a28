#pragma once
// What tests on a device are written with. The same objects are linked with the made-up runtime and kernels, so that they
// run anywhere, and with the real ones, where they need a GPU.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include <cuda_runtime_api.h>

#include <scorecam/batch_view.hpp>
#include <scorecam/cuda/backend.hpp>
#include <scorecam/cuda/error.hpp>
#include <scorecam/cuda/stream.hpp>
#include <scorecam/model.hpp>
#include <scorecam/tensor.hpp>

namespace device {

namespace sc   = scorecam;
namespace cuda = scorecam::cuda;

/// Whether this runs on a GPU and not on the made-up one; its own exp() and log() differ from the host's in the last bits
/// there.
inline bool is_real = false;

/// Device memory that is all 0xff at first, NaN or -1: what a kernel leaves out shows.
struct poisoned_memory : cuda::stream_ordered_memory {
    [[nodiscard]] void* allocate(std::size_t bytes, cudaStream_t stream) const
    {
        void* const memory = stream_ordered_memory::allocate(bytes, stream);
        if (bytes > 0) { cuda::check(cudaMemsetAsync(memory, 0xff, bytes, stream), "poisoning memory"); }
        return memory;
    }
};
using poisoned_backend = cuda::basic_backend<poisoned_memory>;

/// A tensor of the host's on the device.
template <class T, std::size_t Rank>
class moved {
public:
    template <class Backend>
    moved(Backend& on, sc::tensor<T, Rank> const& host) : memory_{host.size(), on.queue()}, shape_{host.shape()}
    {
        on.from_host(host.data(), sc::tensor_view<T, Rank, sc::cuda_space>{memory_.data(), shape_});
    }
    [[nodiscard]] sc::tensor_view<T const, Rank, sc::cuda_space> view() const { return {memory_.data(), shape_}; }

private:
    cuda::buffer<T> memory_;
    sc::extents<Rank> shape_;
};

/// Host memory that copies do not wait for.
template <class T>
class pinned {
public:
    explicit pinned(sc::index_t size)
    {
        void* made = nullptr;
        cuda::check(cudaMallocHost(&made, static_cast<std::size_t>(size) * sizeof(T)), "pinning memory");
        memory_.reset(static_cast<T*>(made));
    }
    [[nodiscard]] T* data() const { return memory_.get(); }

private:
    struct unpin {
        void operator()(T* memory) const { static_cast<void>(cudaFreeHost(memory)); }
    };
    std::unique_ptr<T, unpin> memory_;
};

/// A host model on the device: its batch is fetched, a host function of the stream runs it, its results are sent back.
template <class HostModel>
class hosted_model {
public:
    using value_type                   = typename HostModel::value_type;
    using space_type                   = sc::cuda_space;
    static constexpr std::size_t rank  = sc::spatial_rank_of<HostModel> + 2;
    using batch_value_type             = sc::batch_value_of<HostModel>;
    static constexpr auto batch_layout = sc::layout_of<HostModel>;
    using batch_type                   = sc::tensor_view<batch_value_type const, rank, sc::cuda_space>;

    hosted_model(HostModel& host, sc::index_t largest_batch) : host_{host}, largest_batch_{largest_batch}
    {
        sc::tensor<batch_value_type, rank> const probe{in_memory(1)};
        auto const seen = host.capture(probe.view());
        classes_        = seen.outputs.extent(1);
        activation_     = sc::trailing<rank - 1>(seen.activations.shape());
        batch_          = std::make_unique<pinned<batch_value_type>>(largest_batch * host.input_shape().size());
        results_        = std::make_unique<pinned<value_type>>(largest_batch * (classes_ + activation_.size()));
    }
    hosted_model(hosted_model&&) = delete;
    ~hosted_model()  // what is enqueued is done with its memory
    {
        if (stream_ != nullptr) { static_cast<void>(cudaStreamSynchronize(stream_)); }
    }
    [[nodiscard]] auto input_shape() const { return host_.input_shape(); }
    [[nodiscard]] sc::index_t max_batch() const { return largest_batch_; }

    [[nodiscard]] sc::tensor_view<value_type const, 2, sc::cuda_space> forward(batch_type batch, cudaStream_t stream)
    {
        run(batch, stream, false);
        outputs_ = sent_back(results_->data(), batch.extent(0) * classes_, stream);
        return {outputs_.data(), batch.extent(0), classes_};
    }
    [[nodiscard]] sc::captured<value_type, sc::cuda_space, rank - 2> capture(batch_type batch, cudaStream_t stream)
    {
        run(batch, stream, true);
        index_t const outputs = batch.extent(0) * classes_;
        outputs_              = sent_back(results_->data(), outputs, stream);
        activations_          = sent_back(results_->data() + outputs, batch.extent(0) * activation_.size(), stream);
        return {{outputs_.data(), batch.extent(0), classes_}, {activations_.data(), prepend(activation_, batch.extent(0))}};
    }
    using tapped_type = sc::tensor_view<value_type const, rank, sc::cuda_space>;
    [[nodiscard]] sc::tensor_view<value_type const, 2, sc::cuda_space> resume(tapped_type activations, cudaStream_t stream)
        requires sc::resumable_model<HostModel>
    {
        if (!tapped_) { tapped_ = std::make_unique<pinned<value_type>>(largest_batch_ * activation_.size()); }
        stream_          = stream;
        auto const bytes = static_cast<std::size_t>(activations.size()) * sizeof(value_type);
        cuda::check(cudaMemcpyAsync(tapped_->data(), activations.data(), bytes, cudaMemcpyDeviceToHost, stream),
                    "fetching activations");
        auto run_here = [](void* data) {
            std::unique_ptr<call const> const what{static_cast<call*>(data)};
            auto& self         = *what->self;
            auto const outputs = self.host_.resume({self.tapped_->data(), prepend(self.activation_, what->n)});
            std::copy_n(outputs.data(), outputs.size(), self.results_->data());
        };
        auto what = std::make_unique<call>(call{this, activations.extent(0), false});
        cuda::check(cudaLaunchHostFunc(stream, run_here, what.get()), "enqueuing the rest of a model");
        static_cast<void>(what.release());
        outputs_ = sent_back(results_->data(), activations.extent(0) * classes_, stream);
        return {outputs_.data(), activations.extent(0), classes_};
    }

private:
    using index_t = sc::index_t;
    struct call {
        hosted_model* self;
        index_t n;
        bool with_activations;
    };

    [[nodiscard]] auto in_memory(index_t n) const
    {
        return extents_in_memory(prepend(host_.input_shape(), n), batch_layout);
    }
    void run(batch_type batch, cudaStream_t stream, bool with_activations)
    {
        stream_          = stream;
        auto const bytes = static_cast<std::size_t>(batch.size()) * sizeof(batch_value_type);
        cuda::check(cudaMemcpyAsync(batch_->data(), batch.data(), bytes, cudaMemcpyDeviceToHost, stream),
                    "fetching a batch");
        auto run_here = [](void* data) {
            std::unique_ptr<call const> const what{static_cast<call*>(data)};
            what->self->run_on_host(what->n, what->with_activations);
        };
        auto what = std::make_unique<call>(call{this, batch.extent(0), with_activations});
        cuda::check(cudaLaunchHostFunc(stream, run_here, what.get()), "enqueuing a model");
        static_cast<void>(what.release());
    }
    void run_on_host(index_t n, bool with_activations)
    {
        sc::tensor_view<batch_value_type const, rank> const batch{batch_->data(), in_memory(n)};
        value_type* out = results_->data();
        if (!with_activations) {
            auto const outputs = host_.forward(batch);
            std::copy_n(outputs.data(), outputs.size(), out);
            return;
        }
        auto const seen = host_.capture(batch);
        out             = std::copy_n(seen.outputs.data(), seen.outputs.size(), out);
        std::copy_n(seen.activations.data(), seen.activations.size(), out);
    }
    [[nodiscard]] static cuda::buffer<value_type> sent_back(value_type const* from, index_t count, cudaStream_t stream)
    {
        cuda::buffer<value_type> to{count, stream};
        auto const bytes = static_cast<std::size_t>(count) * sizeof(value_type);
        cuda::check(cudaMemcpyAsync(to.data(), from, bytes, cudaMemcpyHostToDevice, stream), "sending results");
        return to;
    }

    HostModel& host_;
    index_t largest_batch_;
    std::unique_ptr<pinned<value_type>> tapped_;
    cudaStream_t stream_ = nullptr;
    index_t classes_     = 0;
    sc::extents<rank - 1> activation_{};
    std::unique_ptr<pinned<batch_value_type>> batch_;
    std::unique_ptr<pinned<value_type>> results_;
    cuda::buffer<value_type> outputs_;
    cuda::buffer<value_type> activations_;
};

}  // namespace device
