#pragma once
// The whole core in one include.
#include <scorecam/backend.hpp>
#include <scorecam/conventions.hpp>
#include <scorecam/error.hpp>
#include <scorecam/explain.hpp>
#include <scorecam/explanation.hpp>
#include <scorecam/policies/fusion.hpp>
#include <scorecam/explain_layers.hpp>
#include <scorecam/make_model.hpp>
#include <scorecam/model.hpp>
#include <scorecam/policies/registry.hpp>
#include <scorecam/reference.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/version.hpp>
