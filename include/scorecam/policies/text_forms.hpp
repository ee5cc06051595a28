#pragma once
// How a value is written: what text may be, and the way from text to value and back. What the table in text.hpp is made of.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::text {

/// The texts that stand for values of a type, read and written by one object.
template <class V>
struct form {
    std::vector<std::string> spellings;                         ///< "all", "deviation:N"
    std::vector<std::string> letters;                           ///< what the capitals in them are: "N from 1 to 1000000000"
    std::function<std::optional<V>(std::string_view)> read;     ///< nothing if it is none of them
    std::function<std::optional<std::string>(V const&)> write;  ///< nothing if they cannot say it
};

/// "all, deviation:N or mass:N (N from 1 to 1000000000)"; of a bare number "N from 1 to 1000000000".
[[nodiscard]] inline std::string listed(std::vector<std::string> const& spellings, std::vector<std::string> const& letters)
{
    bool const bare = spellings.size() == 1 && letters.size() == 1 && letters[0].rfind(spellings[0] + " ", 0) == 0;
    if (bare) { return letters[0]; }
    std::string text;
    for (std::size_t i = 0; i < spellings.size(); ++i) {
        text += (i == 0 ? "" : i + 1 == spellings.size() ? " or " : ", ") + spellings[i];
    }
    for (std::size_t i = 0; i < letters.size(); ++i) { text += (i == 0 ? " (" : "; ") + letters[i]; }
    return text + (letters.empty() ? "" : ")");
}
template <class V>
[[nodiscard]] std::string listed(form<V> const& of)
{
    return listed(of.spellings, of.letters);
}

/// What is written, or option_error: "--score logt: write probability, logit or sigmoid". `written` is how it stands there.
template <class V>
[[nodiscard]] V read_or_refuse(form<V> const& how, std::string_view text, std::string const& written)
{
    auto value = how.read(text);
    if (!value) { throw option_error{written + ": write " + listed(how)}; }
    return *std::move(value);
}

/// The shortest text that is read as the same number.
template <class T>
[[nodiscard]] std::string written(T value)
{
    std::array<char, 32> digits{};
    auto const [end, failure] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    return {digits.data(), end};
}

namespace detail {

/// All of the text as a finite number, or nothing.
template <class T>
[[nodiscard]] std::optional<T> number_in(std::string_view text)
{
    T value{};
    auto const* const end      = text.data() + text.size();
    auto const [stop, failure] = std::from_chars(text.data(), end, value);
    if (failure != std::errc{} || stop != end) { return std::nullopt; }
    if constexpr (std::is_floating_point_v<T>) {
        if (!std::isfinite(value)) { return std::nullopt; }
    }
    return value;
}

/// The parts between separators; one, if there is none.
[[nodiscard]] inline std::vector<std::string_view> parts_of(std::string_view text, char separator)
{
    std::vector<std::string_view> parts;
    for (std::size_t from = 0; from <= text.size();) {
        auto const to = std::min(text.find(separator, from), text.size());
        parts.push_back(text.substr(from, to - from));
        from = to + 1;
    }
    return parts;
}

template <class T>
[[nodiscard]] form<T> bounded_number(std::string letter, std::string range, std::function<bool(T)> fits)
{
    auto const read = [fits](std::string_view text) {
        auto const value = number_in<T>(text);
        return value && fits(*value) ? value : std::nullopt;
    };
    auto const what = letter + " " + range;
    return {{std::move(letter)}, {what}, read, [](T const& value) { return written(value); }};
}

}  // namespace detail

/// A number from `least` to `most`.
template <class T>
[[nodiscard]] form<T> number(std::string letter, T least, T most)
{
    return detail::bounded_number<T>(std::move(letter), "from " + written(least) + " to " + written(most),
                                     [=](T value) { return value >= least && value <= most; });
}

/// A number above `bound`, up to `most`.
[[nodiscard]] inline form<double> above(std::string letter, double bound, double most)
{
    return detail::bounded_number<double>(std::move(letter), "above " + written(bound) + " and up to " + written(most),
                                          [=](double value) { return value > bound && value <= most; });
}

