#include "evaluate/process_group.hpp"

namespace cli {

struct process_group::state {};

process_group::process_group()  = default;
process_group::~process_group() = default;

bool process_group::leads() const { return true; }

void process_group::lead(member const& own, std::vector<scorecam::index_t> const& rows,
                         std::function<void(nlohmann::ordered_json const&)> const& done)
{
    for (auto const row : rows) { done(own.evaluate(row)); }
}

void process_group::follow(std::function<member()> const&) {}

}  // namespace cli
