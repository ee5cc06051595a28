#pragma once
// What each public Score-CAM computes, as a composition of policies. A policy given beside a convention overrides its part:
// explain(cpu, model, image, conventions::torch_cam{}, probability{}).
#include <cstdint>
#include <tuple>
#include <variant>

#include <scorecam/policies/by_cell.hpp>
#include <scorecam/policies/fields.hpp>
#include <scorecam/policies/fitted.hpp>
#include <scorecam/policies/hiding.hpp>
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

/// RISE with scores less their mean: the ReLU then cuts off places that speak against the class rather than none.
struct rise_centred {
    using kind                        = kinds::convention;
    static constexpr char const* name = "rise_centred";
    random_grids masks{};
    [[nodiscard]] auto policies() const { return rise{masks}.policies().with(centred_weights{}); }
};

/// Occlusion, Zeiler and Fergus 2014, as captum.attr.Occlusion: the mean drop of the score under the black patches that hide
/// a place.
struct occlusion {
    using kind                        = kinds::convention;
    static constexpr char const* name = "occlusion";
    patches masks{};
    [[nodiscard]] auto policies() const
    {
        return official{}.policies().with(masks, estimate::weighted_mean, baseline{unmasked{}}, drop_weights{});
    }
};

/// HSIC attribution, Novello et al. 2022 (arXiv:2206.06219): how much a cell of random grids has to do with the score.
struct hsic {
    using kind                        = kinds::convention;
    static constexpr char const* name = "hsic";
    random_grids masks{.number = 500, .cells = 8, .shifts = grid_shifts::none};
    [[nodiscard]] auto policies() const { return official{}.policies().with(masks, scorecam::hsic{}); }
};

/// SS-CAM, Wang et al. 2020 (arXiv:2006.14255), over activations: the score of a channel is the mean under 35 masks with
/// noise. The noise is added before enlarging.
struct ss_cam {
    using kind                        = kinds::convention;
    static constexpr char const* name = "ss_cam";
    noisy_activations masks{};
    [[nodiscard]] auto policies() const { return paper{}.policies().with(masks); }
};

/// IS-CAM, Naidu et al. 2020 (arXiv:2010.03023): the score of a channel is the mean under its mask times n/10, n = 1 ... 10.
struct is_cam {
    using kind                        = kinds::convention;
    static constexpr char const* name = "is_cam";
    scaled_activations masks{};
    [[nodiscard]] auto policies() const { return paper{}.policies().with(masks); }
};

/// frgfm/torch-cam's IS-CAM, methods/activation.py, whose mask's coefficient accumulates: 0.1, 0.3, 0.6 ... 5.5.
struct torch_cam_is_cam {
    using kind                        = kinds::convention;
    static constexpr char const* name = "torch_cam_is_cam";
    [[nodiscard]] auto policies() const
    {
        return torch_cam{}.policies().with(scaled_activations{.steps = step_rule::accumulated});
    }
};

/// Recipro-CAM, Byun and Lee 2022 (arXiv:2209.14074): the probability with one cell of the activations alone, in each cell.
/// For models with resume(activations), one run of the tail for each cell. The window is the cell, as in the authors' code;
/// their Gaussian one repeats the cell's features beside it, the paper's, which is here, weighs what is there.
struct recipro_cam {
    using kind                        = kinds::convention;
    static constexpr char const* name = "recipro_cam";
    cell_window window                = cell_window::one;
    [[nodiscard]] auto policies() const
    {
        return official{}.policies().with(
            single_cells{window}, place::tap, weights_in_place{},
            heatmap_rule{.relu = step_at::activation, .activation_scale = scaling::min_max, .scale = scaling::none});
    }
};

/// Ablation-CAM, Ramaswamy and Desai 2020: Σ_k (y - y_k)/y A_k for the logits y of the image and y_k without channel k, one
/// run of the tail for each. For models with resume(activations).
struct ablation_cam {
    using kind                        = kinds::convention;
    static constexpr char const* name = "ablation_cam";
    [[nodiscard]] auto policies() const
    {
        return official{}.policies().with(logit{}, channel_ablation{}, place::tap, baseline{unmasked{}},
                                          relative_drop_weights{}, heatmap_rule{.relu = step_at::activation});
    }
};

/// jacobgil/pytorch-grad-cam, ablation_cam.py, for activations whose minimum is 0, as behind a ReLU.
struct pytorch_grad_cam_ablation {
    using kind                        = kinds::convention;
    static constexpr char const* name = "pytorch_grad_cam_ablation";
    [[nodiscard]] auto policies() const
    {
        return pytorch_grad_cam{}.policies().with(channel_ablation{}, place::tap, baseline{unmasked{}},
                                                  relative_drop_weights{});
    }
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
using relatives = std::tuple<fitted, rise, rise_centred, occlusion, hsic, ss_cam, is_cam, torch_cam_is_cam, recipro_cam,
                             ablation_cam, pytorch_grad_cam_ablation>;

}  // namespace scorecam::conventions
