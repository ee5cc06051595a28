// Lists of pictures, and labels.
#include <algorithm>

#include <scorecam/error.hpp>

#include "evaluate/csv.hpp"
#include "evaluate/image_list.hpp"
#include "fuzz/fuzzed.hpp"
#include "maps/labels.hpp"

std::vector<std::string> fuzzed::seeds()
{
    return {"image,class,mask\nstar.png,4,mask.png\n",
            "\xEF\xBB\xBF\"image\",box\r\n\"a \"\"b\"\", c.png\",1 2 3 4;5 6 7 8\r\n", "image\n\"two\nlines.png\"\n\n",
            "n01440764 tench, Tinca tinca\nn01443537 goldfish\n# none\n\ncat\r\ncat\n"};
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string const bytes{reinterpret_cast<char const*>(data), size};
    fuzzed::file_in_memory const file{bytes};
    try {
        auto const list = cli::read_list(file.path());
        fuzzed::require(!list.rows.empty());
        for (auto const& row : list.rows) { fuzzed::require(!row.image.empty()); }
    } catch (scorecam::option_error const& e) {
        fuzzed::require(std::string_view{e.what()}.find(file.path()) != std::string_view::npos);
    }
    try {  // what is written as RFC 4180 says is read again
        auto const records = cli::read_csv(bytes);
        std::string again;
        for (auto const& one : records) {
            for (std::size_t f = 0; f < one.fields.size(); ++f) {
                again += f == 0 ? "\"" : ",\"";
                for (char const c : one.fields[f]) { again += c == '"' ? std::string{"\"\""} : std::string{c}; }
                again += '"';
            }
            again += "\r\n";
        }
        auto const same = cli::read_csv(again);
        fuzzed::require(same.size() == records.size());
        for (std::size_t r = 0; r < same.size(); ++r) { fuzzed::require(same[r].fields == records[r].fields); }
    } catch (scorecam::option_error const&) {
    }
    try {
        cli::labels const names{file.path()};
        static_cast<void>(names.of(0));
        static_cast<void>(names.misfit(3));
        static_cast<void>(names.find(bytes.substr(0, std::min(bytes.find('\n'), bytes.size()))));
    } catch (scorecam::error const&) {
    }
    return 0;
}