/// How many there are of something: more than any layer, picture or machine has would only be a slip.
[[nodiscard]] inline form<index_t> count(std::string letter = "N")
{
    return number<index_t>(std::move(letter), 1, 1'000'000'000);
}

/// Bytes: "256MiB", "1GiB", "64kB", "1000".
[[nodiscard]] inline form<index_t> bytes()
{
    using unit = std::pair<std::string_view, index_t>;
    static constexpr std::array<unit, 7> units{{{"GiB", 1 << 30},
                                                {"GB", 1'000'000'000},
                                                {"MiB", 1 << 20},
                                                {"MB", 1'000'000},
                                                {"KiB", 1024},
                                                {"kB", 1000},
                                                {"B", 1}}};
    constexpr double most = 1e18;
    auto const read       = [](std::string_view text) -> std::optional<index_t> {
        auto const digits = std::min(text.find_first_not_of("0123456789."), text.size());
        auto const value  = detail::number_in<double>(text.substr(0, digits));
        auto const name   = digits == text.size() ? std::string_view{"B"} : text.substr(digits);
        auto const* found = std::find_if(units.begin(), units.end(), [&](unit const& u) { return u.first == name; });
        if (!value || found == units.end()) { return std::nullopt; }
        double const all = *value * static_cast<double>(found->second);
        return all >= 1 && all <= most ? std::optional{static_cast<index_t>(all)} : std::nullopt;
    };
    auto const write =
        [](index_t const& value) -> std::optional<std::string> {  // in the largest unit that it is a multiple of
        auto const* found = std::find_if(units.begin(), units.end(), [&](unit const& u) { return value % u.second == 0; });
        return written(value / found->second) + std::string{found->first};
    };
    return {{"a size such as 64MiB, 256MB or 1GiB"}, {}, read, write};
}

/// Any text but none: the name of a file.
[[nodiscard]] inline form<std::string> file()
{
    return {{"FILE"},
            {},
            [](std::string_view text) { return text.empty() ? std::nullopt : std::optional{std::string{text}}; },
            [](std::string const& name) { return name; }};
}

/// Several, separated by commas.
template <class T>
[[nodiscard]] form<std::vector<T>> list_of(form<T> each)
{
    auto const spelling = each.spellings[0] + "," + each.spellings[0] + ",...";
    auto const letters  = each.letters;
    auto const read     = [each](std::string_view text) -> std::optional<std::vector<T>> {
        std::vector<T> all;
        for (auto const part : detail::parts_of(text, ',')) {
            auto const value = each.read(part);
            if (!value) { return std::nullopt; }
            all.push_back(*value);
        }
        return all;
    };
    auto const write = [each](std::vector<T> const& all) -> std::optional<std::string> {
        std::string text;
        for (auto const& one : all) { text += (text.empty() ? "" : ",") + each.write(one).value(); }
        return text;
    };
    return {{spelling}, letters, read, write};
}

/// One of a few words, each for one value.
template <class E>
[[nodiscard]] form<E> words(std::vector<std::pair<std::string, E>> all)
{
    form<E> made;
    for (auto const& [word, value] : all) { made.spellings.push_back(word); }
    made.read = [all](std::string_view text) -> std::optional<E> {
        for (auto const& [word, value] : all) {
            if (word == text) { return value; }
        }
        return std::nullopt;
    };
    made.write = [all](E const& of) -> std::optional<std::string> {
        for (auto const& [word, value] : all) {
            if (value == of) { return word; }
        }
        return std::nullopt;
    };
    return made;
}

/// A value of the alternative P of a variant, as it is written alone.
template <class V, class P>
[[nodiscard]] form<V> alternative(form<P> alone)
{
    auto const read = [alone](std::string_view text) -> std::optional<V> {
        auto value = alone.read(text);
        return value ? std::optional<V>{*std::move(value)} : std::nullopt;
    };
    auto const write = [alone](V const& of) -> std::optional<std::string> {
        auto const* const held = std::get_if<P>(&of);
        return held == nullptr ? std::nullopt : alone.write(*held);
    };
    return {alone.spellings, alone.letters, read, write};
}

/// A word that stands for the alternative P of a variant.
template <class V, class P>
[[nodiscard]] form<V> word(std::string name)
{
    return {{name},
            {},
            [name](std::string_view text) { return text == name ? std::optional<V>{P{}} : std::nullopt; },
            [name](V const& of) { return std::holds_alternative<P>(of) ? std::optional{name} : std::nullopt; }};
}

/// The alternative P, made of one value: "64".
template <class V, class P, class T>
[[nodiscard]] form<V> value(form<T> how, T P::* member)
{
    auto const read = [how](std::string_view text) -> std::optional<V> {
        auto value = how.read(text);
        return value ? std::optional<V>{P{*std::move(value)}} : std::nullopt;
    };
    auto const write = [how, member](V const& of) {
        auto const* const held = std::get_if<P>(&of);
        return held == nullptr ? std::nullopt : how.write(held->*member);
    };
    return {how.spellings, how.letters, read, write};
}

/// The same after a name and a colon: "deviation:64".
template <class V, class P, class T>
[[nodiscard]] form<V> named(std::string const& name, form<T> how, T P::* member)
{
    auto of           = value<V, P, T>(std::move(how), member);
    of.spellings[0]   = name + ":" + of.spellings[0];
    auto const before = name + ":";
    of.read           = [before, bare = of.read](std::string_view text) {
        return text.substr(0, before.size()) == before ? bare(text.substr(before.size())) : std::nullopt;
    };
    of.write = [before, bare = of.write](V const& value) {
        auto const text = bare(value);
        return text ? std::optional{before + *text} : std::nullopt;
    };
    return of;
}

/// What may come after a colon: a member of P, and how it is written.
template <class P, class T>
struct argument {
    form<T> how;
    T P::* member;
};
template <class T, class P>
argument(form<T>, T P::*) -> argument<P, T>;

/// The alternative P under a name, with arguments that may be left out from the right: "blur", "blur:4", "blur:4:9".
template <class V, class P, class... T>
[[nodiscard]] form<V> named(std::string const& name, argument<P, T>... arguments)
{
    form<V> made{{name}, {}, {}, {}};
    auto const describe = [&](auto const& how) {
        auto const before = made.spellings.back();
        for (auto const& spelling : how.spellings) { made.spellings.push_back(before + ":" + spelling); }
        made.letters.insert(made.letters.end(), how.letters.begin(), how.letters.end());
    };
    (describe(arguments.how), ...);
    made.read = [=](std::string_view text) -> std::optional<V> {
        auto const parts = detail::parts_of(text, ':');
        if (parts[0] != name || parts.size() > 1 + sizeof...(T)) { return std::nullopt; }
        P made_of_text{};
        std::size_t next = 1;
        auto const take  = [&](auto const& one) {
            if (next >= parts.size()) { return true; }
            auto const value = one.how.read(parts[next++]);
            if (value) { made_of_text.*one.member = *value; }
            return value.has_value();
        };
        return (take(arguments) && ...) ? std::optional<V>{made_of_text} : std::nullopt;
    };
    made.write = [=](V const& of) -> std::optional<std::string> {
        auto const* const held = std::get_if<P>(&of);
        if (held == nullptr) { return std::nullopt; }
        std::string text = name, so_far = name;
        P const usual{};
        auto const add = [&](auto const& one) {
            so_far += ":" + one.how.write(held->*one.member).value();
            if (!(held->*one.member == usual.*one.member)) { text = so_far; }
        };
        (add(arguments), ...);
        return text;
    };
    return made;
}

/// Any of the forms.
template <class V>
[[nodiscard]] form<V> any_of(std::vector<form<V>> all)
{
    form<V> made;
    for (auto const& one : all) {
        made.spellings.insert(made.spellings.end(), one.spellings.begin(), one.spellings.end());
        for (auto const& letter : one.letters) {
            bool const known = std::find(made.letters.begin(), made.letters.end(), letter) != made.letters.end();
            if (!known) { made.letters.push_back(letter); }
        }
    }
    made.read = [all](std::string_view text) {
        std::optional<V> value;
        for (auto one = all.begin(); !value && one != all.end(); ++one) { value = one->read(text); }
        return value;
    };
    made.write = [all](V const& of) {
        std::optional<std::string> text;
        for (auto one = all.begin(); !text && one != all.end(); ++one) { text = one->write(of); }
        return text;
    };
    return made;
}

}  // namespace scorecam::text
