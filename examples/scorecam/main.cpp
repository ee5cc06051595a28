#include <cstdint>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <iostream>
#include <limits>
#include <new>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include <scorecam/cpu/workers.hpp>
#include <scorecam/error.hpp>
#include <scorecam/version.hpp>

#include "commands/commands.hpp"
#include "evaluate/protocols.hpp"
#include "maps/network.hpp"
#include "report/terminal.hpp"

namespace {

namespace text = scorecam::text;

/// Refuses what the form does not read, with what may be written instead.
template <class T>
CLI::Validator written_as(text::form<T> how)
{
    auto const check = [how](std::string const& written) {
        return how.read(written) ? std::string{} : written + ": write " + text::listed(how);
    };
    return CLI::Validator{check, text::listed(how)};
}
/// What a choice may be, or that the network's outputs say it.
std::vector<std::string> with_auto(std::vector<std::string> names)
{
    names.insert(names.begin(), "auto");
    return names;
}
/// One of the names.
CLI::Validator one_of(std::vector<std::string> names)
{
    std::vector<std::pair<std::string, std::string>> words;
    for (auto const& name : names) { words.emplace_back(name, name); }
    return written_as(text::words(words));
}

void add_network_options(CLI::App& command, cli::model_options& options)
{
    command.add_option("MODEL", options.model, "The network: an ONNX file, or Caffe or TensorFlow weights")
        ->required()
        ->check(CLI::ExistingFile);
    command.add_option("--engine", options.engine, "What runs the network; auto: the fastest engine that can")
        ->check(one_of(with_auto(cli::engine_names())))
        ->capture_default_str();
    command.add_option("--output-name", options.output_name,
                       "Of several outputs, the one with the classes; of a TorchScript network its number");
    command
        .add_option("--constant", options.constants,
                    "NAME=NUMBER or NAME=FILE.npy: the value of an input beside the picture; may be repeated")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command.add_option("--tokens", options.tokens,
                       "Of a vision transformer: the grid of its tokens, such as 14x14+1 with a class token before them");
    command.add_option("--description", options.description, "The description of a Caffe or TensorFlow network")
        ->check(CLI::ExistingFile);
    command.add_option("--preset", options.preset, "How pictures are prepared")
        ->check(one_of({"imagenet-torch", "imagenet-tf", "cifar", "mnist"}))
        ->capture_default_str();
    command.add_option("--size", options.size, "Input size, N or HEIGHTxWIDTH, if not the network's own or the preset's");
    command
        .add_option("--fit", options.fit,
                    "How pictures of another aspect ratio are fitted; crop, or letterbox for detectors, if not given")
        ->check(one_of({"crop", "stretch", "letterbox"}));
    command.add_option("--mean", options.mean, "Means to subtract after --scale, one or R,G,B")
        ->check(written_as(text::number("MEAN", -1e6, 1e6)))
        ->delimiter(',')
        ->allow_extra_args(false);
    command.add_option("--std", options.std, "Deviations to divide by, one or R,G,B")
        ->check(written_as(text::above("DEVIATION", 0, 1e6)))
        ->delimiter(',')
        ->allow_extra_args(false);
    command.add_option("--scale", options.scale, "Factor for 8-bit pixels, e.g. 0.00392157")
        ->check(written_as(text::above("FACTOR", 0, 1e6)));
    command.add_flag("--bgr", options.bgr, "The network takes blue first");
}

void add_task_option(CLI::App& command, cli::model_options& options)
{
    command.add_option("--task", options.task, "What the network answers with")
        ->check(one_of({"classification", "regression", "detection", "segmentation", "embedding"}))
        ->capture_default_str()
        ->group("Networks that answer with more than classes");
}

void add_model_options(CLI::App& command, cli::model_options& options)
{
    add_network_options(command, options);
    command.add_option("--precision", options.precision, "What the engine computes in, where it offers a choice")
        ->check(one_of({"float32", "bfloat16"}))
        ->capture_default_str();
    command.add_option("--threads", options.threads, "Threads, 0 for all of the machine")
        ->check(written_as(text::number("N", 0, scorecam::cpu::workers::hardware_threads())))
        ->capture_default_str();
}

/// An option for a line of the table.
CLI::Option* add_choice(CLI::App& command, cli::explain_options& options, text::choice const& line)
{
    auto const choose = [&options, &line](std::string const& written) { options.chosen.emplace_back(line.name, written); };
    auto const values =
        line.values() + (line.name == "score" ? "; auto: as they are if they are probabilities already" : "");
    auto* const added = command.add_option_function<std::string>("--" + line.name, choose, line.help + ": " + values);
    if (line.part == text::part::execution) { added->default_str(line.text({}).value_or("")); }
    return added;
}
CLI::Option* add_choice(CLI::App& command, cli::explain_options& options, char const* name)
{
    return add_choice(command, options, *text::find_choice(name));
}

void add_layer_options(CLI::App& command, cli::explain_options& options)
{
    command
        .add_option(
            "--layer", options.layers,
            "The layer to explain, see 'scorecam layers', which says what is taken by default; if repeated, the maps of "
            "all are fused")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add_choice(command, options, "fuse");
}

void add_target_options(CLI::App& command, cli::explain_options& options)
{
    command.add_option("--target", options.targets, "Class number, class name, top or topN; may be repeated")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->capture_default_str();
    command.add_option("--labels", options.labels, "Class names, one a line")->check(CLI::ExistingFile);
}

void add_convention_option(CLI::App& command, cli::explain_options& options, std::string const& help)
{
    command.add_option("--convention", options.convention, help)
        ->check(one_of(text::conventions_by_name().spellings))
        ->capture_default_str();
}

void add_explain_options(CLI::App& command, cli::explain_options& options)
{
    add_model_options(command, options);
    command.add_option("IMAGE", options.images, "Pictures to explain")->required();
    add_layer_options(command, options);
    add_target_options(command, options);
    add_convention_option(
        command, options,
        "Whose Score-CAM, or which relative of it; single steps may be chosen beside it. To reproduce a paper: official, "
        "paper or a library's; most faithful on photos, and without a layer: fitted");
    for (auto const& line : text::choices()) {
        if (line.part == text::part::method) {
            add_choice(command, options, line)->group("Steps, as the convention has them if not given");
        }
    }
    add_choice(command, options, "memory")->excludes(add_choice(command, options, "batch"));
    add_choice(command, options, "concurrency");
    auto* const budget = command
                             .add_option("--budget", options.budget,
                                         "Score so many channels only; the others are imputed, and the map's error is told")
                             ->check(written_as(text::count()));
    command
        .add_option("--tolerance", options.tolerance,
                    "Score as many channels as it takes for a predicted error of the map below this, such as 0.05")
        ->check(written_as(cli::tolerances()))
        ->excludes(budget);
    command
        .add_option("--forwards", options.forwards,
                    "Draw so many masks, of conventions that draw them: 64 for a preview with fitted, which has 128")
        ->check(written_as(text::number("N", 1, 1'000'000)))
        ->excludes(budget);
    command.add_flag(
        "--significant", options.significant,
        "With fitted: show in overlays only cells whose evidence is more than twice its error; the rest is grey");
    add_task_option(command, options);
    auto const number = text::number("N", -1e6, 1e6);
    command
        .add_option("--boxes", options.boxes,
                    "Of a detector: what the four numbers of a box are, if it does not look like it: xywh (of the middle), "
                    "xyxy, ltwh or yxyx; "
                    "xywh+objectness with a fifth")
        ->check(one_of(
            {"xywh", "xyxy", "ltwh", "yxyx", "xywh+objectness", "xyxy+objectness", "ltwh+objectness", "yxyx+objectness"}))
        ->group("Networks that answer with more than classes");
    command.add_option("--box", options.box, "Of a detector: the box that is asked about, x,y,width,height in the picture")
        ->check(written_as(number))
        ->delimiter(',')
        ->expected(4)
        ->allow_extra_args(false)
        ->group("Networks that answer with more than classes");
    command.add_option("--at", options.at, "Of a segmenter: the place that is asked about, x,y in the picture")
        ->check(written_as(number))
        ->delimiter(',')
        ->expected(2)
        ->allow_extra_args(false)
        ->group("Networks that answer with more than classes");
    command
        .add_option("--reference", options.reference,
                    "Of an embedding: a picture, or an embedding in a .npy file, to be like")
        ->check(CLI::ExistingFile)
        ->group("Networks that answer with more than classes");
    command
        .add_option("--boxes-of-map", options.objects,
                    "Tell the boxes and outlines of where a map is above this share of its maximum, or above Otsu's "
                    "threshold: T or otsu")
        ->check(CLI::Validator{[](std::string const& written) {
                                   bool const fine = written == "otsu" || text::above("T", 0, 1).read(written);
                                   return fine ? std::string{} : written + ": write otsu, or T above 0 and up to 1";
                               },
                               "otsu or T"});
    command
        .add_option("--map-size", options.map_size, "The size of the maps in .npy files; NaN where the network did not look")
        ->check(one_of({"input", "picture"}))
        ->capture_default_str();
    command.add_option("--output", options.output, "Folder for the results")->capture_default_str();
    command.add_flag("--panel", options.panel, "Also write NAME.panel.png: the picture and all its overlays side by side");
}

void add_compare_options(CLI::App& command, cli::compare_options& options)
{
    add_model_options(command, options);
    command.add_option("IMAGE", options.images, "Pictures to compare on")->required();
    add_layer_options(command, options);
    add_target_options(command, options);
    add_choice(command, options, "concurrency");
    command
        .add_option("--composition", options.compositions,
                    "A convention, and steps beside it: official,channels=deviation:64; may be repeated; all conventions if "
                    "not given")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command.add_option("--json", options.json, "Also write the table, with every step, to this file");
    command.add_option("--panel", options.panel_file, "Also write all maps as one picture: a row per picture");
    command.add_flag("--maps-only", options.maps_only, "In the panel, the maps alone instead of laid over the pictures");
}

/// Each list of --option VALUE, which may be repeated or separated by commas, goes into one of texts.
void add_list(CLI::App& command, std::string const& name, std::vector<std::string>& texts, std::string const& prefix,
              CLI::Validator const& valid, std::string const& help)
{
    auto const add = [&texts, prefix](std::vector<std::string> const& values) {
        for (auto const& value : values) { texts.push_back(prefix + value); }
    };
    command.add_option_function<std::vector<std::string>>(name, add, help)
        ->check(valid)
        ->delimiter(',')
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->group("What is varied");
}

void add_bench_options(CLI::App& command, cli::bench_options& options)
{
    add_network_options(command, options);
    command.add_option("IMAGE", options.images, "The picture to explain; without one, a picture is drawn")->expected(0, 1);
    add_layer_options(command, options);
    add_target_options(command, options);
    add_convention_option(command, options, "Whose Score-CAM");
    auto const whole = written_as(text::count());
    auto const share = written_as(cli::tolerances());
    CLI::Validator const any;
    add_list(command, "--batch", options.lists.batches, "batch:", any, "As in scorecam explain");
    add_list(command, "--memory", options.lists.batches, "memory:", any,
             "As in scorecam explain, beside the values of --batch");
    add_list(command, "--threads", options.lists.threads, "", any, "Threads, a number or all");
    add_list(command, "--concurrency", options.lists.concurrency, "", any, "As in scorecam explain, a number or all");
    add_list(command, "--precision", options.lists.precisions, "", one_of({"float32", "bfloat16"}),
             "As in scorecam explain");
    add_list(command, "--budget", options.lists.budgets, "forwards:", whole, "Score so many channels, impute the others");
    add_list(command, "--tolerance", options.lists.budgets, "tolerance:", share,
             "Score as many channels as it takes for a predicted error below this");
    add_list(command, "--top-channels", options.lists.budgets, "deviation:", whole,
             "Score the channels with the largest deviation only, and drop the others (Faster-Score-CAM)");
    command.add_option("--rounds", options.rounds, "Times that each case is measured, at most")
        ->check(written_as(text::number("N", 1, 100'000)))
        ->capture_default_str();
    command.add_option("--seconds", options.seconds, "Start no further round that would not end within this time")
        ->check(written_as(text::number("SECONDS", 0.0, 1e6)))
        ->capture_default_str();
    command.add_option("--json", options.json, "Also write all that was measured to this file");
    command.add_option("--plot", options.plot, "Also draw time against the distance from the exact map, FILE.png");
    command.footer("Values of several options are combined with each other, and an exact map is always among the cases. "
                   "Without any of them, each part of the default case is varied by itself. A name stands for a case and "
                   "never changes: bench/compare.py compares two files of --json.");
}

void add_evaluate_options(CLI::App& command, cli::evaluate_options& options)
{
    options.output = "evaluation";
    add_model_options(command, options);
    command
        .add_option(
            "LIST", options.list,
            "A CSV file with the columns image and any of class, box (LEFT TOP RIGHT BOTTOM in the picture's pixels, "
            "several separated by ';') and mask (255, or 1 where nothing is more, on the object, 0 background, others not "
            "counted); or a folder of pictures")
        ->required()
        ->check(CLI::ExistingPath);
    add_layer_options(command, options);
    command.add_option("--labels", options.labels, "Class names, one a line, if the list has names")
        ->check(CLI::ExistingFile);
    command
        .add_option(
            "--composition", options.compositions,
            "A convention, and steps, engine=, precision= or layer= beside it: torch_cam,channels=deviation:64; may be "
            "repeated; all conventions if not given. The controls uniform and random are always there")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add_choice(command, options, "memory")->excludes(add_choice(command, options, "batch"));
    add_choice(command, options, "concurrency");
    command.add_option("--output", options.output, "Folder for the journal and the results")->capture_default_str();
    command.add_option("--shard", options.shard, "Only part I of N, such as 2/5; scorecam merge puts the parts together");

    constexpr char const* protocol = "How maps are evaluated; all numbers carry the name of their protocol";
    command.add_option("--curves", options.curves, "Insertion and deletion, SHARE or PIXELS a point, or all in STEPS")
        ->check(written_as(cli::curve_protocols()))
        ->capture_default_str()
        ->group(protocol);
    command.add_option("--confidence", options.confidence, "Drop, increase and gain; SHARE of the pixels kept")
        ->check(written_as(cli::confidence_protocols()))
        ->capture_default_str()
        ->group(protocol);
    command.add_option("--pointing", options.pointing, "The pointing game; PIXELS that may be missed by")
        ->check(written_as(cli::pointing_protocols()))
        ->capture_default_str()
        ->group(protocol);
    command
        .add_option("--score", options.score,
                    "What is read from the outputs; auto: as they are if they are probabilities already, else probability")
        ->check(one_of(with_auto(text::find_choice("score")->spellings)))
        ->capture_default_str()
        ->group(protocol);
    command.add_flag("--adcc", options.adcc, "Also average DCC, which costs another map for each")->group(protocol);
    command.add_option("--level", options.level, "Of the bootstrap intervals")
        ->check(written_as(text::number("LEVEL", 0.01, 0.999)))
        ->capture_default_str()
        ->group(protocol);
    command.add_option("--resamples", options.resamples, "Of the bootstrap")
        ->check(written_as(text::number("N", 1, 1'000'000)))
        ->capture_default_str()
        ->group(protocol);
    command.add_option("--seed", options.seed, "Of the random control and the bootstrap")
        ->check(written_as(text::number<std::uint64_t>("SEED", 0, std::numeric_limits<std::uint64_t>::max())))
        ->capture_default_str()
        ->group(protocol);
    command.footer(
        "A run that was cut off goes on where it stopped when the same command is given again. A picture that cannot "
        "be used is left out, and the exit status is 1. Parts for a Slurm array (--array=1-16): --shard "
        "$SLURM_ARRAY_TASK_ID/16; an indexed Kubernetes job: --shard $((JOB_COMPLETION_INDEX + 1))/16; GNU parallel: "
        "parallel scorecam evaluate ... --shard {}/16 ::: $(seq 16). With MPI: mpirun -n 8 scorecam_mpi evaluate "
        "... --threads 1: rank 0 hands out the pictures, the others evaluate them.");
}

void add_merge_options(CLI::App& command, cli::merge_options& options)
{
    command.add_option("JOURNAL", options.journals, "The journals of all parts, in any order")
        ->required()
        ->check(CLI::ExistingFile);
    command.add_option("--output", options.output, "Folder for the results")->capture_default_str();
}

/// Every option of a command that has a say in its numbers, whichever it is, under its name.
std::vector<std::pair<std::string, std::vector<std::string>>> given_to(CLI::App const& command)
{
    std::vector<std::pair<std::string, std::vector<std::string>>> all;
    for (auto const* option : command.get_options()) {
        auto const name = option->get_single_name();
        bool const file = option->get_positional() || name == "labels" || name == "description";
        bool const none = name == "help" || name == "output" || name == "shard" || name == "threads";
        if (file || none) { continue; }
        auto values = option->results();
        if (values.empty() && !option->get_default_str().empty()) { values = {option->get_default_str()}; }
        if (!values.empty()) { all.emplace_back(name, std::move(values)); }
    }
    return all;
}

/// Leaves without the destructors of libraries where memory was limited: threads of OpenBLAS that did not get theirs wait
/// for it, and would be waited for. What was to be written has been.
int leave(int status)
{
    for (auto const which : {RLIMIT_AS, RLIMIT_DATA}) {
        rlimit limit{};
        if (getrlimit(which, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) { _exit(status); }
    }
    return status;
}

/// Says what nobody caught: mostly memory that ran out in a thread, or in a library that is being loaded.
[[noreturn]] void say_and_end()
{
    auto const say = [](char const* text) { static_cast<void>(!write(STDERR_FILENO, text, std::strlen(text))); };
    say("scorecam: ended by an error in a library, such as memory that ran out: ");
    try {
        if (auto const what = std::current_exception()) { std::rethrow_exception(what); }
    } catch (std::exception const& e) {
        say(e.what());
    } catch (...) {
        say("unknown");
    }
    say("\n");
    _exit(1);
}

/// Libraries are initialised before main(), and may find no memory.
void before_libraries() { std::set_terminate(say_and_end); }
[[gnu::section(".preinit_array"), gnu::used]] void (*const at_the_start)() = before_libraries;

int run(int argc, char** argv)
{
    CLI::App app{"Score-CAM: where did a classifier look?"};
    app.set_version_flag("--version", SCORECAM_VERSION);
    app.require_subcommand(1);
    app.failure_message([](CLI::App const*, CLI::Error const& e) {
        return std::string{"scorecam: "} + cli::one_line(e.what()) + "; see --help\n";
    });
    app.footer("Exit status: 0 done, 1 something failed, 2 wrong usage.");

    cli::explain_options explain;
    cli::compare_options compare;
    cli::bench_options bench;
    cli::evaluate_options evaluate;
    cli::merge_options merge;
    cli::model_options layers;
    auto* const explain_command = app.add_subcommand("explain", "Write saliency maps of pictures");
    auto* const compare_command = app.add_subcommand("compare", "Compare conventions with each other on pictures");
    auto* const bench_command   = app.add_subcommand("bench", "Measure time and fidelity of configurations");
    auto* const evaluate_command =
        app.add_subcommand("evaluate", "Evaluate the maps of many pictures beside those of two controls");
    auto* const merge_command  = app.add_subcommand("merge", "Put the parts of an evaluation together");
    auto* const layers_command = app.add_subcommand("layers", "List the layers that can be explained");
    add_explain_options(*explain_command, explain);
    add_compare_options(*compare_command, compare);
    add_bench_options(*bench_command, bench);
    add_evaluate_options(*evaluate_command, evaluate);
    add_merge_options(*merge_command, merge);
    add_model_options(*layers_command, layers);
    add_task_option(*layers_command, layers);

    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    for (int i = 0; i < argc; ++i) { bench.command_line += (i > 0 ? " " : "") + std::string{argv[i]}; }
    try {
        for (cli::explain_options* options :
             std::initializer_list<cli::explain_options*>{&explain, &compare, &bench, &evaluate}) {
            options->complete();
        }
        for (cli::model_options* options :
             std::initializer_list<cli::model_options*>{&explain, &compare, &bench, &evaluate, &layers}) {
            options->look_at_file();
        }
        if (evaluate_command->parsed()) {
            evaluate.given = given_to(*evaluate_command);
            return cli::evaluate(evaluate);
        }
        if (merge_command->parsed()) { return cli::merge(merge); }
        if (bench_command->parsed()) { return cli::bench(bench); }
        if (compare_command->parsed()) { return cli::compare(compare); }
        return explain_command->parsed() ? cli::explain(explain) : cli::list_layers(layers);
    } catch (scorecam::option_error const& e) {
        std::cerr << "scorecam: " << cli::one_line(e.what()) << '\n';
        return 2;
    } catch (std::bad_alloc const&) {
        std::cerr << "scorecam: memory ran out; write a smaller --batch, fewer --threads, or let it have more\n";
    } catch (std::system_error const& e) {
        std::cerr << "scorecam: the system refused something, such as another thread: " << cli::one_line(e.what()) << '\n';
    } catch (std::exception const& e) {
        std::cerr << "scorecam: " << cli::one_line(e.what()) << '\n';
    }
    return 1;
}

}  // namespace

int main(int argc, char** argv)
{
    int status = 1;
    {
        cli::standard_streams const streams;
        status = streams.finish(run(argc, argv));
    }
    return leave(status);
}
