#pragma once
// What every backend promises, as assertions of doctest.
#include <scorecam/testing/backend_findings.hpp>
#include <scorecam/testing/checks.hpp>

namespace scorecam::testing {

/// Checks, inside a doctest test case, what a backend promises: backend_findings has none. A failed check is named by the
/// promise it is about.
template <class Backend>
void check_backend_conformance(Backend& on)
{
    report([&](announcement const& announce) { return backend_findings(on, announce); });
}

/// The same for batches of images of elements U, made from images of T: batch_findings has none.
template <class U, class T = float, class Backend>
void check_batches_of(Backend& on)
{
    report([&](announcement const& announce) { return batch_findings<U, T>(on, announce); });
}

}  // namespace scorecam::testing
