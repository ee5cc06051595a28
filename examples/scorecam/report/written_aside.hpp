#pragma once
// Files that are there in full or not at all.
#include <filesystem>
#include <functional>

namespace cli {

/// write(path) writes to a path beside the file, of the same ending; what it wrote takes the file's place when it is on the
/// disk. What is no regular file, such as /dev/stdout, is written to as it is. Throws what `write` throws, and
/// scorecam::error.
void written_aside(std::filesystem::path const& file, std::function<void(std::filesystem::path const&)> const& write);

}  // namespace cli
