#include "commands/machine.hpp"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace cli {
namespace {

/// What comes after "key:" in a file of such lines, or nothing.
std::optional<std::string> entry(std::string const& file, std::string const& key)
{
    std::ifstream lines{file};
    for (std::string line; std::getline(lines, line);) {
        auto const colon = line.find(':');
        if (line.rfind(key, 0) != 0 || colon == std::string::npos) { continue; }
        auto const value = line.find_first_not_of(" \t", colon + 1);
        return value == std::string::npos ? std::nullopt : std::optional{line.substr(value)};
    }
    return std::nullopt;
}

std::optional<std::int64_t> kibibytes(std::string const& key)
{
    auto const text = entry("/proc/self/status", key);
    if (!text) { return std::nullopt; }
    std::istringstream in{*text};
    std::int64_t value = 0;
    if (!(in >> value)) { return std::nullopt; }
    return value * 1024;
}

}  // namespace

std::string processor() { return entry("/proc/cpuinfo", "model name").value_or("unknown"); }

std::string compiler()
{
#ifdef __clang__
    return "clang++ " __clang_version__;
#elif defined(__GNUC__)
    return "g++ " __VERSION__;
#else
    return "unknown";
#endif
}

double load()
{
    double last_minute = 0;
    return getloadavg(&last_minute, 1) == 1 ? last_minute : std::nan("");
}

std::optional<std::int64_t> resident_bytes() { return kibibytes("VmRSS"); }
std::optional<std::int64_t> peak_resident_bytes() { return kibibytes("VmHWM"); }

}  // namespace cli
