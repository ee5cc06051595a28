// TorchScript modules as models, against what PyTorch itself says of them, and modules written here for what can go wrong.
#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <scorecam/torch/network.hpp>

#include <doctest/doctest.h>  // after Torch: glog, which that may include, has a CHECK of its own

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/testing/model_conformance.hpp>

#include "recorded.hpp"
#include "support/sanitizers.hpp"

namespace sc = scorecam;
namespace st = scorecam::torch;

namespace {

constexpr double tolerance = 1e-5;  // sums in another order, of values up to 5

constexpr sc::image_shape of_plain{3, 20, 24};
constexpr sc::token_grid<2> of_vit{{{3, 4}}, 1};
constexpr sc::token_grid<2> of_windowed{{{4, 6}}, 0};

std::vector<std::string> names(std::vector<sc::layer<2>> const& layers)
{
    std::vector<std::string> all;
    for (auto const& one : layers) { all.push_back(one.name); }
    return all;
}
st::network plain(std::string const& file, std::vector<std::string> const& layers = {}, st::settings<2> how = {})
{
    return st::network{recorded::file(file), of_plain, layers, std::move(how)};
}

/// A module with one convolution, 3 to 4 channels, whose forward ends with the given lines of TorchScript; "y" is (n, 4, h,
/// w).
::torch::jit::Module scripted(std::string const& lines)
{
    ::torch::jit::Module conv{"Conv"};
    conv.register_parameter("weight", at::linspace(-1, 1, 4 * 3 * 9).reshape({4, 3, 3, 3}), false);
    conv.define("def forward(self, x):\n    return torch.conv2d(x, self.weight)\n");
    ::torch::jit::Module module{"Net"};
    module.register_module("conv", conv);
    module.define("def forward(self, x):\n" + lines);
    return module;
}
std::string const plainly = "    y = self.conv.forward(x)\n    return y.mean((2, 3))\n";

}  // namespace

TEST_CASE("outputs and activations are PyTorch's, before in-place operations and after, in one pass")
{
    for (auto const& how : {std::pair{"plain", true}, std::pair{"plain", false}, std::pair{"plain_scripted", true}}) {
        INFO(how.first << ", channels last: " << how.second);
        auto const [file, channels_last] = how;
        std::vector<std::string> const layers{"features.1", "features.3", "features.0", "features.3.bn2"};
        auto network     = plain(file, layers, {.channels_last = channels_last});
        auto const input = recorded::of("plain", "input");
        auto const batch = recorded::view<4>(input);
        CHECK(recorded::apart<2>(network.forward(batch), recorded::of("plain", "outputs")) < tolerance);
        auto const seen = network.capture_layers(batch);
        CHECK(recorded::apart<2>(seen.outputs, recorded::of("plain", "outputs")) < tolerance);
        REQUIRE(seen.activations.size() == layers.size());
        for (std::size_t l = 0; l < layers.size(); ++l) {
            CAPTURE(layers[l]);
            auto const& found = seen.activations[l];
            CHECK(recorded::apart<4>(found, recorded::of("plain", layers[l])) < tolerance);
            bool const signed_ = std::any_of(found.begin(), found.end(), [](float v) { return v < 0; });
            CHECK(signed_ == (layers[l] != "features.3"));
        }
    }
}

TEST_CASE(
    "layers are the submodules with a place to point at, each output under one name; the default is the last before pooling")
{
    for (std::string const file : {"plain", "plain_scripted"}) {
        CAPTURE(file);
        auto const network = plain(file);
        CHECK(names(network.layers()) ==
              std::vector<std::string>{"features.0", "features.1", "features.2", "features.3.conv1", "features.3.bn1",
                                       "features.3.conv2", "features.3.bn2", "features.3.relu", "features.4", "pool"});
        CHECK(network.layers()[3].type == "Conv2d");
        CHECK(network.layers()[9].shape == sc::image_shape{8, 2, 2});
        CHECK(names(network.explained()) == std::vector<std::string>{"features.3.relu"});
        CHECK(network.explained()[0].shape == sc::image_shape{8, 10, 12});
        CHECK(network.classes() == 5);
        CHECK(network.max_batch() > 1000);
        CHECK(plain(file, {"features.3"}).explained()[0].name == "features.3.relu");  // whose output it returns
        CHECK(plain(file, {"features"}).explained()[0].name == "features.4");
    }
}

