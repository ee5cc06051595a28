#pragma once
// One listed picture: its maps in all configurations, and what they are worth.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <scorecam/cpu/backend.hpp>

#include "evaluate/configurations.hpp"
#include "evaluate/image_list.hpp"
#include "evaluate/protocols.hpp"
#include "maps/chosen_explainer.hpp"
#include "maps/labels.hpp"
#include "maps/network.hpp"

namespace cli {

/// A batching strategy that several measurements have in common: what one of them learns, the next knows.
struct shared_batching {
    using kind = sc::kinds::batching;
    std::shared_ptr<decltype(sc::text::composition::batch)> strategy;

    [[nodiscard]] sc::index_t next(sc::batch_request request) const
    {
        return std::visit([&](auto& one) { return one.next(request); }, *strategy);
    }
    void took(sc::index_t n, double seconds) const
    {
        if (auto* const tuned = std::get_if<sc::tuned_batch>(strategy.get())) { tuned->took(n, seconds); }
    }
    [[nodiscard]] sc::index_t on_out_of_memory(sc::index_t tried) const
    {
        auto* const shrinking = std::get_if<sc::shrinking_batch>(strategy.get());
        return shrinking == nullptr ? 0 : shrinking->on_out_of_memory(tried);
    }
};

/// What a row is made from: size and checksum of the picture and the mask, by their names in the list. Throws
/// std::runtime_error if one cannot be read.
[[nodiscard]] nlohmann::ordered_json files_of(listed_image const& listed, std::filesystem::path const& folder);

class evaluator {
public:
    /// Opens the networks of all configurations. `options` are what they have in common.
    evaluator(explain_options const& options, std::vector<configuration> configurations, protocols how,
              std::string const& read_from_outputs, std::uint64_t seed);

    /// Of each configuration and of the random control, everything that has a say in its maps.
    [[nodiscard]] nlohmann::ordered_json configurations() const;

    /// A line of the journal: row, image, files, class, score and for each configuration the numbers in the order of
    /// protocols::columns(), null where there is nothing to compare with, {"value", "why"} beside a caveat. A picture, mask
    /// or class that cannot be used gives {"row", "image", "failed": the reason}. Throws scorecam::option_error,
    /// model_error, out_of_memory.
    [[nodiscard]] nlohmann::ordered_json operator()(scorecam::index_t row, listed_image const& listed,
                                                    std::filesystem::path const& folder);

private:
    struct seen_image;
    struct map_numbers;

    [[nodiscard]] seen_image see(listed_image const& listed, std::filesystem::path const& folder);
    [[nodiscard]] scorecam::index_t top_class(scorecam::tensor<float, 3> const& input);
    [[nodiscard]] nlohmann::ordered_json all_maps(seen_image const& seen, scorecam::index_t row);
    [[nodiscard]] map_numbers numbers_of(network& on, seen_image const& seen, scorecam::tensor_view<float const, 2> map);

    explain_options const& options_;
    std::vector<configuration> configurations_;
    protocols how_;
    score score_;
    std::uint64_t seed_;
    labels names_;
    scorecam::cpu::backend cpu_;
    std::map<std::string, std::shared_ptr<network>> opened_;
    std::vector<std::shared_ptr<network>> networks_;  // of the configurations
    std::vector<image_explainer> explainers_;         // of the configurations, for all pictures
    shared_batching batching_;                        // of all measurements
};

}  // namespace cli
