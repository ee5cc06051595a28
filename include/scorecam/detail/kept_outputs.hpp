#pragma once
// The model's answers to the images themselves, kept while their copies are scored.
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <scorecam/backend.hpp>
#include <scorecam/detail/scratch.hpp>
#include <scorecam/explanation.hpp>
#include <scorecam/model_outputs.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam::detail {

/// All outputs for I images, filled batch by batch, by several threads if need be.
template <class Backend, class T>
class kept_outputs {
    using view_type = model_outputs<T, typename Backend::space_type>;

public:
    /// Keeps the outputs for images first ... first + n - 1 of `images`.
    void keep(Backend& on, view_type const& outputs, index_t first, index_t n, index_t images)
    {
        std::vector<view_on<Backend, T, 2>> rooms;
        {
            std::lock_guard const lock{mutex_};
            if (kept_.size() != static_cast<std::size_t>(outputs.count())) {
                kept_ = std::vector<kept>(static_cast<std::size_t>(outputs.count()));
            }
            for (std::size_t k = 0; k < kept_.size(); ++k) {
                auto const number = static_cast<int>(k);
                extents<2> const all{{images, outputs.row_shape(number).size()}};
                auto& [name, shape, held] = kept_[k];
                name                      = outputs.name(number);
                shape                     = outputs.row_shape(number);
                rooms.push_back(held.shape() == all ? held.view() : held.resize(on, all));
            }
        }
        for (std::size_t k = 0; k < rooms.size(); ++k) {
            on.copy(outputs.flat(static_cast<int>(k)), rooms[k].slice(first, n));
        }
    }

    [[nodiscard]] view_type all() const { return slice(0, kept_.empty() ? 0 : kept_[0].held.shape()[0]); }
    /// Those for images first ... first + n - 1.
    [[nodiscard]] view_type slice(index_t first, index_t n) const
    {
        ops::outputs<T> rows;
        std::vector<std::string_view> names;
        rows.count  = static_cast<int>(kept_.size());
        rows.images = n;
        for (std::size_t k = 0; k < kept_.size(); ++k) {
            rows.each[k] = {kept_[k].held.view().slice(first, n).data(), kept_[k].shape};
            names.push_back(kept_[k].name);
        }
        return view_type{rows, names};
    }

    /// (I, numbers of a row); there after on.wait().
    [[nodiscard]] tensor<T, 2> first_on_host(Backend& on) const { return copied(on, 0); }
    /// Into an explanation; there after on.wait().
    template <class Explanation>
    void to_host(Backend& on, Explanation& found) const
    {
        found.outputs      = copied(on, 0);
        found.output_shape = kept_[0].shape;
        found.further_outputs.clear();
        for (std::size_t k = 0; k < kept_.size(); ++k) {
            if (k > 0) { found.further_outputs.push_back({kept_[k].name, kept_[k].shape, copied(on, k)}); }
        }
    }

    [[nodiscard]] index_t bytes() const
    {
        index_t sum = 0;
        for (auto const& one : kept_) { sum += one.held.bytes(); }
        return sum;
    }

private:
    [[nodiscard]] tensor<T, 2> copied(Backend& on, std::size_t k) const
    {
        tensor<T, 2> host{kept_[k].held.shape()};
        on.to_host(as_const(kept_[k].held.view()), host.data());
        return host;
    }

    struct kept {
        std::string name;
        ops::row_shape shape{};
        scratch<Backend, T, 2> held{};
    };

    std::mutex mutex_;
    std::vector<kept> kept_;
};

}  // namespace scorecam::detail
