// A session of an engine that the program owns and uses anyway, explained in place: here OpenCV's. An adapter of the library
// would find names and shapes out by itself (see examples/explain_a_photo); this is what it takes without one.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <opencv2/dnn.hpp>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/opencv/images.hpp>
#include <scorecam/scorecam.hpp>

int main(int argc, char** argv)
{
    std::string const drawings = argc > 1 ? argv[1] : "examples/drawings";
    cv::dnn::Net session       = cv::dnn::readNet(drawings + "/drawings.onnx");

    auto const input = [&](scorecam::tensor_view<float const, 4> batch) {
        int const shape[] = {static_cast<int>(batch.extent(0)), 3, 96, 96};
        session.setInput(cv::Mat(4, shape, CV_32F, const_cast<float*>(batch.data())));
    };
    cv::Mat logits;
    std::vector<cv::Mat> seen;
    auto model = scorecam::make_model(
        scorecam::image_shape{3, 96, 96},
        [&](scorecam::tensor_view<float const, 4> batch) {
            input(batch);
            logits = session.forward("logits");
            return scorecam::tensor_view<float const, 2>{logits.ptr<float>(), batch.extent(0), 8};
        },
        [&](scorecam::tensor_view<float const, 4> batch) {
            input(batch);
            session.forward(seen, std::vector<cv::String>{"logits", "onnx_node!/features/relu5/Relu"});
            return std::pair{scorecam::tensor_view<float const, 2>{seen[0].ptr<float>(), batch.extent(0), 8},
                             scorecam::tensor_view<float const, 4>{seen[1].ptr<float>(), batch.extent(0), 64, 12, 12}};
        });

    auto how  = scorecam::opencv::imagenet_tf();
    how.width = how.height = 96;
    auto const picture     = scorecam::opencv::read_image(drawings + "/samples/plain_star.png");
    auto const image       = scorecam::opencv::prepare(picture, how);
    scorecam::cpu::backend cpu;
    auto const found = scorecam::explain(cpu, model, image.view());
    std::printf("class %td from %td forwards\n", found.targets(0, 0), found.forwards);
}
