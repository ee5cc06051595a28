// explain over shapes, policies, batches and threads, against the reference backend: the same map, or the same error; and
// the same bits whatever the batch and the threads.
#include <algorithm>
#include <cmath>
#include <optional>
#include <typeinfo>
#include <utility>

#include <fuzzer/FuzzedDataProvider.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/policies/text.hpp>
#include <scorecam/scorecam.hpp>

#include "fuzz/fuzzed.hpp"
#include "support/networks.hpp"

namespace sc   = scorecam;
namespace text = scorecam::text;

namespace {

/// Another scale, signs and constant channels, as bytes have it.
class network : public networks::seeded<double> {
public:
    using networks::seeded<double>::seeded;
    [[nodiscard]] network replica() const { return *this; }
};

struct outcome {
    std::optional<sc::explanation<double>> found;
    std::string error;
};

template <class Backend>
outcome explained(Backend on, network model, sc::tensor<double, 4> const& images, text::composition const& how,
                  std::vector<sc::index_t> const& targets)
{
    try {
        return {sc::explain(on, model, images.view(), how, sc::targets{targets}), ""};
    } catch (sc::error const& e) {
        fuzzed::require_sentence(e.what());
        return {std::nullopt, typeid(e).name()};
    }
}

bool same_bits(sc::tensor<double, 4> const& a, sc::tensor<double, 4> const& b)
{
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace

std::vector<std::string> fuzzed::seeds()
{
    std::vector<std::string> all;
    for (int i = 0; i < 40; ++i) {
        std::string bytes;
        for (int b = 0; b < 64; ++b) {
            bytes += static_cast<char>(sc::ops::mix(static_cast<std::uint64_t>(i * 64 + b)) & 255U);
        }
        all.push_back(bytes);
    }
    return all;
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    FuzzedDataProvider in{data, size};
    auto const extent = [&](sc::index_t most) { return in.ConsumeIntegralInRange<sc::index_t>(1, most); };
    sc::image_shape const input{extent(3), extent(20), extent(20)};
    sc::image_shape const activation{extent(12), extent(9), extent(9)};
    auto const classes = extent(5);
    network model{input, activation, classes, in.ConsumeIntegral<std::uint8_t>()};
    model.activation_scale = std::pow(10.0, in.ConsumeIntegralInRange(-300, 300) / (in.ConsumeBool() ? 1 : 100));
    auto const images      = networks::drawn_tensor<double>(prepend(input, extent(3)), in.ConsumeIntegral<std::uint8_t>());
    std::vector<sc::index_t> targets;
    for (auto n = extent(3); n > 0; --n) { targets.push_back(in.ConsumeIntegralInRange<sc::index_t>(0, classes)); }

    static auto const conventions = [] {
        auto names = text::conventions_by_name().spellings;
        return names;
    }();
    auto how =
        text::conventions_by_name().read(conventions[in.ConsumeIntegralInRange<std::size_t>(0, conventions.size() - 1)]);
    for (auto n = in.ConsumeIntegralInRange(0, 4); n > 0; --n) {
        auto const& line = text::choices()[in.ConsumeIntegralInRange<std::size_t>(0, text::choices().size() - 1)];
        if (line.part != text::part::method || line.spellings.empty()) { continue; }
        auto written = line.spellings[in.ConsumeIntegralInRange<std::size_t>(0, line.spellings.size() - 1)];
        for (auto at = written.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"); at != std::string::npos;
             at      = written.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {  // N, SIGMA: a number
            auto const end    = std::min(written.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ", at), written.size());
            auto const number = in.ConsumeIntegralInRange(0, 40);
            written.replace(at, end - at, in.ConsumeBool() ? std::to_string(number) : "0." + std::to_string(number));
        }
        static_cast<void>(line.set(*how, written));
    }
    auto const has_file = [](text::picture const& of) { return std::holds_alternative<text::picture_file>(of); };
    if (has_file(how->background.picture)) { how->background.picture = sc::black{}; }
    if (auto* held = std::get_if<sc::baseline<text::picture>>(&how->baseline); held != nullptr && has_file(held->picture)) {
        held->picture = sc::black{};
    }

    auto const reference = explained(sc::reference_backend{}, model, images, *how, targets);
    how->batch           = sc::fixed_batch{1};
    auto const one       = explained(sc::cpu::backend{1}, model, images, *how, targets);
    how->batch           = sc::fixed_batch{extent(9)};
    how->concurrency     = sc::concurrency{extent(3)};
    auto const more      = explained(sc::cpu::backend{static_cast<int>(extent(3))}, model, images, *how, targets);
    fuzzed::require(one.error == more.error && one.error == reference.error);
    if (!one.found) { return 0; }
    fuzzed::require(same_bits(one.found->maps, more.found->maps));
    for (sc::index_t i = 0; i < one.found->maps.size(); ++i) { fuzzed::require(std::isfinite(one.found->maps.data()[i])); }
    for (sc::index_t i = 0; i < images.extent(0); ++i) {
        for (sc::index_t m = 0; m < static_cast<sc::index_t>(targets.size()); ++m) {
            // Rounding decides whether all that is left is 0; a map of rounding alone is none.
            if (one.found->status(i, m) != sc::map_status::meaningful ||
                reference.found->status(i, m) != sc::map_status::meaningful) {
                continue;
            }
            auto const a = one.found->map(i, m), b = reference.found->map(i, m);
            for (sc::index_t p = 0; p < a.size(); ++p) {
                fuzzed::require(std::abs(a.data()[p] - b.data()[p]) <= 1e-6);  // double, and what normalising amplifies
            }
        }
    }
    return 0;
}
