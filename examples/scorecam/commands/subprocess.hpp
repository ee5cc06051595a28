#pragma once
// Work in a process of its own: what it leaves in memory is gone afterwards, and what it needed can be told.
#include <functional>

#include <nlohmann/json_fwd.hpp>

namespace cli {

/// What `work` returns, computed by a copy of this process. That copy has one thread: call this before anything has started
/// threads here. Throws scorecam::option_error or scorecam::error with the message of what `work` threw, or scorecam::error
/// if the process was killed, which is what happens when a machine's memory runs out.
[[nodiscard]] nlohmann::ordered_json computed_in_subprocess(std::function<nlohmann::ordered_json()> const& work);

}  // namespace cli
