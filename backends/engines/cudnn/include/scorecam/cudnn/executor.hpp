#pragma once
// A plan on the current CUDA device.
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <map>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include <cuda_runtime_api.h>

#include <scorecam/batch_view.hpp>
#include <scorecam/cuda/buffer.hpp>
#include <scorecam/cuda/convert.hpp>
#include <scorecam/cuda/error.hpp>
#include <scorecam/cuda/stream.hpp>
#include <scorecam/cudnn/descriptors.hpp>
#include <scorecam/cudnn/error.hpp>
#include <scorecam/cudnn/operations.hpp>
#include <scorecam/onnx/places.hpp>
#include <scorecam/onnx/plan.hpp>
#include <scorecam/reference.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cudnn {

/// Runs a plan with values and weights of type Element, float or __nv_bfloat16. It copies the weights to the device that is
/// current then and has to be current in each call.
///
/// Work is enqueued on the caller's stream; the host waits for nothing but the upload of the weights. Memory is allocated in
/// the order of a stream of its own, which is tied to the callers' by events, so that these may change and end before it.
///
/// A run may be recorded as a graph once a run of as many images is done. Memory that recordings know stays until the end,
/// also when it has become too small.
template <class Element>
class executor {
public:
    using batch_type = tensor_view<Element const, 4, cuda_space>;

    /// The values `kept` can be asked for after each run, beside the scores.
    executor(onnx::plan plan, std::vector<onnx::value_id> const& kept, arithmetic with, std::size_t largest_workspace)
        : plan_{std::move(plan)}, places_{onnx::placed(plan_, kept)}, with_{with}, largest_workspace_{largest_workspace}
    {
        upload();
        if constexpr (!std::same_as<Element, float>) {
            show(plan_.scores);
            for (auto const id : kept) { show(id); }
        }
    }
    executor(executor const&)            = delete;
    executor& operator=(executor const&) = delete;
    ~executor()  // memory is given back when the last run is done
    {
        cuda::forget(cudaStreamWaitEvent(home_.get(), done_.get(), 0));
    }

    [[nodiscard]] onnx::plan const& plan() const { return plan_; }

    /// Enqueues the plan on a batch (n, C, H, W), of bfloat16 (n, H, W, C), which is only read. Throws
    /// scorecam::out_of_memory, or model_error with the node that failed. Without `kept` only the
    /// scores can be asked for.
    void run(batch_type batch, cudaStream_t stream, bool kept)
    {
        auto const n = batch.extent(0);
        auto& with   = prepared_for(n);
        reserve(n, with.workspace, stream);
        cuda::start_after_outside(stream, done_);
        known_to_recordings_ = known_to_recordings_ || cuda::is_recorded(stream);
        done_when_left const recorded{done_, stream};
        check(cudnnSetStream(cudnn_.get(), stream), "setting the stream");
        batch_ = batch.data(), n_ = n;
        for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
            auto const& step = plan_.steps[i];
            detail::call at{.cudnn     = cudnn_.get(),
                            .stream    = stream,
                            .in        = {},
                            .out       = values_.data() + n * places_.of[step.output.value],
                            .weights   = nullptr,
                            .bias      = nullptr,
                            .workspace = workspace_.data()};
            for (auto const& x : step.inputs) { at.in.push_back(computed(x.value)); }
            if (std::holds_alternative<onnx::convolution>(step.what)) {
                at.weights = weights_.data() + weights_at_[i];
                at.bias    = weights_.data() + bias_at_[i];
            }
            std::visit([&](auto& prepared_step) { prepared_step(at, step.node); }, with.steps[i]);
        }
        if constexpr (!std::same_as<Element, float>) { enqueue_shown(stream, kept ? shown_as_.size() : 1); }
    }

    /// Where a value of the last run lies, (n, ...): the scores, or one of those kept.
    [[nodiscard]] float const* value(onnx::value_id id) const
    {
        if constexpr (std::same_as<Element, float>) {
            return computed(id);
        } else {
            auto const is_it = [id](shown const& one) { return one.id == id; };
            return shown_.data() + n_ * std::find_if(shown_as_.begin(), shown_as_.end(), is_it)->place;
        }
    }

