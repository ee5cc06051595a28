#pragma once
// What is asked about one picture of a network that answers with boxes, segments or embeddings.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <opencv2/core.hpp>

#include <scorecam/model_outputs.hpp>
#include <scorecam/opencv/preprocessing.hpp>
#include <scorecam/scores/boxes.hpp>
#include <scorecam/scores/embeddings.hpp>
#include <scorecam/scores/regions.hpp>

#include "maps/labels.hpp"
#include "maps/options.hpp"

namespace cli {

using answer_score = std::variant<sc::box_score<float>, sc::region_score<float>, sc::cosine_to<float>>;

/// One question, as it is told and drawn.
struct question {
    std::string name;  ///< of its files: "0", the number of a detection or a class
    std::string text;  ///< "detection 0 cat, score 0.91"
    std::optional<sc::index_t> class_index{};
    std::optional<float> score{};     ///< what the network says of it
    std::optional<cv::Rect2d> box{};  ///< in pixels of the picture
    cv::Mat region{};                 ///< of the outputs' cells, 8-bit, 0 outside
};

/// The questions that the options ask about a picture, given the network's answer to it. Throws option_error or target_error
/// with what may be written instead.
class questions {
public:
    questions(explain_options const& options, labels const& names, sc::model_outputs<float> const& answer, cv::Size picture,
              sc::opencv::preprocessing const& how);
    questions(questions const&)            = delete;  // the score refers to it
    questions& operator=(questions const&) = delete;

    [[nodiscard]] std::vector<question> const& all() const { return all_; }
    /// Of all of them, in that order. It refers to this.
    [[nodiscard]] answer_score score() const;
    /// What one should know.
    [[nodiscard]] std::vector<std::string> const& notes() const { return notes_; }

private:
    void of_boxes(labels const& names, sc::ops::row<float> answer, cv::Size picture, sc::opencv::preprocessing const& how);
    void of_regions(labels const& names, sc::ops::row<float> answer, cv::Size picture, sc::opencv::preprocessing const& how);
    void of_embedding(sc::ops::row<float> answer);

    explain_options const& options_;
    std::vector<question> all_;
    std::vector<std::string> notes_;

    std::vector<sc::asked_box<float>> boxes_;
    sc::ops::detection_layout layout_{};
    std::vector<unsigned char> regions_;  // (Q, h, w)
    std::vector<sc::index_t> classes_;
    sc::extents<2> cells_{};
    sc::cell_values cell_values_{};
    std::vector<float> embedding_;
};

/// The layout that "--boxes" names: xywh, xyxy, ltwh or yxyx, and "+objectness". Nothing of another text.
[[nodiscard]] std::optional<sc::ops::detection_layout> detection_layout_of(std::string const& text);

}  // namespace cli