TEST_CASE("a TorchScript module keeps a model's promises, whatever its layout, its layer and how it is run")
{
    sc::reference_backend on;
    for (std::string const file : {"plain", "plain_scripted"}) {
        for (bool const channels_last : {false, true}) {
            for (bool const frozen : {false, true}) {
                CAPTURE(file);
                CAPTURE(channels_last);
                CAPTURE(frozen);
                st::settings<2> const how{.channels_last = channels_last, .frozen = frozen};
                auto network = plain(file, {"features.3.bn2", "features.2"}, how);
                sc::testing::check_model_conformance(on, network, {.refuses_wrong_shapes = true, .tap_is_signed = true});
            }
        }
    }
}

TEST_CASE("bfloat16 gives PyTorch's numbers within its precision")
{
    auto const input    = recorded::of("plain", "input");
    auto const expected = recorded::of("plain", "outputs");
    auto coarse         = plain("plain", {"features.1"}, {.bfloat16 = true});
    auto apart          = recorded::apart<2>(coarse.forward(recorded::view<4>(input)), expected);
    MESSAGE("bfloat16: " << apart);
    CHECK(apart < 0.02);  // 8 bits, and outputs up to 1
    CHECK(apart > tolerance);
    CHECK(coarse.precision() == "bfloat16");
    CHECK(recorded::apart<4>(coarse.capture(recorded::view<4>(input)).activations, recorded::of("plain", "features.1")) <
          tolerance);  // captured in float32
    sc::reference_backend on;
    sc::testing::check_model_conformance(on, coarse, {.tolerance = 0.05});
}

TEST_CASE("tokens are laid out on the image, with a class token before them or none")
{
    auto vit = st::network{recorded::file("vit"), {3, 12, 16}, {"norm", "patches", "blocks.0"}, {.tokens = of_vit}};
    CHECK(vit.explained()[0].shape == sc::image_shape{16, 3, 4});
    auto const input = recorded::of("vit", "input");
    auto const seen  = vit.capture_layers(recorded::view<4>(input));
    CHECK(recorded::apart<2>(seen.outputs, recorded::of("vit", "outputs")) < tolerance);
    CHECK(recorded::apart<4>(seen.activations[1], recorded::of("vit", "patches")) < tolerance);
    for (auto const& [at, name] : {std::pair{0U, "norm"}, std::pair{2U, "blocks.0"}}) {
        auto const tokens = recorded::of("vit", name);
        for (sc::index_t n = 0; n < 2; ++n) {
            for (sc::index_t k = 0; k < 16; ++k) {
                for (sc::index_t p = 0; p < 12; ++p) {
                    auto const recorded = tokens[n][1 + p][k].item<float>();
                    REQUIRE(seen.activations[at](n, k, p / 4, p % 4) == doctest::Approx(recorded).epsilon(1e-4));
                }
            }
        }
    }
    st::network const by_itself{recorded::file("vit"), {3, 12, 16}};  // the norm behind feeds the class token alone
    CHECK(names(by_itself.explained()) == std::vector<std::string>{"blocks.1.norm1"});
    CHECK(by_itself.explained()[0].shape == sc::image_shape{16, 3, 4});
    CHECK(by_itself.explained()[0].form == "tokens, 1 of no place before them");
    CHECK(names(by_itself.layers()).front() == "patches");

    auto windowed       = st::network{recorded::file("windowed"), {3, 16, 24}, {"blocks.1.norm1"}, {.tokens = of_windowed}};
    auto const pictures = recorded::of("windowed", "input");
    auto const rows     = recorded::of("windowed", "blocks.1.norm1").permute({0, 3, 1, 2}).contiguous();
    auto const found    = windowed.capture(recorded::view<4>(pictures));
    CHECK(recorded::apart<2>(found.outputs, recorded::of("windowed", "outputs")) < tolerance);
    CHECK(recorded::apart<4>(found.activations, rows) < tolerance);
    auto const all = names(windowed.layers());  // attention runs with the windows folded into the batch
    CHECK(std::none_of(all.begin(), all.end(), [](auto const& name) { return name.find("attention") != name.npos; }));

    sc::reference_backend on;
    sc::testing::check_model_conformance(on, vit);
    sc::testing::check_model_conformance(on, windowed);
}

