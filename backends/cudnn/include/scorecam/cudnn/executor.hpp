#pragma once
// A plan on the current CUDA device.
#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>
#include <variant>
#include <vector>

#include <cuda_runtime_api.h>

#include <scorecam/cuda/buffer.hpp>
#include <scorecam/cuda/error.hpp>
#include <scorecam/cuda/stream.hpp>
#include <scorecam/cudnn/descriptors.hpp>
#include <scorecam/cudnn/error.hpp>
#include <scorecam/cudnn/operations.hpp>
#include <scorecam/onnx/places.hpp>
#include <scorecam/onnx/plan.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cudnn {

/// Runs a plan, whose weights it copies to the device that is current then and has to be current in each call.
///
/// Work is enqueued on the caller's stream; the host waits for nothing but the upload of the weights. Memory is allocated in
/// the order of a stream of its own, which is tied to the callers' by events, so that these may change and end before it.
///
/// A run may be recorded as a graph once a run of as many images is done. Memory that recordings know stays until the end,
/// also when it has become too small.
class executor {
public:
    /// The values `kept` can be asked for after each run, beside the scores.
    executor(onnx::plan plan, std::vector<onnx::value_id> const& kept, arithmetic with, std::size_t largest_workspace)
        : plan_{std::move(plan)}, places_{onnx::placed(plan_, kept)}, with_{with}, largest_workspace_{largest_workspace}
    {
        upload();
    }
    executor(executor const&)            = delete;
    executor& operator=(executor const&) = delete;
    ~executor()  // memory is given back when the last run is done
    {
        cuda::forget(cudaStreamWaitEvent(home_.get(), done_.get(), 0));
    }

    [[nodiscard]] onnx::plan const& plan() const { return plan_; }

    /// Enqueues the plan on a batch (n, C, H, W), which is only read. Throws scorecam::out_of_memory, or model_error with
    /// the node that failed.
    void run(tensor_view<float const, 4, cuda_space> batch, cudaStream_t stream)
    {
        auto const n = batch.extent(0);
        auto& with   = prepared_for(n);
        reserve(n * places_.size, with.workspace, stream);
        cuda::start_after(stream, done_);
        known_to_recordings_ = known_to_recordings_ || cuda::is_recorded(stream);
        done_when_left const recorded{done_, stream};
        check(cudnnSetStream(cudnn_.get(), stream), "setting the stream");
        batch_ = batch.data(), n_ = n;
        for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
            auto const& step = plan_.steps[i];
            detail::call at{cudnn_.get(), {},      values_.data() + n * places_.of[step.output.value],
                            nullptr,      nullptr, workspace_.data()};
            for (auto const& x : step.inputs) { at.in.push_back(value(x.value)); }
            if (std::holds_alternative<onnx::convolution>(step.what)) {
                at.weights = weights_.data() + weights_at_[i];
                at.bias    = weights_.data() + bias_at_[i];
            }
            std::visit([&](auto& prepared_step) { prepared_step(at, step.node); }, with.steps[i]);
        }
    }

    /// Where a value of the last run lies, (n, ...): the scores, or one of those kept.
    [[nodiscard]] float const* value(onnx::value_id id) const
    {
        return id == onnx::the_input ? batch_ : values_.data() + n_ * places_.of[id];
    }

private:
    /// Whatever happens on the way: what was enqueued is waited for.
    struct done_when_left {
        cuda::event& done;
        cudaStream_t stream;
        ~done_when_left()
        {
            try {
                done.record(stream);
            } catch (...) {  // a recording that has failed: whoever began it hears of that
            }
        }
    };

    /// All weights in one piece of memory, multiples of 256 bytes apart.
    void upload()
    {
        constexpr std::size_t apart = 256 / sizeof(float);
        std::vector<float> all;
        auto const append = [&](std::vector<float>& values) {
            auto const at = all.size();
            all.insert(all.end(), values.begin(), values.end());
            all.resize((all.size() + apart - 1) / apart * apart);
            values = {};  // the device has them
            return at;
        };
        for (auto& step : plan_.steps) {
            auto* what = std::get_if<onnx::convolution>(&step.what);
            weights_at_.push_back(what != nullptr ? append(what->weights) : 0);
            bias_at_.push_back(what != nullptr ? append(what->bias) : 0);
        }
        weights_ = cuda::buffer<float>{static_cast<index_t>(all.size()), home_.get()};
        cuda::check(
            cudaMemcpyAsync(weights_.data(), all.data(), all.size() * sizeof(float), cudaMemcpyHostToDevice, home_.get()),
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
        for (auto const& step : plan_.steps) {
            made.steps.push_back(prepared(cudnn_.get(), step, n, with_, largest_workspace_));
            if (auto const* one = std::get_if<detail::convolving>(&made.steps.back())) {
                made.workspace = std::max(made.workspace, one->workspace());
            }
        }
        return prepared_.emplace(n, std::move(made)).first->second;
    }

    /// Memory grows when it must. What it held is lost, and given back before more is taken, but after all that `stream` has
    /// been given so far: the caller may have enqueued a read of the last results there.
    void reserve(index_t values, std::size_t workspace, cudaStream_t stream)
    {
        bool const grows = values > static_cast<index_t>(values_.size());
        bool const works = workspace > workspace_.size();
        if (!grows && !works) { return; }
        cuda::start_after(stream, done_);
        done_.record(stream);
        cuda::start_after(home_.get(), done_);
        done_when_left const recorded{done_, home_.get()};  // also where memory runs out half-way
        if (grows) {
            give_back(values_);
            values_ = cuda::buffer<float>{values, home_.get()};
        }
        if (works) {
            give_back(workspace_);
            workspace_ = cuda::buffer<char>{static_cast<index_t>(workspace), home_.get()};
        }
    }

    template <class T>
    void give_back(cuda::buffer<T>& memory)
    {
        if (known_to_recordings_) { kept_.emplace_back(std::move(memory)); }
        memory = {};
    }

    cuda::stream home_;  // before the memory, which is given back on it
    cuda::event done_;   // the last run, or allocation
    handle cudnn_;
    onnx::plan plan_;  // without weights
    onnx::places places_;
    arithmetic with_;
    std::size_t largest_workspace_;
    std::vector<std::size_t> weights_at_, bias_at_;
    cuda::buffer<float> weights_;
    cuda::buffer<float> values_;
    cuda::buffer<char> workspace_;
    std::vector<std::variant<cuda::buffer<float>, cuda::buffer<char>>> kept_;  // replaced by larger ones
    bool known_to_recordings_ = false;
    std::map<index_t, ready> prepared_;
    float const* batch_ = nullptr;
    index_t n_          = 0;
};

}  // namespace scorecam::cudnn
