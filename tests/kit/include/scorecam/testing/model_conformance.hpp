#pragma once
// What every model promises that a compiler cannot see, as assertions of doctest: five lines test an adapter of your own.
#include <scorecam/testing/checks.hpp>
#include <scorecam/testing/model_findings.hpp>

namespace scorecam::testing {

/// Checks, inside a doctest test case, that a model keeps the promises of the concept `model`: model_findings has none. A
/// failed check is named by its promise. The model and the backend live in the same memory, on the host or on a device.
template <class Backend, class Model>
void check_model_conformance(Backend& on, Model& model, model_options const& options = {})
{
    report([&](announcement const& announce) { return model_findings(on, model, options, announce); });
}

}  // namespace scorecam::testing
