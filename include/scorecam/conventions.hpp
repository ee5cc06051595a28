#pragma once
// What each public Score-CAM computes, as a composition of policies. A policy given beside a convention overrides its part:
// explain(cpu, model, image, conventions::torch_cam{}, probability{}).
#include <cstdint>
#include <tuple>
#include <variant>

#include <scorecam/policies/fields.hpp>
#include <scorecam/policies/fitted.hpp>
#include <scorecam/policies/registry.hpp>

namespace scorecam::conventions {

/// haofanwang/Score-CAM, cam/scorecam.py, the authors' code: these are also the library's defaults.
struct official {
    using kind                        = kinds::convention;
    static constexpr char const* name = "official";
    [[nodiscard]] auto policies() const
    {
        return composed{probability{}, no_baseline{},        raw_weights{}, flat_channels::skipped,
                        mask_rule{},   summand::activations, heatmap_rule{}};
    }
};

/// Definition 5 of the paper (Eq. 1), X_b = 0. The paper has f both as the logit and as the probability; this is the latter.
struct paper {
    using kind                        = kinds::convention;
    static constexpr char const* name = "paper";
    [[nodiscard]] auto policies() const { return official{}.policies().with(baseline{black{}}); }
};

/// Algorithm 1 of the paper: softmax over the channels' logits, where X_b cancels.
struct paper_algorithm_1 {
    using kind                        = kinds::convention;
    static constexpr char const* name = "paper_algorithm_1";
    [[nodiscard]] auto policies() const
    {
        return official{}.policies().with(logit{}, baseline{black{}}, softmax_weights{}, flat_channels::scored);
    }
};

/// frgfm/torch-cam from 0.4.0 on, methods/activation.py and core.py. It leaves enlarging to its caller; here the map has the
/// input's size unless a heatmap_rule with step_at::activation asks for torch-cam's own.
struct torch_cam {
    using kind                        = kinds::convention;
    static constexpr char const* name = "torch_cam";
    static constexpr heatmap_rule shown{.relu               = step_at::activation,
                                        .activation_scale   = scaling::min_max,
                                        .activation_epsilon = 1e-8,
                                        .scale              = scaling::none};
    [[nodiscard]] auto policies() const
    {
        return composed{logit{},
                        baseline{unmasked{}},
                        softmax_weights{},
                        flat_channels::scored,
                        mask_rule{.extrema = extrema_of::activation, .epsilon = 1e-8},
                        summand::activations,
                        shown};
    }
};

/// frgfm/torch-cam 0.3.2: no epsilon, and the normalised activations are summed.
struct torch_cam_0_3_2 {
    using kind                        = kinds::convention;
    static constexpr char const* name = "torch_cam_0_3_2";
    [[nodiscard]] auto policies() const
    {
        auto shown               = torch_cam::shown;
        shown.activation_epsilon = 0;
        return torch_cam{}.policies().with(mask_rule{.extrema = extrema_of::activation}, summand::masks, shown);
    }
};

/// frgfm/torch-cam up to 0.3.1: the same with probabilities as weights.
struct torch_cam_0_3_1 {
    using kind                        = kinds::convention;
    static constexpr char const* name = "torch_cam_0_3_1";
    [[nodiscard]] auto policies() const
    {
        return torch_cam_0_3_2{}.policies().with(probability{}, no_baseline{}, raw_weights{});
    }
};

/// jacobgil/pytorch-grad-cam, score_cam.py and base_cam.py, with its default target, the logit.
struct pytorch_grad_cam {
    using kind                        = kinds::convention;
    static constexpr char const* name = "pytorch_grad_cam";
    [[nodiscard]] auto policies() const
    {
        return composed{logit{},
                        no_baseline{},
                        softmax_weights{},
                        flat_channels::scored,
                        mask_rule{.axis = axis_rule::align_corners, .epsilon = 1e-8},
                        summand::activations,
                        heatmap_rule{.relu               = step_at::activation,
                                     .activation_scale   = scaling::min_max,
                                     .activation_epsilon = 1e-7,
                                     .epsilon            = 1e-7}};
    }
};

/// The same with ClassifierOutputSoftmaxTarget.
struct pytorch_grad_cam_probability {
    using kind                        = kinds::convention;
    static constexpr char const* name = "pytorch_grad_cam_probability";
    [[nodiscard]] auto policies() const { return pytorch_grad_cam{}.policies().with(probability{}); }
};

/// keisen/tf-keras-vis, scorecam.py; with max_n, Faster-Score-CAM.
struct tf_keras_vis {
    using kind                        = kinds::convention;
    static constexpr char const* name = "tf_keras_vis";
    index_t max_n                     = 0;  ///< how many channels are scored, 0 for all
    [[nodiscard]] auto policies() const
    {
        using choice = std::variant<all_channels, largest_deviation>;
        return composed{probability{},
                        no_baseline{},
                        raw_weights{},
                        flat_channels::scored,
                        max_n == 0 ? choice{all_channels{}} : choice{largest_deviation{max_n}},
                        unscored_channels::dropped,
                        mask_rule{.axis = axis_rule::align_corners, .epsilon = 1e-7},
                        summand::activations,
                        heatmap_rule{.relu = step_at::activation, .axis = axis_rule::align_corners, .epsilon = 1e-7}};
    }
};

/// wofmanaf/Group-CAM, cam/groupcam.py, without the gradients its groups are weighted with and without the threshold of its
/// later versions: groups of channels, blurred background and baseline.
struct group_cam {
    using kind                        = kinds::convention;
    static constexpr char const* name = "group_cam";
    index_t groups                    = 32;
    [[nodiscard]] auto policies() const
    {
        blurred const picture{.sigma = 50, .radius = 25};  // GaussianBlur2d((51, 51), (50, 50))
        return official{}.policies().with(channel_groups{groups}, baseline{picture}, background<blurred>{picture},
                                          relu_weights{}, summand::masks);
    }
};

/// No scoring at all: every channel counts the same. What the scores of the others have to beat.
struct uniform {
    using kind                        = kinds::convention;
    static constexpr char const* name = "uniform";
    [[nodiscard]] auto policies() const { return official{}.policies().with(uniform_weights{}); }
};

/// RISE, Petsiuk et al. 2018 (eclique/RISE): random grids as masks, and the mean of the scores under those that show a
/// place. It needs no activations. Not among `all`: thousands of forwards, and no Score-CAM.
struct rise {
    using kind                        = kinds::convention;
    static constexpr char const* name = "rise";
    random_grids masks{};
    [[nodiscard]] auto policies() const { return official{}.policies().with(masks, estimate::weighted_mean); }
};

/// A map fitted to the answers of so many random smooth masks: more faithful than Score-CAM's hundreds of forwards on
/// photos, and any classes from the same ones. This library's own. With `cells` it needs no activations. Not among `all`: no
/// Score-CAM.
struct fitted {
    using kind                        = kinds::convention;
    static constexpr char const* name = "fitted";
    index_t masks                     = 128;  ///< 64 for a preview
    fitted_part part                  = fitted_part::both;
    index_t cells                     = 0;  ///< of a mask along the image's longest side; 0: as many as the activations have
    std::uint64_t seed                = 7;
    [[nodiscard]] auto policies() const
    {
        return official{}.policies().with(random_fields{masks, cells, seed}, scorecam::fitted{.part = part});
    }
};

/// All kinds of Score-CAM, for tables and for choosing by name.
using all = std::tuple<official, paper, paper_algorithm_1, torch_cam, torch_cam_0_3_2, torch_cam_0_3_1, pytorch_grad_cam,
                       pytorch_grad_cam_probability, tf_keras_vis, group_cam, uniform>;

/// Relatives of Score-CAM, by their names.
using relatives = std::tuple<rise, fitted>;

}  // namespace scorecam::conventions
