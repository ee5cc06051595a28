#include "maps/questions.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <numeric>
#include <sstream>

#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include <scorecam/error.hpp>
#include <scorecam/xtensor/npy.hpp>

namespace cli {
namespace {

using sc::index_t;

constexpr float least_score = 0.25F, most_overlap = 0.45F;  // ultralytics' thresholds
constexpr index_t most_after_suppression = 1000;

std::string rounded(float value)
{
    std::ostringstream text;
    text << std::setprecision(3) << value;
    return text.str();
}

/// The answer without leading extents of 1: (1, A, 85) is (A, 85).
sc::ops::row<float> squeezed(sc::ops::row<float> row, int least_axes)
{
    while (row.shape.axes > least_axes && row.shape[0] == 1) {
        std::copy(row.shape.extent + 1, row.shape.extent + row.shape.axes, row.shape.extent);
        --row.shape.axes;
    }
    return row;
}

/// What the numbers look like: YOLO's two orders, or what suppression left.
sc::ops::detection_layout guessed(sc::ops::row<float> const& row, std::size_t named, std::vector<std::string>& notes)
{
    using sc::ops::box_format;
    if (row.shape[1] == 6 && row.shape[0] <= most_after_suppression) {
        bool suppressed = true;
        for (index_t a = 0; a < row.shape[0]; ++a) {
            float const score = row[a * 6 + 4], number = row[a * 6 + 5];
            suppressed = suppressed && score >= 0 && score <= 1 && number == std::floor(number);
        }
        if (suppressed) { return {.format = box_format::corners, .after_suppression = true}; }
    }
    if (row.shape[0] < row.shape[1]) { return {.format = box_format::centre, .candidates_last = true}; }
    bool const plain = named > 0 && static_cast<index_t>(named) == row.shape[1] - 4;
    if (!plain) {
        notes.emplace_back("the boxes are taken as x, y, width, height, objectness and classes, as YOLOv5's; write --boxes "
                           "if they are not");
    }
    return {.format = box_format::centre, .objectness = !plain};
}

cv::Rect2d rect_of(sc::ops::box<float> const& box)
{
    return {box.left, box.top, static_cast<double>(box.right) - box.left, static_cast<double>(box.bottom) - box.top};
}

/// From pixels of the input to those of the picture.
struct to_picture {
    cv::Rect part;
    double x, y;  // pixels of the picture for one of the input
    to_picture(cv::Size picture, sc::opencv::preprocessing const& how)
        : part{sc::opencv::seen_part(picture, how)}, x{static_cast<double>(part.width) / how.width},
          y{static_cast<double>(part.height) / how.height}
    {
    }
    [[nodiscard]] cv::Rect2d operator()(cv::Rect2d const& at) const
    {
        return {part.x + at.x * x, part.y + at.y * y, at.width * x, at.height * y};
    }
    [[nodiscard]] cv::Rect2d back(cv::Rect2d const& at) const
    {
        return {(at.x - part.x) / x, (at.y - part.y) / y, at.width / x, at.height / y};
    }
};

struct detection {
    index_t candidate, class_index;
    float score;
};

/// The best class of each candidate that is sure enough, after non-maximum suppression among those of a class; the surest
/// first.
std::vector<detection> detected(sc::ops::candidates<float> const& found, index_t classes)
{
    std::vector<detection> some;
    std::vector<cv::Rect2d> boxes;
    std::vector<float> scores;
    for (index_t a = 0; a < found.count(); ++a) {
        detection best{a, 0, -1};
        if (found.layout.after_suppression) {
            best.class_index = found.class_of(a);
            best.score       = best.class_index < 0 ? -1 : found.score_of(a, best.class_index);
        }
        for (index_t c = 0; !found.layout.after_suppression && c < classes; ++c) {
            float const score = found.score_of(a, c);
            if (score > 1.0001F || score < -0.0001F) {
                throw sc::option_error{
                    "the scores of classes are not from 0 to 1 (" + rounded(score) +
                    "), or the boxes are in another order; write --boxes, or export the network with its sigmoids"};
            }
            if (score > best.score) { best = {a, c, score}; }
        }
        if (best.score < least_score) { continue; }
        some.push_back(best);
        auto box = rect_of(found.box_of(a));
        box.x += 1e5 * static_cast<double>(best.class_index);  // so that boxes of different classes do not meet
        boxes.push_back(box);
        scores.push_back(best.score);
    }
    std::vector<int> kept(some.size());
    std::iota(kept.begin(), kept.end(), 0);
    if (!found.layout.after_suppression) { cv::dnn::NMSBoxes(boxes, scores, least_score, most_overlap, kept); }
    std::stable_sort(kept.begin(), kept.end(), [&](int a, int b) {
        return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
    });
    std::vector<detection> left;
    for (int const k : kept) { left.push_back(some[static_cast<std::size_t>(k)]); }
    return left;
}

std::string class_text(labels const& names, index_t c) { return names.of(c); }

}  // namespace

std::optional<sc::ops::detection_layout> detection_layout_of(std::string const& text)
{
    using sc::ops::box_format;
    sc::ops::detection_layout how;
    auto const plus      = std::min(text.find('+'), text.size());
    std::string const of = text.substr(0, plus);
    if (plus < text.size() && text.substr(plus) != "+objectness") { return std::nullopt; }
    how.objectness = plus < text.size();
    if (of == "xywh") {
        how.format = box_format::centre;
    } else if (of == "xyxy") {
        how.format = box_format::corners;
    } else if (of == "ltwh") {
        how.format = box_format::corner;
    } else if (of == "yxyx") {
        how.format = box_format::rows;
    } else {
        return std::nullopt;
    }
    return how;
}

questions::questions(explain_options const& options, labels const& names, sc::model_outputs<float> const& answer,
                     cv::Size picture, sc::opencv::preprocessing const& how)
    : options_{options}
{
    auto const row = answer.rows()[0];
    if (options.task == "detection") {
        of_boxes(names, squeezed(row, 2), picture, how);
    } else if (options.task == "segmentation") {
        of_regions(names, squeezed(row, 3), picture, how);
    } else {
        of_embedding(row);
    }
}

void questions::of_boxes(labels const& names, sc::ops::row<float> answer, cv::Size picture,
                         sc::opencv::preprocessing const& how)
{
    if (answer.shape.axes != 2) {
        throw sc::option_error{
            "--task detection: the output is " + sc::to_string(answer.shape) +
            " for a picture, and boxes are (candidates, numbers) or (numbers, candidates); name another --output-name"};
    }
    layout_ = guessed(answer, names.count(), notes_);
    if (!options_.boxes.empty()) {
        auto const written = detection_layout_of(options_.boxes).value();
        layout_.format     = written.format;
        layout_.objectness = written.objectness;
    }
    sc::ops::candidates<float> const found{answer, layout_};
    index_t const classes = layout_.after_suppression ? 0 : found.classes();
    if (!layout_.after_suppression && classes < 1) {
        throw sc::option_error{"--task detection: " + sc::to_string(answer.shape) +
                               " leaves no number for a class; write --boxes"};
    }
    float largest = 0;
    for (index_t a = 0; a < found.count(); ++a) { largest = std::max(largest, found.box_of(a).right); }
    bool const shares = largest <= 2;  // boxes in shares of the input
    cv::Size2d const unit{shares ? static_cast<double>(how.width) : 1.0, shares ? static_cast<double>(how.height) : 1.0};
    to_picture const place{picture, how};
    auto const shown = [&](sc::ops::box<float> const& box) {
        auto const r = rect_of(box);
        return place({r.x * unit.width, r.y * unit.height, r.width * unit.width, r.height * unit.height});
    };
    auto const all = detected(found, classes);
    auto const ask = [&](std::size_t number) {
        auto const& one = all[number];
        auto const box  = found.box_of(one.candidate);
        boxes_.push_back({box, one.class_index});
        all_.push_back({std::to_string(number),
                        "detection " + std::to_string(number) + " " + class_text(names, one.class_index) + ", score " +
                            rounded(one.score),
                        one.class_index,
                        one.score,
                        shown(box),
                        {}});
    };

    auto const numbers = [&] {
        std::string text = all.empty() ? "nothing was detected above " + rounded(least_score)
                                       : "detections are numbered from 0 to " + std::to_string(all.size() - 1);
        return text + "; write a number, a class's name, topN, or --box x,y,w,h";
    };
    if (!options_.box.empty()) {
        auto const in_input = place.back({options_.box[0], options_.box[1], options_.box[2], options_.box[3]});
        sc::ops::box<float> const box{
            static_cast<float>(in_input.x / unit.width), static_cast<float>(in_input.y / unit.height),
            static_cast<float>(in_input.br().x / unit.width), static_cast<float>(in_input.br().y / unit.height)};
        index_t best = -1;
        float most   = 0;
        for (index_t a = 0; a < found.count(); ++a) {
            index_t const first = layout_.after_suppression ? found.class_of(a) : 0,
                          last  = layout_.after_suppression ? first + 1 : classes;
            for (index_t c = std::max<index_t>(0, first); c < last; ++c) {
                float const near = overlap(box, found.box_of(a)) * found.score_of(a, c);
                if (near > most) { most = near, best = c; }
            }
        }
        if (options_.targets != std::vector<std::string>{"top"}) { best = names.find(options_.targets[0]); }
        if (best < 0) { throw sc::option_error{"--box: the network has no candidate that meets it; " + numbers()}; }
        boxes_.push_back({box, best});
        all_.push_back({"box",
                        "the box as " + class_text(names, best) + ", overlap times score " + rounded(most),
                        best,
                        most,
                        cv::Rect2d{options_.box[0], options_.box[1], options_.box[2], options_.box[3]},
                        {}});
        return;
    }
    for (auto const& written : options_.targets) {
        auto const before = all_.size();
        if (auto const n = options_.top_of(written)) {
            for (std::size_t k = 0; k < std::min(all.size(), static_cast<std::size_t>(*n)); ++k) { ask(k); }
        } else if (auto const number = sc::text::number<index_t>("K", 0, 999'999).read(written)) {
            if (*number < static_cast<index_t>(all.size())) { ask(static_cast<std::size_t>(*number)); }
        } else {
            auto const wanted = names.find(written);
            for (std::size_t k = 0; k < all.size(); ++k) {
                if (all[k].class_index == wanted) { ask(k); }
            }
        }
        if (all_.size() == before) { throw sc::target_error{"--target " + written + ": " + numbers()}; }
    }
}

void questions::of_regions(labels const& names, sc::ops::row<float> answer, cv::Size picture,
                           sc::opencv::preprocessing const& how)
{
    if (answer.shape.axes != 3) {
        throw sc::option_error{"--task segmentation: the output is " + sc::to_string(answer.shape) +
                               " for a picture, and segments are (classes, height, width); name another --output-name"};
    }
    index_t const C = answer.shape[0];
    cells_          = {{answer.shape[1], answer.shape[2]}};
    index_t const P = cells_.size();
    bool within = true, sums = true;
    for (index_t p = 0; p < P; ++p) {
        float sum = 0;
        for (index_t c = 0; c < C; ++c) {
            within = within && answer[c * P + p] >= 0 && answer[c * P + p] <= 1;
            sum += answer[c * P + p];
        }
        sums = sums && std::abs(sum - 1) < 1e-2F;
    }
    cell_values_ = within && (sums || C == 1) ? sc::cell_values::probabilities
                   : C == 1                   ? sc::cell_values::sigmoids
                                              : sc::cell_values::logits;

    std::vector<index_t> predicted(static_cast<std::size_t>(P)), area(static_cast<std::size_t>(C) + 1);
    for (index_t p = 0; p < P; ++p) {
        index_t best = 0;
        for (index_t c = 1; c < C; ++c) {
            if (answer[c * P + p] > answer[best * P + p]) { best = c; }
        }
        if (C == 1) { best = answer[p] > (within ? 0.5F : 0.0F) ? 0 : 1; }  // 1: outside
        predicted[static_cast<std::size_t>(p)] = best;
        ++area[static_cast<std::size_t>(best)];
    }
    auto const ask = [&](index_t c, cv::Mat const& region, std::string const& what) {
        index_t const count = cv::countNonZero(region);
        if (count == 0) {
            throw sc::target_error{"--target " + std::to_string(c) + ": no cell is predicted as " + names.of(c) +
                                   "; write another class, or --at x,y"};
        }
        regions_.insert(regions_.end(), region.data, region.data + P);
        classes_.push_back(c);
        all_.push_back({std::to_string(c),
                        names.of(c) + what + ", " + std::to_string(count) + " of " + std::to_string(P) + " cells", c,
                        std::nullopt, std::nullopt, region});
    };
    auto const region_of = [&](index_t c) {
        cv::Mat region(static_cast<int>(cells_[0]), static_cast<int>(cells_[1]), CV_8U);
        for (index_t p = 0; p < P; ++p) { region.data[p] = predicted[static_cast<std::size_t>(p)] == c ? 1 : 0; }
        return region;
    };
    auto const refuse_class = [&](index_t c) {
        if (c >= C) {
            throw sc::target_error{"target class " + std::to_string(c) + " does not exist: the outputs are " +
                                   sc::to_string(answer.shape) + ", so classes run from 0 to " + std::to_string(C - 1)};
        }
    };

    if (!options_.at.empty()) {
        auto const in_input = to_picture{picture, how}.back({options_.at[0], options_.at[1], 0, 0});
        auto const x        = static_cast<index_t>(std::floor(in_input.x / how.width * static_cast<double>(cells_[1])));
        auto const y        = static_cast<index_t>(std::floor(in_input.y / how.height * static_cast<double>(cells_[0])));
        if (x < 0 || y < 0 || x >= cells_[1] || y >= cells_[0]) {
            throw sc::option_error{"--at " + rounded(static_cast<float>(options_.at[0])) + "," +
                                   rounded(static_cast<float>(options_.at[1])) +
                                   ": the network does not see that place of a picture of " + std::to_string(picture.width) +
                                   " x " + std::to_string(picture.height) + "; write another, or --fit letterbox"};
        }
        cv::Mat region = cv::Mat::zeros(static_cast<int>(cells_[0]), static_cast<int>(cells_[1]), CV_8U);
        region.at<unsigned char>(static_cast<int>(y), static_cast<int>(x)) = 1;
        index_t c = predicted[static_cast<std::size_t>(y * cells_[1] + x)];
        if (options_.targets != std::vector<std::string>{"top"}) {
            auto const written = sc::text::number<index_t>("C", 0, 999'999).read(options_.targets[0]);
            c                  = written ? *written : names.find(options_.targets[0]);
        }
        refuse_class(c);
        return ask(c, region, " at that place");
    }
    for (auto const& written : options_.targets) {
        if (auto const n = options_.top_of(written)) {
            std::vector<index_t> order(static_cast<std::size_t>(C));
            std::iota(order.begin(), order.end(), index_t{0});
            std::stable_sort(order.begin(), order.end(), [&](index_t a, index_t b) {
                return area[static_cast<std::size_t>(a)] > area[static_cast<std::size_t>(b)];
            });
            std::erase_if(order, [&](index_t c) { return area[static_cast<std::size_t>(c)] == 0 || (c == 0 && C > 1); });
            if (order.empty()) { order.push_back(0); }  // nothing but the background
            for (std::size_t k = 0; k < std::min(order.size(), static_cast<std::size_t>(*n)); ++k) {
                ask(order[k], region_of(order[k]), "");
            }
            continue;
        }
        auto const number = sc::text::number<index_t>("C", 0, 999'999).read(written);
        index_t const c   = number ? *number : names.find(written);
        refuse_class(c);
        ask(c, region_of(c), "");
    }
}

void questions::of_embedding(sc::ops::row<float> answer)
{
    embedding_ = options_.reference_embedding;
    if (static_cast<index_t>(embedding_.size()) != answer.size()) {
        throw sc::option_error{"--reference " + options_.reference + " has " + std::to_string(embedding_.size()) +
                               " numbers, the network's output has " + std::to_string(answer.size()) +
                               "; give one of the same network"};
    }
    sc::cosine_to<float> const likeness{{embedding_.data(), 1, answer.size()}};
    float const now = likeness(answer)(0);
    all_.push_back(
        {"reference", "like " + options_.reference + ", cosine " + rounded(now), std::nullopt, now, std::nullopt, {}});
}

answer_score questions::score() const
{
    auto const count = static_cast<index_t>(all_.size());
    if (options_.task == "detection") { return sc::box_score<float>{{boxes_.data(), count}, layout_}; }
    if (options_.task == "segmentation") {
        return sc::region_score<float>{
            {regions_.data(), count, cells_[0], cells_[1]}, {classes_.data(), count}, cell_values_};
    }
    return sc::cosine_to<float>{{embedding_.data(), 1, static_cast<index_t>(embedding_.size())}};
}

}  // namespace cli
