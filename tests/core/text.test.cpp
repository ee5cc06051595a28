// The table of choices: what is written is read back, and nothing else is read.
#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/policies/text.hpp>
#include <scorecam/scorecam.hpp>

#include "support/networks.hpp"

namespace sc   = scorecam;
namespace text = scorecam::text;

namespace {

/// What a line makes of a text: how it is written again, or "refused".
std::string again(std::string const& name, std::string const& written)
{
    text::composition chosen;
    auto const* const line = text::find_choice(name);
    REQUIRE(line != nullptr);
    return line->set(chosen, written) ? line->text(chosen).value_or("said by another line") : "refused";
}

}  // namespace

TEST_CASE("every line reads what it says may be written, and writes it again as it was")
{
    std::set<std::string> names;
    for (auto const& line : text::choices()) {
        CAPTURE(line.name);
        CHECK(names.insert(line.name).second);
        CHECK(!line.help.empty());
        CHECK(!line.values().empty());
        text::composition const usual;
        for (auto const& spelling : line.spellings) {
            if (spelling.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ ") != std::string::npos) { continue; }
            text::composition chosen;
            CAPTURE(spelling);
            CHECK(line.set(chosen, spelling));
            auto const written = line.text(chosen).value();
            text::composition read;
            CHECK(line.set(read, written));
            CHECK(line.text(read) == written);
        }
        text::composition untouched;
        CHECK_FALSE(line.set(untouched, "nonsense"));
        CHECK_FALSE(line.set(untouched, ""));
        CHECK(line.text(untouched) == line.text(usual));
    }
    CHECK(text::find_choice("nothing") == nullptr);
}

TEST_CASE("values come back as they were written")
{
    for (auto const& line : std::vector<std::pair<std::string, std::string>>{{"groups", "32"},
                                                                             {"groups", "1000000000"},
                                                                             {"channels", "deviation:64"},
                                                                             {"channels", "mass:1"},
                                                                             {"channels", "share:0.9"},
                                                                             {"channels", "share:1"},
                                                                             {"channels", "list:3,0,511"},
                                                                             {"mask-epsilon", "1e-08"},
                                                                             {"map-epsilon", "0.1"},
                                                                             {"background", "constant:0.5,0,-0.5"},
                                                                             {"background", "blur:50:25"},
                                                                             {"background", "blur:0.1"},
                                                                             {"baseline", "noise:18446744073709551615"},
                                                                             {"baseline", "noise:7:0.25"},
                                                                             {"baseline", "constant:-1e+30"},
                                                                             {"baseline", "image:folder/a,b:c.png"},
                                                                             {"batch", "8"},
                                                                             {"batch", "shrinking:100"},
                                                                             {"memory", "8MiB"},
                                                                             {"memory", "1001B"},
                                                                             {"memory", "3GB"},
                                                                             {"masks", "grids:100:7:0.25"},
                                                                             {"masks", "fields:64:14"},
                                                                             {"estimate", "fitted:shapley"},
                                                                             {"estimate", "hsic"},
                                                                             {"masks", "cells:gaussian"},
                                                                             {"masks", "scaled:10:accumulated"},
                                                                             {"masks", "noisy:5:0.5"},
                                                                             {"masks", "patches:32:8"},
                                                                             {"masks", "grids:4000:7:0.5:0:fixed"},
                                                                             {"weighting", "relative-drop"},
                                                                             {"place", "tap"},
                                                                             {"concurrency", "2"}}) {
        CAPTURE(line.first);
        CHECK(again(line.first, line.second) == line.second);
    }
    CHECK(again("mask-epsilon", "1e-8") == "1e-08");
    CHECK(again("background", "blur") == "blur");
    CHECK(again("background", "blur:10:0") == "blur");  // as if nothing had been said
    CHECK(again("memory", "1.5KiB") == "1536B");
    CHECK(again("memory", "1048576") == "1MiB");
    CHECK(again("batch", "tuned") == "tuned");

    text::composition chosen;
    CHECK(text::find_choice("channels")->set(chosen, "list:3,0"));
    CHECK(std::get<sc::listed_channels>(chosen.channels).channels_to_score == std::vector<sc::index_t>{3, 0});
    CHECK(text::find_choice("memory")->set(chosen, "2MiB"));
    CHECK(std::get<sc::bounded_batch>(chosen.batch).bytes == 2 << 20);
    CHECK_FALSE(text::find_choice("batch")->text(chosen).has_value());
    CHECK(text::find_choice("memory")->text(chosen) == "2MiB");
    CHECK(text::find_choice("batch")->set(chosen, "auto"));
    CHECK_FALSE(text::find_choice("memory")->text(chosen).has_value());
}

TEST_CASE("what is out of range, of another form or no number is refused")
{
    for (auto const& line : std::vector<std::pair<std::string, std::string>>{{"groups", "0"},
                                                                             {"groups", "-1"},
                                                                             {"groups", "9223372036854775807"},
                                                                             {"groups", "2.5"},
                                                                             {"groups", "+2"},
                                                                             {"groups", " 2"},
                                                                             {"channels", "deviation"},
                                                                             {"channels", "deviation:"},
                                                                             {"channels", "deviation:0"},
                                                                             {"channels", "deviation:3:4"},
                                                                             {"channels", "all:3"},
                                                                             {"channels", "share:0"},
                                                                             {"channels", "share:1.01"},
                                                                             {"channels", "share:nan"},
                                                                             {"channels", "list:"},
                                                                             {"channels", "list:1.5"},
                                                                             {"channels", "list:1e30"},
                                                                             {"channels", "list:-1"},
                                                                             {"channels", "list:1,,2"},
                                                                             {"channels", "list:1,"},
                                                                             {"score", "logt"},
                                                                             {"score", "Logit"},
                                                                             {"weighting", "sofmax"},
                                                                             {"map-scaling", "nne"},
                                                                             {"mask-epsilon", "nan"},
                                                                             {"mask-epsilon", "inf"},
                                                                             {"mask-epsilon", "-1e-9"},
                                                                             {"mask-epsilon", "1e-400"},
                                                                             {"background", "none"},
                                                                             {"background", "blur:0"},
                                                                             {"background", "blur:1:1000000000"},
                                                                             {"background", "blur:1:2:3"},
                                                                             {"background", "noise:-1"},
                                                                             {"baseline", "constant"},
                                                                             {"baseline", "constant:1,inf"},
                                                                             {"baseline", "constant:1e31"},
                                                                             {"baseline", "image:"},
                                                                             {"batch", "0"},
                                                                             {"batch", "shrinking"},
                                                                             {"memory", "5apples"},
                                                                             {"memory", "0"},
                                                                             {"memory", "0.5"},
                                                                             {"memory", "9e30GiB"},
                                                                             {"concurrency", "0"},
                                                                             {"masks", "grids:0"},
                                                                             {"masks", "grids:10:7:0"},
                                                                             {"masks", "fields:63"},
                                                                             {"estimate", "fitted:beta"},
                                                                             {"concurrency", "100000"}}) {
        CAPTURE(line.first);
        CAPTURE(line.second);
        CHECK(again(line.first, line.second) == "refused");
    }
}

TEST_CASE("the sentence says what stands there and what may")
{
    text::composition chosen;
    auto const says = [&](char const* name, char const* written, char const* sentence) {
        CHECK_THROWS_WITH_AS(text::choose(chosen, *text::find_choice(name), written, std::string{name} + " " + written),
                             sentence, sc::option_error);
    };
    says("score", "logt", "score logt: write probability, logit or sigmoid");
    says("groups", "x", "groups x: write none or N (N from 1 to 1000000000)");
    says("mask-epsilon", "x", "mask-epsilon x: write EPSILON from 0 to 1");
    says("channels", "all:1",
         "channels all:1: write all, deviation:N, mass:N, share:S or list:K,K,... (N from 1 to 1000000000; S above 0 and up "
         "to 1; K from 0 to 999999999)");
    says("background", "image:a.png", "background image:a.png: pictures cannot be read from files here");
    CHECK(std::holds_alternative<sc::probability>(chosen.score));
}

TEST_CASE("pictures from files are read once, by the caller, and painted for every image")
{
    int read = 0;
    text::composition chosen;
    auto const reader = [&](std::string const& file) {
        ++read;
        CHECK(file == "a.png");
        return sc::tensor<float, 3>{sc::extents<3>{{1, 2, 2}}, {1, 2, 3, 4}};
    };
    text::choose(chosen, *text::find_choice("baseline"), "image:a.png", "", reader);
    text::choose(chosen, *text::find_choice("score"), "logit", "", reader);
    CHECK(read == 1);
    auto const picture = std::get<text::picture_file>(std::get<sc::baseline<text::picture>>(chosen.baseline).picture);
    sc::reference_backend on;
    std::vector<double> const images(8);
    std::vector<double> out(8);
    sc::extents<4> const batch{{2, 1, 2, 2}};
    picture.paint(on, sc::tensor_view<double const, 4>{images.data(), batch}, sc::tensor_view<double, 4>{out.data(), batch});
    CHECK(out == std::vector<double>{1, 2, 3, 4, 1, 2, 3, 4});
    sc::extents<4> const wide{{2, 1, 1, 4}};
    CHECK_THROWS_WITH_AS(picture.paint(on, sc::tensor_view<double const, 4>{images.data(), wide},
                                       sc::tensor_view<double, 4>{out.data(), wide}),
                         "the picture a.png has the shape (1, 2, 2), the images have (1, 1, 4)", sc::shape_error);
}

TEST_CASE("every convention of the library is there by its name, and is what its policies say")
{
    auto const& conventions = text::conventions_by_name();
    CHECK(conventions.spellings.size() ==
          std::tuple_size_v<sc::conventions::all> + std::tuple_size_v<sc::conventions::relatives>);
    CHECK(text::convention_names().front() == "official");
    auto const of = [&](char const* convention, char const* name) {
        return text::find_choice(name)->text(conventions.read(convention).value()).value();
    };
    CHECK(of("official", "score") == "probability");
    CHECK(of("official", "baseline") == "none");
    CHECK(of("paper", "baseline") == "black");
    CHECK(of("torch_cam", "mask-epsilon") == "1e-08");
    CHECK(of("torch_cam", "baseline") == "unmasked");
    CHECK(of("torch_cam_0_3_2", "sum") == "masks");
    CHECK(of("torch_cam_0_3_2", "score") == "logit");  // of the convention it is made of
    CHECK(of("torch_cam_0_3_1", "score") == "probability");
    CHECK(of("pytorch_grad_cam", "mask-axis") == "align-corners");
    CHECK(of("tf_keras_vis", "channels") == "all");
    CHECK(of("group_cam", "groups") == "32");
    CHECK(of("group_cam", "background") == "blur:50:25");
    CHECK(of("uniform", "weighting") == "uniform");
    CHECK(of("rise", "masks") == "grids");
    CHECK(of("rise", "estimate") == "weighted-mean");
    CHECK(of("fitted", "masks") == "fields");
    CHECK(of("fitted", "estimate") == "fitted");
    CHECK(of("recipro_cam", "place") == "tap");
    CHECK(of("torch_cam_is_cam", "masks") == "scaled:10:accumulated");
    CHECK(of("occlusion", "weighting") == "drop");
    CHECK_FALSE(conventions.read("offical").has_value());
    auto const keras = text::composition_of(sc::conventions::tf_keras_vis{.max_n = 16});
    CHECK(text::find_choice("channels")->text(keras) == "deviation:16");
}

TEST_CASE("a composition is the convention that it was made of, when maps are made with it")
{
    networks::seeded<double> network{{3, 12, 10}, {9, 4, 5}, 3, 51};
    auto const image = networks::drawn_tensor<double>(sc::extents<3>{{3, 12, 10}}, 5);
    sc::reference_backend on;
    auto const same = [&](auto const& convention) {
        auto const wanted = sc::explain(on, network, image.view(), sc::target{1}, convention);
        auto const found  = sc::explain(on, network, image.view(), sc::target{1}, text::composition_of(convention));
        CHECK(found.forwards == wanted.forwards);
        CHECK(std::equal(found.maps.begin(), found.maps.end(), wanted.maps.begin(), wanted.maps.end()));
    };
    same(sc::conventions::pytorch_grad_cam{});
    same(sc::conventions::group_cam{.groups = 3});
    same(sc::conventions::rise{.masks = {.number = 40}});
    same(sc::conventions::rise_centred{{.number = 40}});
    same(sc::conventions::occlusion{{.size = 4, .stride = 2}});
    same(sc::conventions::is_cam{{.number = 3}});
    same(sc::conventions::fitted{.masks = 16, .part = sc::fitted_part::shapley, .cells = 3});
}

TEST_CASE("a written composition is a convention and what is beside it")
{
    text::written_composition const one{"torch_cam,channels=list:1,2,baseline=constant:0.5,0,-0.5,score=logit"};
    CHECK(one.convention == "torch_cam");
    std::vector<std::pair<std::string, std::string>> const beside{
        {"channels", "list:1,2"}, {"baseline", "constant:0.5,0,-0.5"}, {"score", "logit"}};
    CHECK(one.beside == beside);
    CHECK_THROWS_WITH_AS(text::written_composition{"nothing"},
                         doctest::Contains("write the name of a convention first: official"), sc::option_error);
    CHECK_THROWS_WITH_AS(text::written_composition{"official,score"}, doctest::Contains("NAME=VALUE"), sc::option_error);
    CHECK_THROWS_AS(text::written_composition{""}, sc::option_error);
}
