// What cannot be used is refused in one line, with what to pass instead, and nothing is written past the caller.
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <unistd.h>

#include <doctest/doctest.h>

#include <scorecam/error.hpp>

#include "engines/recorded.hpp"
#include "engines/tested.hpp"

using namespace engines;

namespace {

/// What is written to stdout and stderr, by whomever, while one of these lives.
class overheard {
public:
    overheard()
    {
        std::fflush(nullptr);
        dup2(fileno(file_), 1);
        dup2(fileno(file_), 2);
    }
    overheard(overheard const&)            = delete;
    overheard& operator=(overheard const&) = delete;
    ~overheard()
    {
        stop();
        close(out_);
        close(err_);
        std::fclose(file_);
    }
    [[nodiscard]] std::string text()
    {
        stop();
        std::string all;
        std::rewind(file_);
        for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) { all += static_cast<char>(c); }
        return all;
    }

private:
    void stop()
    {
        std::fflush(nullptr);
        dup2(out_, 1);
        dup2(err_, 2);
    }
    std::FILE* file_ = std::tmpfile();
    int out_         = dup(1);
    int err_         = dup(2);
};

std::string scratch(std::string const& name, std::string const& bytes)
{
    std::string const file = std::string{SCORECAM_SCRATCH_DIR} + "/" + name;
    std::ofstream{file, std::ios::binary} << bytes;
    return file;
}
std::string bytes_of(std::string const& file)
{
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// Checks that it is refused with a model_error of one line that holds each of the texts; and silently.
template <class Engine, class Load>
void refuses(std::string const& what, Load const& load, std::vector<std::string> const& texts, bool with_advice = true)
{
    CAPTURE(what);
    std::string said, written, other;
    {
        overheard listening;
        try {
            static_cast<void>(load());
        } catch (sc::model_error const& e) {
            said = e.what();
        } catch (std::exception const& e) {
            other = e.what();
        }
        written = listening.text();
    }
    CAPTURE(said);
    CHECK(written == "");
    CHECK(other == "");
    CHECK(said != "");
    CHECK(said.find('\n') == std::string::npos);
    if (!Engine::advises) { return; }
    for (auto const& text : texts) { CHECK(said.find(text) != std::string::npos); }
    bool advice = !with_advice;
    for (std::string const verb : {"; pass ", "; give ", "; name ", "; export ", "; convert ", "layers are: "}) {
        advice = advice || said.find(verb) != std::string::npos;
    }
    CHECK_MESSAGE(advice, "it does not say what to pass instead");
}

}  // namespace

TEST_CASE_TEMPLATE("what is heard is what is written", Engine, tested)  // or the tests below would prove nothing
{
    std::string written;
    {
        overheard listening;
        std::fputs("to stdout, ", stdout);
        std::fflush(stdout);
        CHECK(write(2, "to stderr", 9) == 9);
        written = listening.text();
    }
    CHECK(written == "to stdout, to stderr");
}

TEST_CASE_TEMPLATE("files that are no networks", Engine, tested)
{
    auto const whole = bytes_of(file_of("plain"));
    auto const load  = [](std::string const& file) { return [file] { return Engine::make(file, plain_input); }; };
    refuses<Engine>("no such file", load("no/such.onnx"), {"no/such.onnx", "; pass the name of an ONNX"});
    refuses<Engine>("a folder", load(SCORECAM_SCRATCH_DIR), {SCORECAM_SCRATCH_DIR, "; pass the name of an ONNX"});
    refuses<Engine>("an empty file", load(scratch("empty.onnx", "")), {"empty.onnx", "; pass the name of an ONNX"});
    refuses<Engine>("a text", load(scratch("text.onnx", "this is a text, and no network at all\n")), {"text.onnx"});
    refuses<Engine>("a text of another name", load(scratch("text.txt", "this is a text, and no network at all\n")),
                    {"text.txt"});
    refuses<Engine>("an array", load(files::own("tests/engines/networks/plain.input.npy")), {"plain.input.npy"});
    for (std::size_t const size : {whole.size() - 1, whole.size() / 2, std::size_t{100}}) {
        CAPTURE(size);
        refuses<Engine>("half a file", load(scratch("half.onnx", whole.substr(0, size))), {"half.onnx"});
    }
}

TEST_CASE_TEMPLATE("a network with an operator that nobody knows", Engine, tested)  // here the engine itself complains
{
    auto bytes = bytes_of(file_of("plain"));
    std::string const known{"GlobalAveragePool"}, unknown{"GlobalAverageFool"};
    for (auto at = bytes.find(known); at != std::string::npos; at = bytes.find(known)) {
        bytes.replace(at, known.size(), unknown);
    }
    auto const file = scratch("unknown.onnx", bytes);
    refuses<Engine>(
        "an operator", [file] { return Engine::make(file, plain_input); }, {"unknown.onnx", " says: ", unknown}, false);
}

TEST_CASE_TEMPLATE("inputs of another size or with other channels", Engine, tested)
{
    auto const load = [](sc::image_shape input) { return [input] { return Engine::make(file_of("residual"), input); }; };
    refuses<Engine>("size", load({3, 8, 12}), {"residual.onnx", "(3, 8, 12)", "(n, 3, 8, 8)"});
    refuses<Engine>("channels", load({2, 8, 8}), {"residual.onnx", "(2, 8, 8)", "(n, 3, 8, 8)"});
    refuses<Engine>("height and width for a signal",
                    [] { return Engine::make(file_of("signal"), sc::image_shape{3, 20, 1}); },
                    {"signal.onnx", "(3, 20, 1)", "(n, 3, 20)"});

    auto network = Engine::make(file_of("residual"), residual_input);
    sc::tensor<float, 4> const other{sc::extents<4>{2, 4, 8, 8}};
    CHECK_THROWS_AS(static_cast<void>(network.forward(other.view())), sc::error);
    auto const images = recorded<4>("residual", "input");  // and it works on
    CHECK(deviation(network.forward(images.view()), recorded<2>("residual", "output")) < tolerance);
}

TEST_CASE_TEMPLATE("layers that are not there, or named twice", Engine, tested)
{
    auto const load = [](std::vector<std::string> const& layers) {
        return [layers] { return Engine::make(file_of("plain"), plain_input, layers); };
    };
    refuses<Engine>("unknown", load({"/third/Conv"}), {"/third/Conv", "/second/Conv", "/relu/Relu"});
    refuses<Engine>("twice", load({"/relu/Relu", "/second/Conv", "/relu/Relu"}), {"/relu/Relu", "twice"});
    refuses<Engine>("without places", load({"/mean/GlobalAveragePool"}), {"/mean/GlobalAveragePool"});
}

TEST_CASE_TEMPLATE("inputs and outputs that are not those of a classifier of images", Engine, tested)
{
    auto const load = [](std::string const& network) {
        return [network] { return Engine::make(file_of(network), plain_input); };
    };
    refuses<Engine>("several inputs", load("two_inputs"), {"two_inputs.onnx", "image", "other"});
    refuses<Engine>("no scores", load("no_scores"), {"no_scores.onnx", "features (", "8, 6, 5)", "(n, classes)"});
    refuses<Engine>("two scores", load("two_scores"), {"two_scores.onnx", "logits (", "probabilities (", "(n, classes)"});
    if (Engine::looks_at_types) {
        refuses<Engine>("float64", load("doubles"), {"doubles.onnx", "input", "float32"});
        refuses<Engine>("integers", load("integers"), {"integers.onnx", "input", "float32"});
    }
}
