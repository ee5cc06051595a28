#include "maps/labels.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>

#include <scorecam/error.hpp>

namespace cli {
namespace {

bool starts_with_wordnet_id(std::string const& line)
{
    return line.size() > 10 && line[0] == 'n' && line[9] == ' ' &&
           std::all_of(line.begin() + 1, line.begin() + 9, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string lower(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

}  // namespace

labels::labels(std::filesystem::path const& file)
{
    std::ifstream lines{file};
    if (!lines || std::filesystem::is_directory(file)) { throw scorecam::error{"cannot read the labels " + file.string()}; }
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty() && line.back() == '\r') { line.pop_back(); }
        names_.push_back(starts_with_wordnet_id(line) ? line.substr(10) : line);
    }
}

std::string labels::of(scorecam::index_t number) const
{
    auto const i = static_cast<std::size_t>(number);
    return i < names_.size() ? names_[i] : "class " + std::to_string(number);
}

scorecam::index_t labels::find(std::string const& name) const
{
    for (std::size_t i = 0; i < names_.size(); ++i) {
        auto const full = lower(names_[i]);
        if (full == lower(name) || full.substr(0, full.find(',')) == lower(name)) {
            return static_cast<scorecam::index_t>(i);
        }
    }
    throw scorecam::target_error{"'" + name + "' is neither a class number, nor topN, nor a name in the labels (" +
                                 std::to_string(names_.size()) + " names; give them with --labels FILE)"};
}

}  // namespace cli