TEST_CASE(
    "a module of the caller's is a model like one from a file, is not changed, and copies of the model run by themselves")
{
    auto const module = scripted(plainly);
    auto const before = module.attr("conv").toModule().attr("weight").toTensor().clone();
    st::network network{module, {3, 6, 7}, {}, {.bfloat16 = true}};
    CHECK(module.attr("conv").toModule().attr("weight").toTensor().equal(before));
    CHECK(network.explained()[0].name == "conv");
    CHECK(network.explained()[0].type == "Conv");
    CHECK(network.explained()[0].shape == sc::image_shape{4, 4, 5});
}

TEST_CASE("replicas run at the same time, and what one returned stays when another runs")
{
    auto one            = plain("plain", {}, {.channels_last = true});
    auto const input    = recorded::of("plain", "input");
    auto const expected = recorded::of("plain", "outputs");
    std::vector<double> apart(4);
    std::vector<std::thread> threads;
    for (auto& worst : apart) {
        threads.emplace_back([&, other = one.replica()]() mutable {
            for (int round = 0; round < 20; ++round) {
                auto const n     = 1 + round % 2;
                auto const view  = other.forward(recorded::view<4>(input).slice(0, n));
                auto const maps  = other.capture(recorded::view<4>(input).slice(0, n)).activations;
                auto const again = other.forward(recorded::view<4>(input).slice(0, n));
                worst            = std::max({worst, recorded::apart<2>(again, expected.slice(0, 0, n)),
                                  maps.extent(0) == n && view.extent(1) == 5 ? 0.0 : 1.0});
            }
        });
    }
    for (auto& thread : threads) { thread.join(); }
    CHECK(*std::max_element(apart.begin(), apart.end()) < tolerance);
    CHECK(one.precision() == "float32");

    auto other       = one.replica();
    auto const first = one.forward(recorded::view<4>(input).slice(0, 1));
    CHECK(recorded::apart<2>(other.forward(recorded::view<4>(input).slice(1, 1)), expected.slice(0, 1, 2)) < tolerance);
    CHECK(recorded::apart<2>(first, expected.slice(0, 0, 1)) < tolerance);
}

TEST_CASE("a module that works in place on its input does so on a copy")
{
    st::network network{scripted("    x = x.mul_(2.0).relu_()\n" + plainly), {3, 6, 7}, {}, {.channels_last = false}};
    sc::reference_backend on;
    sc::testing::check_model_conformance(on, network);
}

TEST_CASE("a module that refuses channels_last runs without, if that was not asked for")
{
    auto const viewing = scripted("    y = self.conv.forward(x)\n    return y.view(y.size(0), -1)[:, :5]\n");
    st::network network{viewing, {3, 6, 7}};
    CHECK(network.max_batch() > 1);
    CHECK_THROWS_WITH_AS((st::network{viewing, {3, 6, 7}, {}, {.channels_last = true}}),
                         doctest::Contains("view size is not compatible"), sc::model_error);
}

TEST_CASE("a module that runs one image at a time is found out when it is loaded")
{
    st::network network{scripted("    y = self.conv.forward(x)\n    return y.reshape(1, 4, -1).mean(2)\n"), {3, 6, 7}};
    CHECK(network.max_batch() == 1);
    sc::reference_backend on;
    sc::testing::check_model_conformance(on, network);
}

TEST_CASE("of several results the one that looks like classes counts, or the one that is chosen")
{
    std::string const y = "    y = self.conv.forward(x)\n    a = y.mean((2, 3))\n";
    sc::tensor<float, 4> const ones{{{1, 3, 6, 7}}, std::vector<float>(3 * 6 * 7, 1)};
    auto const expected = st::network{scripted(plainly), {3, 6, 7}}.forward(ones)(0, 3);
    for (std::string const result :
         {"(y, a)", "{\"out\": a, \"maps\": y}", "[y, a]", "(y, {\"a\": [a]})", "a[:, :, None, None]"}) {
        CAPTURE(result);
        st::network network{scripted(y + "    return " + result + "\n"), {3, 6, 7}};
        CHECK(network.classes() == 4);
        CHECK(network.forward(ones)(0, 3) == expected);
    }
    auto const two = scripted(y + "    return a, -a[:, :3]\n");
    CHECK_THROWS_WITH_AS((st::network{two, {3, 6, 7}}), doctest::Contains("it has (1, 4), (1, 3)"), sc::model_error);
    CHECK(st::network{two, {3, 6, 7}, {}, {.output = 1}}.classes() == 3);
    CHECK_THROWS_AS((st::network{two, {3, 6, 7}, {}, {.output = 2}}), sc::model_error);
}

