#pragma once
// All metrics in one include. Beside the core's scorecam.hpp, not part of it.
#include <scorecam/metrics/adcc.hpp>
#include <scorecam/metrics/confidence.hpp>
#include <scorecam/metrics/insertion_deletion.hpp>
#include <scorecam/metrics/localisation.hpp>
#include <scorecam/metrics/names.hpp>
#include <scorecam/metrics/objects.hpp>
#include <scorecam/metrics/sanity.hpp>
#include <scorecam/metrics/summary.hpp>
