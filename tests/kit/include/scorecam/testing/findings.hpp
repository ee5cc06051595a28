#pragma once
// What a suite finds out about a model or a backend: a list, for any test framework or none.
#include <algorithm>
#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace scorecam::testing {

/// One place where a promise is broken.
struct finding {
    std::string check;      ///< the promise
    std::string operation;  ///< the call whose answer is wrong, or that threw: "combine", "capture"
    std::string at;         ///< the case in which it was: a geometry, a batch; may be empty
    std::string expected;
    std::string seen;
};

/// One line with all of it.
[[nodiscard]] inline std::string to_string(finding const& one)
{
    return one.check + ": " + one.operation + (one.at.empty() ? "" : " (" + one.at + ")") + ": expected " + one.expected +
           "; seen: " + one.seen;
}

/// Told the name of each check before it begins, so that a crash, or a call that never returns, can be laid to one.
using announcement = std::function<void(std::string const& check)>;

namespace detail {

/// What the checks write to.
class recorder {
public:
    explicit recorder(announcement announce) : announce_{std::move(announce)} {}

    /// Runs one check under the promise that it is about. What it throws is a finding; the next checks still run.
    template <class Check>
    void check(std::string const& promise, Check&& run)
    {
        check_ = promise, operation_ = "nothing yet";
        if (announce_) { announce_(check_); }
        try {
            run();
        } catch (std::exception const& thrown) {
            threw(thrown.what());
        } catch (...) {
            threw("something that is no std::exception");
        }
        at_ = always_at_;
    }

    /// Names the call that comes next, in case it throws.
    void calls(std::string operation) { operation_ = std::move(operation); }

    /// Notes what was expected and what was seen of an operation, unless `kept`; returns `kept`. The texts are strings, or
    /// functions that make them when they are needed.
    template <class Expected, class Seen>
    bool expect(bool kept, std::string const& operation, Expected const& expected, Seen const& seen)
    {
        if (!kept) { findings_.push_back({check_, operation, at_, text(expected), text(seen)}); }
        return kept;
    }

    /// Where the checks are, as long as what is returned lives; and, if an exception ends that life, when it is noted.
    class place {
    public:
        place(std::string& at, std::string const& where) : at_{at}, before_{at} { at += (at.empty() ? "" : ", ") + where; }
        place(place const&)            = delete;
        place& operator=(place const&) = delete;
        ~place()
        {
            if (std::uncaught_exceptions() == thrown_) { at_.swap(before_); }
        }

    private:
        std::string& at_;
        std::string before_;
        int thrown_ = std::uncaught_exceptions();
    };
    [[nodiscard]] place at(std::string const& where) { return {at_, where}; }
    /// The same for all checks that follow.
    void always_at(std::string const& where) { at_ = always_at_ = where; }

    [[nodiscard]] std::vector<finding> findings() && { return std::move(findings_); }

private:
    template <class Text>
    [[nodiscard]] static std::string text(Text const& one)
    {
        if constexpr (std::is_invocable_v<Text const&>) {
            return one();
        } else {
            return one;
        }
    }
    void threw(std::string const& what)
    {
        findings_.push_back({check_, operation_, at_, "no exception", "it threw: " + what});
    }

    announcement announce_;
    std::string check_, operation_, at_, always_at_;
    std::vector<finding> findings_;
};

}  // namespace detail

}  // namespace scorecam::testing
