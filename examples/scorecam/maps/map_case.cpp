#include "maps/map_case.hpp"

#include <algorithm>
#include <optional>

#include <scorecam/cpu/workers.hpp>
#include <scorecam/error.hpp>

namespace cli {
namespace {

/// What comes after "kind:", or nothing.
std::optional<std::string> after(std::string const& kind, std::string const& text)
{
    if (text.rfind(kind + ":", 0) != 0) { return std::nullopt; }
    return text.substr(kind.size() + 1);
}

/// A number of threads or concurrency from 1 to what the machine has, 0 for "all".
int number_of(std::string const& option, std::string const& text)
{
    int const most   = sc::cpu::workers::hardware_threads();
    auto const value = sc::text::number<int>("N", 1, most).read(text);
    if (!value && text != "all") {
        throw sc::option_error{option + " " + text + ": write a number from 1 to " + std::to_string(most) + ", or all"};
    }
    return value.value_or(0);
}

/// The default case and, one at a time, other values of its parts.
std::vector<map_case> each_part_varied()
{
    std::vector<map_case> all{{}};
    auto const vary = [&](std::string map_case::* part, std::vector<std::string> const& values) {
        for (auto const& value : values) {
            all.emplace_back();
            all.back().*part = value;
        }
    };
    vary(&map_case::batches, {"batch:1", "batch:4", "batch:32", "batch:tuned", "batch:shrinking:64", "memory:8MiB"});
    vary(&map_case::threads, {"1"});
    vary(&map_case::concurrency, {"all"});
    vary(&map_case::precision, {"bfloat16"});
    vary(&map_case::budget, {"forwards:16", "forwards:32", "forwards:64", "forwards:128", "tolerance:0.1", "tolerance:0.05",
                             "deviation:16", "deviation:32", "deviation:64", "deviation:128"});
    return all;
}

}  // namespace

std::string map_case::name() const
{
    return budget + "/" + batches + "/threads:" + threads + "/concurrency:" + concurrency + "/precision:" + precision;
}

std::string map_case::short_name() const
{
    map_case const usual;
    std::string text;
    auto const add = [&](std::string const& part, std::string const& of_usual, std::string const& shown) {
        if (part != of_usual) { text += (text.empty() ? "" : "/") + shown; }
    };
    add(budget, usual.budget, budget);
    add(batches, usual.batches, batches);
    add(threads, usual.threads, "threads:" + threads);
    add(concurrency, usual.concurrency, "concurrency:" + concurrency);
    add(precision, usual.precision, precision);
    return text.empty() ? usual.budget : text;
}

std::vector<map_case> cases_of(case_lists const& lists)
{
    bool const none = lists.budgets.empty() && lists.batches.empty() && lists.threads.empty() && lists.concurrency.empty() &&
                      lists.precisions.empty();
    if (none) { return each_part_varied(); }
    std::vector<map_case> all{{}};
    auto const cross = [&](std::string map_case::* part, std::vector<std::string> const& values) {
        if (values.empty()) { return; }
        std::vector<map_case> crossed;
        for (auto const& one : all) {
            for (auto const& value : values) {
                auto varied  = one;
                varied.*part = value;
                if (std::find(crossed.begin(), crossed.end(), varied) == crossed.end()) { crossed.push_back(varied); }
            }
        }
        all = std::move(crossed);
    };
    std::vector<std::string> budgets{map_case{}.budget};
    budgets.insert(budgets.end(), lists.budgets.begin(), lists.budgets.end());
    cross(&map_case::budget, budgets);
    cross(&map_case::batches, lists.batches);
    cross(&map_case::threads, lists.threads);
    cross(&map_case::concurrency, lists.concurrency);
    cross(&map_case::precision, lists.precisions);
    return all;
}

explain_options options_of(map_case const& one, explain_options const& network)
{
    auto options      = network;
    options.threads   = number_of("--threads", one.threads);
    options.precision = one.precision;
    auto const choose = [&](std::string const& name, std::string const& text) {
        options.choose(name, text, "--" + name + " " + text);
    };
    auto const at_once = number_of("--concurrency", one.concurrency);
    choose("concurrency", std::to_string(at_once > 0 ? at_once : sc::cpu::workers::hardware_threads()));
    for (auto const* name : {"batch", "memory"}) {
        if (auto const text = after(name, one.batches)) { choose(name, *text); }
    }
    if (auto const number = after("forwards", one.budget)) { options.budget = std::stoi(*number); }
    if (auto const error = after("tolerance", one.budget)) { options.tolerance = std::stod(*error); }
    if (after("deviation", one.budget)) { choose("channels", one.budget); }
    return options;
}

}  // namespace cli