TEST_CASE("arguments with defaults keep them")
{
    auto module = scripted(plainly);
    module.define("def shifted(self, x, by: float = 1.0):\n    return x + by\n");
    ::torch::jit::Module with_option{"With"};
    with_option.register_module("net", module);
    with_option.define("def forward(self, x, by: float = 2.0):\n    return self.net.forward(x) + by\n");
    sc::tensor<float, 4> const zeros{{{1, 3, 6, 7}}};
    CHECK((st::network{with_option, {3, 6, 7}}.forward(zeros)(0, 0)) == 2);
}

TEST_CASE("signals and volumes have layers, too")
{
    ::torch::jit::Module first{"First"};
    first.define("def forward(self, x):\n    return torch.cat([x, -x], 1)\n");
    ::torch::jit::Module module{"Net"};
    module.register_module("first", first);
    module.define("def forward(self, x):\n    return self.first.forward(x).flatten(2).sum(2)\n");
    st::basic_network<1> signal{module, {2, 9}};
    st::basic_network<3> volume{module, {2, 3, 4, 5}, {}, {.channels_last = true}};
    CHECK(signal.explained()[0].shape == sc::signal_shape{4, 9});
    CHECK(volume.explained()[0].shape == sc::volume_shape{4, 3, 4, 5});
    sc::reference_backend on;
    sc::testing::check_model_conformance(on, signal);
    sc::testing::check_model_conformance(on, volume);
}

TEST_CASE("a map is that of the same module behind two callables")
{
    auto network     = plain("plain", {"features.2"});
    auto const input = recorded::of("plain", "input");
    auto const image = recorded::view<4>(input)[0];
    sc::cpu::backend cpu;
    auto const found = sc::explain(cpu, network, image, sc::top{2}, sc::baseline{sc::black{}});

    auto module    = ::torch::jit::load(recorded::file("plain"));
    auto const run = [&](sc::tensor_view<float const, 4> batch) {
        c10::InferenceMode const guard;
        auto const x = at::from_blob(const_cast<float*>(batch.data()), {batch.extent(0), 3, 20, 24}).clone();
        auto const y = module.forward({x}).toTensor();
        return sc::tensor<float, 2>{{{y.size(0), 5}}, {y.data_ptr<float>(), y.data_ptr<float>() + y.numel()}};
    };
    auto const capture = [&](sc::tensor_view<float const, 4> batch) {
        c10::InferenceMode const guard;
        auto x = at::from_blob(const_cast<float*>(batch.data()), {batch.extent(0), 3, 20, 24}).clone();
        for (auto const* name : {"0", "1", "2"}) {
            x = module.attr("features").toModule().attr(name).toModule().forward({x}).toTensor();
        }
        sc::tensor<float, 4> maps{{{x.size(0), 8, 10, 12}}, {x.data_ptr<float>(), x.data_ptr<float>() + x.numel()}};
        return std::pair{run(batch), std::move(maps)};
    };
    module.eval();
    auto plainly_made   = sc::make_model(of_plain, run, capture);
    auto const expected = sc::explain(cpu, plainly_made, image, sc::top{2}, sc::baseline{sc::black{}});
    CHECK(found.targets(0, 1) == expected.targets(0, 1));
    CHECK(found.status(0, 0) == sc::map_status::meaningful);
    for (sc::index_t p = 0; p < found.maps.size(); ++p) {
        REQUIRE(std::abs(found.maps.data()[p] - expected.maps.data()[p]) <
                1e-3F);  // scaled by what little the weights differ
    }
}

