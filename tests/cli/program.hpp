#pragma once
// The scorecam program as the tests run it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>
#include <xtensor/xtensor.hpp>

#include "support/data.hpp"

namespace program {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
inline constexpr bool sanitized = __has_feature(address_sanitizer);
#else
inline constexpr bool sanitized = false;
#endif

/// For a test that takes long under sanitizers, of code that others run there: it is skipped, by name.
struct long_when_sanitized {
    char const* why;
    void fill(doctest::detail::TestCase& of) const
    {
        if (!sanitized) { return; }
        of.m_skip = true;
        std::fprintf(stderr, "skipped under sanitizers: %s (%s)\n", of.m_name, why);
    }
};

struct outcome {
    int status;
    std::string text;  // stdout and stderr
};

/// What a line of the shell does.
[[nodiscard]] inline outcome shell(std::string const& line)
{
    auto* const pipe = popen((line + " 2>&1").c_str(), "r");
    outcome found{};
    std::array<char, 4096> part{};
    while (std::fgets(part.data(), static_cast<int>(part.size()), pipe) != nullptr) { found.text += part.data(); }
    found.status = WEXITSTATUS(pclose(pipe));
    return found;
}
[[nodiscard]] inline outcome run(std::string const& arguments)
{
    return shell(std::string{SCORECAM_PROGRAM} + " " + arguments);
}

[[nodiscard]] inline bool contains(std::string const& text, std::string const& part)
{
    return text.find(part) != std::string::npos;
}
[[nodiscard]] inline auto lines(std::string const& text) { return std::count(text.begin(), text.end(), '\n'); }

inline std::string const network = files::own("examples/drawings/drawings.onnx");
inline std::string const samples = files::own("examples/drawings/samples/");
inline std::string const how_by_itself =
    " --preset imagenet-tf --size 96 --labels " + files::own("examples/drawings/labels.txt");
inline std::string const how = how_by_itself + " --engine opencv";
inline std::string const two = samples + "ringed_ellipse_and_striped_disc.png";

/// A fresh folder for results; its parent is there.
[[nodiscard]] inline std::string fresh(std::string const& name)
{
    namespace fs      = std::filesystem;
    auto const folder = fs::temp_directory_path() / ("scorecam-cli-" + std::to_string(getpid())) / name;
    fs::remove_all(folder);
    fs::create_directories(folder.parent_path());
    return folder.string();
}

[[nodiscard]] inline double largest_difference(xt::xtensor<float, 2> const& a, xt::xtensor<float, 2> const& b)
{
    double apart = 0;
    for (std::size_t p = 0; p < a.size(); ++p) {
        apart = std::max(apart, static_cast<double>(std::abs(a.data()[p] - b.data()[p])));
    }
    return apart;
}
[[nodiscard]] inline nlohmann::json report(std::string const& file) { return nlohmann::json::parse(std::ifstream{file}); }

}  // namespace program
