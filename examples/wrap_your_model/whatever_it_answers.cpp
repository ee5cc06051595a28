// Networks that answer with boxes, segments or embeddings: the same forwards, other scores. The network here is arithmetic.
#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include <scorecam/scorecam.hpp>

#include "my_network.hpp"

namespace {

using pictures = scorecam::tensor_view<float const, 4>;

/// How bright each block of 4×4 pixels is, (n, 3, 3, 3): the left, the middle and the right column alone. The activations.
scorecam::tensor<float, 4> brightness(pictures batch)
{
    scorecam::tensor<float, 4> means{{{batch.extent(0), 3, 3, 3}}};
    for (scorecam::index_t i = 0; i < batch.size(); ++i) {
        scorecam::index_t const row = i % 144 / 48, column = i % 12 / 4;
        means(i / 144, column, row, column) += batch.data()[i] / 16;
    }
    return means;
}
/// Of block b of picture n.
float at(scorecam::tensor<float, 4> const& seen, scorecam::index_t n, scorecam::index_t b)
{
    return seen(n, b % 3, b / 3, b % 3);
}

/// A model of what turns the brightness into an answer, a tensor.
template <class Answer>
auto model_of(Answer const& answer)
{
    return scorecam::make_model(
        scorecam::image_shape{1, 12, 12}, [=](pictures batch) { return answer(brightness(batch)); },
        [=](pictures batch) {
            auto means = brightness(batch);
            return std::pair{answer(means), means};
        });
}

void tell(char const* what, scorecam::explanation<float> const& found, scorecam::index_t question)
{
    auto const map  = found.map(0, question);
    auto const best = std::max_element(map.begin(), map.end()) - map.begin();
    std::printf("%s: row %td, column %td\n", what, best / 12, best % 12);
}

}  // namespace

int main()
{
    scorecam::reference_backend cpu;
    auto const picture = two_spots();
    scorecam::tensor_view<float const, 3> const image{picture.data(), 1, 12, 12};

    // A detector: (n, candidates, 4 + classes), each block a candidate with its brightness as the score.
    auto detector = model_of([](scorecam::tensor<float, 4> const& seen) {
        scorecam::tensor<float, 3> candidates{{{seen.extent(0), 9, 5}}};
        for (scorecam::index_t i = 0; i < seen.extent(0) * 9; ++i) {
            auto const x = static_cast<float>(2 + 4 * (i % 3)), y = static_cast<float>(2 + 4 * (i % 9 / 3));
            float const row[] = {x, y, 4, 4, at(seen, i / 9, i % 9)};
            std::copy(std::begin(row), std::end(row), candidates.data() + i * 5);
        }
        return candidates;
    });
    std::vector<scorecam::asked_box<float>> const asked{{{0, 8, 4, 12}, 0},
                                                        {{8, 0, 12, 4}, 0}};  // left, top, right, bottom; class
    scorecam::box_score const of_boxes{scorecam::tensor_view<scorecam::asked_box<float> const, 1>{asked.data(), 2},
                                       {.format = scorecam::ops::box_format::centre}};
    auto const two_maps = scorecam::explain(cpu, detector, image, of_boxes);
    tell("the box at the lower left", two_maps, 0);
    tell("the box at the upper right", two_maps, 1);

    // A segmenter: (n, classes, h, w), dark and bright.
    auto segmenter   = model_of([](scorecam::tensor<float, 4> const& seen) {
        scorecam::tensor<float, 4> logits{{{seen.extent(0), 2, 3, 3}}};
        for (scorecam::index_t i = 0; i < seen.extent(0) * 9; ++i) {
            logits(i / 9, 1, i % 9 / 3, i % 3) = 8 * at(seen, i / 9, i % 9) - 4;
        }
        return logits;
    });
    auto const batch = pictures{picture.data(), 1, 1, 12, 12};
    scorecam::tensor_view<float const, 3> const answer{segmenter.forward(batch).data(), 2, 3, 3};
    auto const predicted           = scorecam::predicted_region(answer, 1);
    scorecam::index_t const bright = 1;
    scorecam::region_score<float> const of_region{{predicted.data(), 1, 3, 3}, {&bright, 1}};
    tell("what is segmented as bright", scorecam::explain(cpu, segmenter, image, of_region), 0);

    // An embedding: (n, D). What makes this picture like another one?
    auto embedder = model_of([](scorecam::tensor<float, 4> const& seen) {
        scorecam::tensor<float, 2> blocks{{{seen.extent(0), 9}}};
        for (scorecam::index_t i = 0; i < blocks.size(); ++i) { blocks.data()[i] = at(seen, i / 9, i % 9); }
        return blocks;
    });
    std::vector<float> const other{0, 0, 0, 0, 0, 0, 1, 0, 0};  // a spot at the lower left alone
    scorecam::cosine_to<float> const likeness{{other.data(), 1, 9}};
    tell("what is like the other picture", scorecam::explain(cpu, embedder, image, likeness), 0);
}