TEST_CASE("rows that mix run one at a time, and a module of float16 runs in float32, each with a note")
{
    st::network const mixed{scripted("    y = self.conv.forward(x)\n    y = y - y.mean(0, keepdim=True) * 0.5\n"
                                     "    return y.mean((2, 3))\n"),
                            {3, 6, 7}};
    CHECK(mixed.max_batch() == 1);
    CHECK(mixed.notes().size() == 1);
    auto module = scripted(plainly);
    st::network plain_one{module, {3, 6, 7}};
    CHECK(plain_one.notes().empty());
    auto smaller = module.deepcopy();  // a network refers to the caller's module
    smaller.to(at::kHalf);
    st::network half{smaller, {3, 6, 7}};
    CHECK(half.precision() == "float32");
    CHECK(half.notes().size() == 1);
    sc::tensor<float, 4> one{{{1, 3, 6, 7}}};
    for (sc::index_t i = 0; i < one.size(); ++i) { one.data()[i] = static_cast<float>(i % 7) / 7; }
    auto const ours  = plain_one.forward(one.view());
    auto const found = half.forward(one.view());
    for (sc::index_t c = 0; c < ours.size(); ++c) {
        CHECK(found.data()[c] == doctest::Approx(ours.data()[c]).epsilon(0.02));
    }
}

TEST_CASE("what cannot be used is a model_error of one line that says why")
{
    auto const message = [](auto&& f) -> std::string {
        try {
            f();
        } catch (sc::model_error const& e) {
            return e.what();
        }
        return "no model_error";
    };
    auto const says = [&](std::string const& what, auto&& f) {
        auto const text = message(f);
        CAPTURE(text);
        CHECK(text.find(what) != text.npos);
        CHECK(text.find('\n') == text.npos);
    };
    says("cannot use the network no/such.pt", [] { st::network{"no/such.pt", {3, 6, 7}}; });
    says("zip archive", [] { st::network{__FILE__, {3, 6, 7}}; });
    says("channels", [] { st::network{recorded::file("plain"), {5, 20, 24}}; });
    says("features.3.relu", [] { plain("plain", {"features.nothing"}); });
    says("named twice", [] { plain("plain", {"features.3", "features.3.relu"}); });
    says("no submodules", [] {
        auto module = ::torch::jit::load(recorded::file("plain"));
        module.eval();
        st::network{::torch::jit::freeze(module), of_plain};
    });
    says("call its eval() first", [] {
        auto module = ::torch::jit::load(recorded::file("plain"));
        module.train();
        st::network{module, of_plain};
    });
    says("it has (1, 3, 6, 7)", [] { st::network{scripted("    return x\n"), {3, 6, 7}}; });
    says("other outputs each time", [] {  // whatever eval() says
        st::network{scripted("    y = torch.dropout(self.conv.forward(x), 0.5, True)\n    return y.mean((2, 3))\n"),
                    {3, 6, 7}};
    });
    says("no spatial activation", [] { st::network{scripted(plainly), {3, 3, 3}}; });
    says("TorchScript had its reasons",
         [] { st::network{scripted("    assert x.size(0) < 1, \"TorchScript had its reasons\"\n" + plainly), {3, 6, 7}}; });

    auto network = st::network{scripted("    assert x.size(0) < 4, \"more than three\"\n" + plainly), {3, 6, 7}};
    sc::tensor<float, 4> const four{{{4, 3, 6, 7}}};
    says("failed on a batch of (4, 3, 6, 7): Torch says", [&] { static_cast<void>(network.forward(four)); });
    says("more than three", [&] { static_cast<void>(network.capture(four)); });
    sc::tensor<float, 4> const wide{{{1, 3, 6, 8}}};
    CHECK_THROWS_WITH_AS(static_cast<void>(network.forward(wide)), doctest::Contains("(1, 3, 6, 8)"), sc::shape_error);
}

TEST_CASE("want of memory is out_of_memory, so that a smaller batch can answer it")
{
    auto const wants = [](std::string const& lines) {
        st::network network{scripted("    if x.size(0) > 2:\n        " + lines + plainly), {3, 6, 7}};
        sc::tensor<float, 4> const four{{{4, 3, 6, 7}}};
        CHECK_THROWS_AS(static_cast<void>(network.forward(four)), sc::out_of_memory);
    };
    wants("assert False, \"CUDA out of memory. Tried to allocate 2.00 GiB\"\n");
#if SCORECAM_TEST_NEW_THROWS
    wants("x = x + torch.zeros([1 << 50])\n");
#endif
}
