#include "maps/labels.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <functional>
#include <iterator>

#include <scorecam/error.hpp>

namespace cli {
namespace {

constexpr std::size_t id_length = 9;  // "n02123045"

bool starts_with_wordnet_id(std::string const& line)
{
    return line.size() >= id_length && line[0] == 'n' &&
           std::all_of(line.begin() + 1, line.begin() + id_length, [](unsigned char c) { return std::isdigit(c) != 0; }) &&
           (line.size() == id_length || std::string{" \t,"}.find(line[id_length]) != std::string::npos);
}

std::string lower(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string trimmed(std::string const& text)
{
    std::string const blank = " \t\r";
    auto const first        = text.find_first_not_of(blank);
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(blank) + 1 - first);
}

/// The lines of a text whose lines end as those of any system.
std::vector<std::string> lines_of(std::string const& text)
{
    std::vector<std::string> all(1);
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool const pair = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
        if (pair) { continue; }
        if (text[i] == '\n' || text[i] == '\r') {
            all.emplace_back();
        } else {
            all.back() += text[i];
        }
    }
    return all;
}

}  // namespace

labels::labels(std::filesystem::path const& file) : file_{file.string()}
{
    std::ifstream in{file, std::ios::binary};
    if (!in || std::filesystem::is_directory(file)) { throw scorecam::error{"cannot read the labels " + file_}; }
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (text.rfind("\xEF\xBB\xBF", 0) == 0) { text.erase(0, 3); }
    for (auto const& line : lines_of(text)) {
        auto const name = trimmed(line);
        if (name.empty() || name[0] == '#') { continue; }
        bool const has_id = starts_with_wordnet_id(name);
        ids_.push_back(has_id ? name.substr(0, id_length) : "");
        names_.push_back(has_id && name.size() > id_length ? trimmed(name.substr(id_length + 1)) : name);
    }
    if (names_.empty()) { throw scorecam::error{"there are no names in the labels " + file_}; }
}

std::string labels::misfit(scorecam::index_t classes) const
{
    if (names_.empty() || static_cast<scorecam::index_t>(names_.size()) == classes) { return ""; }
    return file_ + " has " + std::to_string(names_.size()) + " names and the network " + std::to_string(classes) +
           " outputs: names may stand for other classes";
}

std::string labels::of(scorecam::index_t number) const
{
    auto const i = static_cast<std::size_t>(number);
    return i < names_.size() ? names_[i] : "class " + std::to_string(number);
}

scorecam::index_t labels::find(std::string const& name) const
{
    auto const wanted = lower(trimmed(name));
    std::vector<std::function<bool(std::size_t)>> const ways{
        [&](std::size_t i) { return names_[i] == name || ids_[i] == name; },
        [&](std::size_t i) { return lower(names_[i]) == wanted; },
        [&](std::size_t i) { return lower(trimmed(names_[i].substr(0, names_[i].find(',')))) == wanted; }};
    for (auto const& is_it : ways) {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < names_.size(); ++i) {
            if (is_it(i)) { found.push_back(i); }
        }
        if (found.size() == 1) { return static_cast<scorecam::index_t>(found[0]); }
        if (found.empty()) { continue; }
        std::string numbers;
        for (auto const i : found) {
            numbers += (numbers.empty() ? "" : i == found.back() ? " and " : ", ") + std::to_string(i);
        }
        throw scorecam::target_error{"'" + name + "' is the name of the classes " + numbers +
                                     " in the labels; write the number of one"};
    }
    throw scorecam::target_error{"'" + name + "' is neither a class number, nor topN, nor a name in the labels (" +
                                 std::to_string(names_.size()) + " names; give them with --labels FILE)"};
}

}  // namespace cli
