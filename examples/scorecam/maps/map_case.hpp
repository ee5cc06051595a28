#pragma once
// Configurations that are measured against each other, each under a name that never changes.
#include <string>
#include <vector>

#include "maps/options.hpp"

namespace cli {

/// One configuration. The default is what `scorecam explain` does.
struct map_case {
    std::string budget      = "exact";       ///< or forwards:64, tolerance:0.05, deviation:64
    std::string batches     = "batch:auto";  ///< or batch:8, batch:tuned, batch:shrinking:64, memory:8MiB
    std::string threads     = "all";         ///< or a number
    std::string concurrency = "1";           ///< or a number, or all
    std::string precision   = "float32";     ///< or bfloat16

    /// "exact/batch:auto/threads:all/concurrency:1/precision:float32"
    [[nodiscard]] std::string name() const;
    /// The parts of the name that are not the default's; "exact" if there are none.
    [[nodiscard]] std::string short_name() const;

    friend bool operator==(map_case const&, map_case const&) = default;
};

/// What is to be varied.
struct case_lists {
    std::vector<std::string> budgets;  ///< beside exact
    std::vector<std::string> batches;
    std::vector<std::string> threads;
    std::vector<std::string> concurrency;
    std::vector<std::string> precisions;
};

/// Every combination of what is listed, each case once; what is not listed is as in the default case. Without any list: the
/// default case, and each of its parts varied by itself.
[[nodiscard]] std::vector<map_case> cases_of(case_lists const& lists);

/// The options of a case on a network. Throws scorecam::option_error with what may be written instead.
[[nodiscard]] explain_options options_of(map_case const& one, explain_options const& network);

}  // namespace cli
