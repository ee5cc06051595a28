#pragma once
// Facts about the machine and this process that belong beside every measurement.
#include <cstdint>
#include <optional>
#include <string>

namespace cli {

[[nodiscard]] std::string processor();  ///< its model as Linux names it, or "unknown"
[[nodiscard]] std::string compiler();   ///< that built this program, with its version
[[nodiscard]] double load();            ///< processes that wanted to run, mean of the last minute; NaN if unknown

/// What this process holds in memory, as Linux counts it: its own pages, and those of files (programs and libraries among
/// them) that it has touched. Nothing where the system does not tell.
[[nodiscard]] std::optional<std::int64_t> resident_bytes();
[[nodiscard]] std::optional<std::int64_t> peak_resident_bytes();  ///< the largest since the process began

}  // namespace cli