private:
    static constexpr form values = form_of<Element>;

    [[nodiscard]] Element const* computed(onnx::value_id id) const
    {
        return id == onnx::the_input ? batch_ : values_.data() + n_ * places_.of[id];
    }

    /// A value that is copied to floats in the order of ONNX after each run.
    struct shown {
        onnx::value_id id;
        image_shape shape;
        index_t place;  // elements for each image
    };
    void show(onnx::value_id id)
    {
        image_shape shape{};
        for (auto const& step : plan_.steps) { shape = step.output.value == id ? step.output.shape : shape; }
        shown_as_.push_back({id, shape, shown_size_});
        shown_size_ += shape.size();
    }

    /// Whatever happens on the way: what was enqueued is waited for.
    struct done_when_left {
        cuda::event& done;
        cudaStream_t stream;
        ~done_when_left()
        {
            try {
                done.record_outside(stream);
            } catch (...) {  // a recording that has failed: whoever began it hears of that
            }
        }
    };

    void enqueue_shown(cudaStream_t stream, std::size_t count) const
    {
        for (std::size_t i = 0; i < count; ++i) {
            auto const& one  = shown_as_[i];
            auto const shape = prepend(one.shape, n_);
            cuda::convert(batch_view<Element const, 4, values.order, cuda_space>{computed(one.id), shape},
                          tensor_view<float, 4, cuda_space>{shown_.data() + n_ * one.place, shape}, stream);
        }
    }

    /// All weights in one piece of memory, multiples of 256 bytes apart.
    void upload()
    {
        constexpr index_t apart = 256 / sizeof(Element);
        std::vector<Element> all;
        auto const append = [&](std::vector<float>& numbers, extents<4> const& shape) {
            auto const at = static_cast<index_t>(all.size());
            all.resize(static_cast<std::size_t>((at + shape.size() + apart - 1) / apart * apart));
            reference_backend{}.copy(tensor_view<float const, 4>{numbers.data(), shape},
                                     batch_view<Element, 4, values.order>{all.data() + at, shape});
            numbers = {};  // the device has them
            return at;
        };
        for (auto& step : plan_.steps) {
            auto* what = std::get_if<onnx::convolution>(&step.what);
            weights_at_.push_back(what != nullptr ? append(what->weights, what->shape) : 0);
            bias_at_.push_back(what != nullptr ? append(what->bias, {1, what->shape[0], 1, 1}) : 0);
        }
        weights_ = cuda::buffer<Element>{static_cast<index_t>(all.size()), home_.get()};
        cuda::check(
            cudaMemcpyAsync(weights_.data(), all.data(), all.size() * sizeof(Element), cudaMemcpyHostToDevice, home_.get()),
            "copying the weights to the device");
        home_.wait();
    }

    /// The steps for batches of one size.
    struct ready {
        std::vector<operation> steps;
        std::size_t workspace = 0;  // bytes that the largest of them needs
    };

    /// Made once for each n.
    ready& prepared_for(index_t n)
    {
        auto const known = prepared_.find(n);
        if (known != prepared_.end()) { return known->second; }
        ready made;
        conditions const all{cudnn_.get(), n, values, with_, largest_workspace_};
        for (auto const& step : plan_.steps) {
            made.steps.push_back(prepared(all, step));
            if (auto const* one = std::get_if<detail::convolving>(&made.steps.back())) {
                made.workspace = std::max(made.workspace, one->workspace());
            }
        }
        return prepared_.emplace(n, std::move(made)).first->second;
    }

    /// Memory grows when it must. What it held is lost, and given back before more is taken, but after all that `stream` has
    /// been given so far: the caller may have enqueued a read of the last results there.
    void reserve(index_t n, std::size_t workspace, cudaStream_t stream)
    {
        auto const fits       = [](auto const& memory, index_t size) { return size <= static_cast<index_t>(memory.size()); };
        auto const for_values = n * places_.size, for_shown = n * shown_size_, for_work = static_cast<index_t>(workspace);
        if (fits(values_, for_values) && fits(shown_, for_shown) && fits(workspace_, for_work)) { return; }
        cuda::start_after_outside(stream, done_);
        done_.record_outside(stream);
        cuda::start_after(home_.get(), done_);
        done_when_left const recorded{done_, home_.get()};  // also where memory runs out half-way
        if (!fits(values_, for_values)) { enlarge(values_, for_values); }
        if (!fits(shown_, for_shown)) { enlarge(shown_, for_shown); }
        if (!fits(workspace_, for_work)) { enlarge(workspace_, for_work); }
    }

    template <class T>
    void enlarge(cuda::buffer<T>& memory, index_t size)
    {
        if (known_to_recordings_) {  // it stays, also where there is not enough for both
            auto larger = std::make_shared<cuda::buffer<T>>(size, home_.get());
            std::swap(*larger, memory);
            kept_.push_back(std::move(larger));
        } else {
            memory = {};
            memory = cuda::buffer<T>{size, home_.get()};
        }
    }

    cuda::stream home_;  // before the memory, which is given back on it
    cuda::event done_;   // the last run, or allocation
    handle cudnn_;
    onnx::plan plan_;  // without weights
    onnx::places places_;
    arithmetic with_;
    std::size_t largest_workspace_;
    std::vector<index_t> weights_at_, bias_at_;
    std::vector<shown> shown_as_;  // the scores first
    index_t shown_size_ = 0;       // elements for each image
    cuda::buffer<Element> weights_;
    cuda::buffer<Element> values_;
    cuda::buffer<float> shown_;
    cuda::buffer<char> workspace_;
    std::vector<std::shared_ptr<void>> kept_;  // memory that is too small now
    bool known_to_recordings_ = false;
    std::map<index_t, ready> prepared_;
    Element const* batch_ = nullptr;
    index_t n_            = 0;
};

}  // namespace scorecam::cudnn
