// The same numbers from every backend, from replicas of the model on several threads, and after memory ran out.
#include <cstddef>
#include <stop_token>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/metrics/metrics.hpp>
#include <scorecam/reference.hpp>

#include "support/deferred_backend.hpp"
#include "support/networks.hpp"

namespace sc = scorecam;
namespace mt = scorecam::metrics;

namespace {

sc::extents<4> const several{2, 3, 12, 14};
sc::tensor<float, 4> const images = networks::drawn_tensor<float>(several, 72);
networks::seeded<float> network() { return {{3, 12, 14}, {6, 6, 7}, 5, 71}; }

/// Every number of every metric that asks the model, in one list.
template <class Backend, class Model, class Images, class... Policies>
std::vector<double> everything(Backend& on, Model& model, Images shown, Policies... policies)
{
    std::vector<double> numbers;
    auto const seen    = sc::explain(on, model, shown, sc::top{2});
    auto const classes = mt::targets_of(seen);
    auto const add     = [&](mt::per_map<mt::curve> const& found) {
        for (auto const& one : found.all) {
            numbers.insert(numbers.end(), one.scores.begin(), one.scores.end());
            numbers.push_back(one.area.value);
        }
    };
    add(mt::deletion(on, model, shown, seen.maps, mt::rise{.step = 20}, classes, policies...));
    add(mt::insertion(on, model, shown, seen.maps, mt::rise{.step = 20}, classes, policies...));
    add(mt::insertion(on, model, shown, seen.maps, mt::paper{.step = 0.1, .fill = 0.5}, classes, policies...));
    auto const add_confidences = [&](mt::per_map<mt::confidence> const& found) {
        for (auto const& one : found.all) { numbers.insert(numbers.end(), {one.before, one.after, one.drop.value}); }
    };
    add_confidences(mt::confidence_under(on, model, shown, seen.maps, mt::paper{}, classes, policies...));
    add_confidences(mt::confidence_under(on, model, shown, seen.maps, mt::torch_cam{}, classes, policies...));
    auto const judged = mt::adcc(on, model, shown, seen, mt::aimagelab{});
    for (auto const& one : judged.all) { numbers.push_back(one.adcc.value); }
    auto const classwise = mt::class_sensitivity(on, model, shown, mt::correlation::pearson);
    for (auto const& one : classwise.all) { numbers.push_back(one.value); }
    auto const control = mt::similarity_to_uniform(on, model, shown, seen, mt::correlation::spearman);
    for (auto const& one : control.all) { numbers.push_back(one.value); }
    return numbers;
}

void check_close(std::vector<double> const& got, std::vector<double> const& wanted)
{
    double const rounding = 2e-5;  // maps of the fast backend and of the device differ by single-precision rounding
    REQUIRE(got.size() == wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        CAPTURE(i);
        CHECK(got[i] == doctest::Approx(wanted[i]).epsilon(rounding));
    }
}

std::vector<double> wanted()
{
    sc::reference_backend serial;
    auto model = network();
    return everything(serial, model, images.view());
}

struct replicable : networks::seeded<float> {
    using networks::seeded<float>::seeded;
    [[nodiscard]] networks::seeded<float> replica() const { return *this; }
};

/// Has memory for two images at once.
struct small : networks::seeded<float> {
    using networks::seeded<float>::seeded;
    sc::tensor_view<float const, 2> forward(batch_type batch)
    {
        if (batch.extent(0) > 2) { throw sc::out_of_memory{"two images at most"}; }
        return networks::seeded<float>::forward(batch);
    }
};

}  // namespace

TEST_CASE("the fast backend gives what the reference gives")
{
    sc::cpu::backend fast;
    auto model = network();
    check_close(everything(fast, model, images.view()), wanted());
}

TEST_CASE("so does a device that runs everything later, whose memory the host cannot read")
{
    deferred::queue queue;
    deferred::backend device{queue};
    auto host = network();
    deferred::model<networks::seeded<float>> model{host, 5, {6, 6, 7}, 40, queue};
    auto memory = device.allocate<float>(images.size());
    sc::tensor_view<float, 4, deferred::space> const there{memory.data(), several};
    device.from_host(images.data(), there);
    check_close(everything(device, model, sc::as_const(there)), wanted());
}

TEST_CASE("several callers share the copies")
{
    sc::reference_backend serial;
    replicable model{sc::image_shape{3, 12, 14}, sc::image_shape{6, 6, 7}, 5, 71};
    check_close(everything(serial, model, images.view(), sc::concurrency{3}, sc::fixed_batch{2}), wanted());
    auto plain = network();
    CHECK_THROWS_AS(static_cast<void>(mt::deletion(serial, plain, images.view(), sc::tensor<float, 3>{{{2, 12, 14}}},
                                                   mt::paper{}, sc::concurrency{2})),
                    sc::option_error);
}

TEST_CASE("a smaller batch answers exhausted memory, if the strategy is to shrink")
{
    sc::reference_backend serial;
    small model{sc::image_shape{3, 12, 14}, sc::image_shape{6, 6, 7}, 5, 71};
    auto plain     = network();
    auto const map = mt::random_map<float>(sc::extents<2>{12, 14}, 1);
    auto const cut = mt::insertion(serial, model, images[0], map, mt::paper{}, sc::shrinking_batch{16});
    CHECK(cut.of().scores == mt::insertion(serial, plain, images[0], map, mt::paper{}).of().scores);
    CHECK(cut.spent.batch_size == 2);
    CHECK_THROWS_AS(static_cast<void>(mt::insertion(serial, model, images[0], map, mt::paper{}, sc::fixed_batch{16})),
                    sc::out_of_memory);
}

TEST_CASE("somebody is told how far it got, and may stop it")
{
    sc::reference_backend serial;
    auto model     = network();
    auto const map = mt::random_map<float>(sc::extents<2>{12, 14}, 1);
    std::vector<sc::index_t> done;
    sc::on_progress const listen{[&](sc::index_t d, sc::index_t total) { done.push_back(100 * total + d); }};
    auto const found = mt::deletion(serial, model, images[0], map, mt::torch_cam{4}, listen, sc::fixed_batch{2});
    CHECK(found.spent.forwards == 5);
    CHECK(done == std::vector<sc::index_t>{100, 101, 400, 402, 404});  // the image, then its four copies
    std::stop_source stop;
    stop.request_stop();
    CHECK_THROWS_AS(
        static_cast<void>(mt::deletion(serial, model, images[0], map, mt::rise{}, sc::stop_when{stop.get_token()})),
        sc::cancelled);
}
