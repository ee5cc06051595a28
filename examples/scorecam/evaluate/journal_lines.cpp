#include "evaluate/journal_lines.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/metrics/measured.hpp>

#include "evaluate/protocols.hpp"

namespace cli {
namespace {

namespace sc = scorecam;
using json   = nlohmann::ordered_json;

constexpr std::size_t longest_line = std::size_t{16} << 20U;  // bytes: a thousand configurations have a tenth of it
constexpr int deepest              = 8;                       // lines of ours have 5 levels
constexpr std::size_t most_keys    = 1000;                    // of an object: they are looked for one after the other
constexpr std::int64_t most_rows   = 1'000'000'000;

[[noreturn]] void refuse(std::string const& why) { throw sc::option_error{why}; }

json object_from(std::string_view line)
{
    if (line.size() > longest_line) { refuse("it has " + std::to_string(line.size()) + " bytes"); }
    std::vector<std::size_t> keys{0};
    auto const within_bounds = [&](int depth, json::parse_event_t event, json const&) {
        if (depth > deepest) { refuse("it is nested more than " + std::to_string(deepest) + " deep"); }
        if (event == json::parse_event_t::object_start) { keys.push_back(0); }
        if (event == json::parse_event_t::object_end) { keys.pop_back(); }
        if (event == json::parse_event_t::key && ++keys.back() > most_keys) { refuse("an object in it has too many keys"); }
        return true;
    };
    auto found = json::parse(line.begin(), line.end(), within_bounds, false);
    if (!found.is_object()) { refuse("it is no JSON object"); }
    return found;
}

/// Looks for what must be there, and says where it is not.
class checked {
public:
    checked(json const& of, std::string where) : of_{of}, where_{std::move(where)} {}

    [[nodiscard]] json const& value() const { return of_; }
    [[nodiscard]] checked at(char const* key) const
    {
        auto const found = of_.is_object() ? of_.find(key) : of_.end();
        if (!of_.is_object() || found == of_.end()) { refuse(where_ + "/" + key + " is missing"); }
        return {*found, where_ + "/" + key};
    }
    [[nodiscard]] bool has(char const* key) const { return of_.contains(key); }
    [[nodiscard]] std::string text() const
    {
        expect(of_.is_string(), "a text");
        return of_.get<std::string>();
    }
    void number() const { expect(of_.is_number(), "a number"); }
    void number(double least, double most) const
    {
        number();
        auto const value = of_.get<double>();
        expect(value >= least && value <= most, "a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    /// A whole number from `least` to `most`.
    std::int64_t whole(std::int64_t least, std::int64_t most) const
    {
        bool const fits = of_.is_number_unsigned() ? of_.get<std::uint64_t>() <=
                                                         static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
                                                   : of_.is_number_integer();
        bool const in   = fits && of_.get<std::int64_t>() >= least && of_.get<std::int64_t>() <= most;
        expect(in, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
        return of_.get<std::int64_t>();
    }
    /// f(element) for those of an array, of which there must be `size` if that is not 0, else 1 or more.
    template <class F>
    void each(std::size_t size, F const& f) const
    {
        expect(of_.is_array() && !of_.empty(), "a list");
        if (size > 0) { expect(of_.size() == size, "a list of " + std::to_string(size)); }
        for (std::size_t i = 0; i < of_.size(); ++i) { f(checked{of_[i], where_ + "/" + std::to_string(i)}); }
    }
    void expect(bool it_is, std::string const& what) const
    {
        if (!it_is) { refuse((where_.empty() ? std::string{"it"} : where_) + " is not " + what); }
    }

private:
    json const& of_;
    std::string where_;
};

/// A number of a map: null, or a value, or {"value", "why"}.
void check_number(checked const& one)
{
    if (one.value().is_null() || one.value().is_number()) { return; }
    one.expect(one.value().is_object(), "a number, null or {\"value\", \"why\"}");
    auto const value = one.at("value");
    if (!value.value().is_null()) { value.number(); }
    auto const why  = one.at("why");
    auto const name = why.text();
    bool known      = false;
    for (int i = 0; i <= static_cast<int>(sc::metrics::caveat::at_pole); ++i) {
        known = known || name == sc::metrics::to_string(static_cast<sc::metrics::caveat>(i));
    }
    why.expect(known, "a reason that this version knows");
}

}  // namespace

json header_from(std::string_view line)
{
    auto found = object_from(line);
    checked const header{found, ""};
    auto const kind = header.at("scorecam");
    kind.expect(kind.value() == "evaluation", "\"evaluation\"");
    static_cast<void>(header.at("version").text());
    static_cast<void>(header.at("rows").whole(1, most_rows));
    auto const how = header.at("bootstrap");
    how.at("level").number(0.0, 1.0);
    static_cast<void>(how.at("resamples").whole(1, 1'000'000));
    how.at("seed").expect(how.at("seed").value().is_number_unsigned(), "a whole number from 0 on");
    header.at("columns").each(0, [](checked const& one) {
        static_cast<void>(one.at("metric").text());
        static_cast<void>(one.at("protocol").text());
    });
    std::vector<std::string> names;
    header.at("configurations").each(0, [&](checked const& one) {
        names.push_back(one.at("name").text());
        one.expect(std::count(names.begin(), names.end(), names.back()) == 1, "there once");
    });
    header.at("configurations").each(0, [&](checked const& one) {
        auto const control = one.at("control").text();
        one.at("control").expect(std::find(names.begin(), names.end(), control) != names.end(), "a configuration");
    });
    return found;
}

json row_from(std::string_view line, json const& header)
{
    auto found = object_from(line);
    checked const row{found, ""};
    static_cast<void>(row.at("row").whole(0, header["rows"].get<std::int64_t>() - 1));
    static_cast<void>(row.at("image").text());
    if (row.has("failed")) {
        static_cast<void>(row.at("failed").text());
        return found;
    }
    auto const files = row.at("files");
    files.expect(files.value().is_object(), "an object");
    for (auto const& [name, sum] : files.value().items()) {
        checked const file{sum, "/files"};
        file.at("bytes").expect(file.at("bytes").value().is_number_unsigned(), "a whole number");
        file.at("crc64").expect(file.at("crc64").value().is_number_unsigned(), "a whole number");
    }
    static_cast<void>(row.at("class").whole(0, std::numeric_limits<std::int64_t>::max()));
    row.at("score").number();
    auto const columns = header["columns"].size();
    bool const curves  = std::any_of(header["columns"].begin(), header["columns"].end(),
                                     [](json const& one) { return one["metric"] == "insertion"; });
    row.at("maps").each(header["configurations"].size(), [&](checked const& map) {
        map.at("forwards").number();
        map.at("numbers").each(columns, check_number);
        for (auto const* curve : {"insertion", "deletion"}) {
            if (curves) {
                map.at(curve).each(points_of_a_curve, [](checked const& point) { point.number(); });
            } else {
                map.expect(!map.has(curve), std::string{"without "} + curve + ", as the columns are");
            }
        }
    });
    return found;
}

}  // namespace cli
