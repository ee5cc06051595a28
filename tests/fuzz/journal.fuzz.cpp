// Journals, alone and merged, and the results that are made of them.
#include <sstream>

#include <scorecam/error.hpp>

#include "evaluate/journal.hpp"
#include "evaluate/results.hpp"
#include "fuzz/fuzzed.hpp"
#include "report/tables.hpp"

std::vector<std::string> fuzzed::seeds()
{
    std::string const header =
        R"({"scorecam":"evaluation","version":"0","rows":2,"bootstrap":{"level":0.95,"resamples":3,"seed":1},)"
        R"("columns":[{"metric":"iou","protocol":"p"},{"metric":"average_drop","protocol":"q"}],)"
        R"("configurations":[{"name":"a","control":"a"},{"name":"random","control":"a"}]})";
    std::string const row =
        R"({"row":0,"image":"a.png","class":1,"score":0.5,"maps":[{"forwards":1,"numbers":[0.5,null]},{"forwards":0,)"
        R"("numbers":[{"value":null,"why":"empty map"},{"value":1,"why":"empty region"}]}],)"
        R"("files":{"a.png":{"bytes":1,"crc64":2}}})";
    auto other = row;
    other.replace(other.find("\"row\":0"), 7, "\"row\":1");
    std::string const failed = R"({"row":1,"image":"b.png","failed":"why"})";
    return {header + "\n" + row + "\n" + failed + "\n", header + "\n" + failed + "\n" + row + "\n" + other + "\n",
            header + "\n" + row + "\n" + "\1" + header + "\n" + other + "\n"};
}

/// The part behind a byte of 1 is a second journal.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const bytes{reinterpret_cast<char const*>(data), size};
    auto const cut = bytes.find('\1');
    fuzzed::file_in_memory const first{bytes.substr(0, cut)};
    fuzzed::file_in_memory const second{cut == std::string_view::npos ? "" : bytes.substr(cut + 1)};
    std::vector<std::filesystem::path> journals{first.path()};
    if (cut != std::string_view::npos) { journals.emplace_back(second.path()); }
    try {
        auto all = cli::read_journals(journals);
        // Tens of thousands of resamples are a long time, and no other way.
        if (all.header["bootstrap"]["resamples"].get<int>() > 10) { all.header["bootstrap"]["resamples"] = 10; }
        auto const results = cli::results_of(all);
        std::ostringstream table;
        cli::print_table(table, results);
        fuzzed::require(results["table"].size() == all.header["columns"].size() * all.header["configurations"].size());
    } catch (scorecam::option_error const& e) {
        fuzzed::require_sentence(e.what());
    }
    return 0;
}
