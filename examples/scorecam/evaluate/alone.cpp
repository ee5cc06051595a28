#include "team.hpp"

namespace cli {

struct team::state {};

team::team()  = default;
team::~team() = default;

bool team::leads() const { return true; }

void team::lead(member const& own, std::vector<scorecam::index_t> const& rows,
                std::function<void(nlohmann::ordered_json const&)> const& done)
{
    for (auto const row : rows) { done(own.judge(row)); }
}

void team::follow(std::function<member()> const&) {}

}  // namespace cli
