// The table of choices: what is read can be written, and what was written is read as the same.
#include <scorecam/error.hpp>
#include <scorecam/policies/text.hpp>

#include "fuzz/fuzzed.hpp"

namespace text = scorecam::text;

std::vector<std::string> fuzzed::seeds()
{
    std::vector<std::string> all = text::convention_names();
    for (auto const& one : text::choices()) {
        for (auto const& spelling : one.spellings) { all.push_back("official," + one.name + "=" + spelling); }
        if (auto const usual = one.text({})) { all.push_back("torch_cam," + one.name + "=" + *usual); }
    }
    all.emplace_back("official,channels=list:3,5,score=logit,background=blur:2,baseline=constant:0.5");
    return all;
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string const whole{reinterpret_cast<char const*>(data), size};
    try {
        text::written_composition const parts{whole};
        auto made = text::conventions_by_name().read(parts.convention).value();
        for (auto const& [name, value] : parts.beside) {
            auto const* const line = text::find_choice(name);
            if (line == nullptr) { continue; }
            auto const before = line->text(made);
            bool const taken  = line->set(made, value);
            auto const after  = line->text(made);
            if (!taken) { fuzzed::require(after == before); }
            if (!taken || !after) { continue; }
            auto again = text::composition{};
            fuzzed::require(line->set(again, *after));
            fuzzed::require(line->text(again) == after);
        }
    } catch (scorecam::option_error const&) {
    }
    return 0;
}
