// The caller's environment, of which there is one in a process: a program of its own.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/onnxruntime/network.hpp>

#include "engines/recorded.hpp"

using namespace engines;
namespace so = scorecam::onnxruntime;

TEST_CASE("what ONNX Runtime logs about a network is heard in the caller's environment")
{
    std::vector<std::string> heard;
    auto const hear = [](void* to, OrtLoggingLevel, char const*, char const*, char const*, char const* message) {
        static_cast<std::vector<std::string>*>(to)->emplace_back(message);
    };
    Ort::Env own{ORT_LOGGING_LEVEL_VERBOSE, "caller", hear, &heard};
    so::settings<> how;
    how.environment = &own;
    so::network network{file_of("plain"), plain_input, {}, std::move(how)};
    CHECK(heard.size() > 10);
    CHECK(deviation(network.forward(recorded<4>("plain", "input").view()), recorded<2>("plain", "output")) < tolerance);
}
