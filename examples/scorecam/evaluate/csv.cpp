#include "evaluate/csv.hpp"

#include <algorithm>
#include <utility>

#include <scorecam/error.hpp>

namespace cli {
namespace {

/// A place in a text that is read from its begin to its end.
class csv_reader {
public:
    explicit csv_reader(std::string_view text) : text_{text} {}

    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

    [[nodiscard]] csv_record record()
    {
        csv_record found{line_, {}, {}};
        auto const begin = at_;
        do {
            found.fields.push_back(peek() == '"' ? quoted() : plain());
        } while (take(','));
        found.text = text_.substr(begin, at_ - begin);
        take('\r');
        if (!at_end() && !take('\n')) { refuse("a field goes on behind its closing quote"); }
        return found;
    }

private:
    [[noreturn]] void refuse(std::string const& what) const
    {
        throw scorecam::option_error{"line " + std::to_string(line_) + ": " + what +
                                     ": write a field with a quote in it in quotes, and that quote twice"};
    }
    [[nodiscard]] char peek() const { return at_end() ? '\n' : text_[at_]; }
    bool take(char wanted)
    {
        if (at_end() || text_[at_] != wanted) { return false; }
        line_ += wanted == '\n' ? 1 : 0;
        ++at_;
        return true;
    }
    [[nodiscard]] std::string quoted()
    {
        std::string field;
        auto const begun = line_;
        for (++at_;; ++at_) {
            if (at_end()) {
                line_ = begun;
                refuse("a quote that is never closed");
            }
            if (text_[at_] == '"' && (at_ + 1 == text_.size() || text_[at_ + 1] != '"')) { break; }
            if (text_[at_] == '"') { ++at_; }
            line_ += text_[at_] == '\n' ? 1 : 0;
            field += text_[at_];
        }
        ++at_;
        return field;
    }
    [[nodiscard]] std::string plain()
    {
        auto const end = std::min(text_.find_first_of(",\n", at_), text_.size());
        auto field     = text_.substr(at_, end - at_);
        at_            = end;
        if ((at_end() || text_[end] == '\n') && !field.empty() && field.back() == '\r') {
            field.remove_suffix(1);
            --at_;
        }
        if (field.find('"') != std::string_view::npos) { refuse("a quote in the middle of a field"); }
        return std::string{field};
    }

    std::string_view text_;
    std::size_t at_ = 0, line_ = 1;
};

}  // namespace

std::vector<csv_record> read_csv(std::string_view text)
{
    constexpr std::string_view byte_order_mark{"\xEF\xBB\xBF"};
    if (text.substr(0, byte_order_mark.size()) == byte_order_mark) { text.remove_prefix(byte_order_mark.size()); }
    if (auto const nul = text.find('\0'); nul != std::string_view::npos) {
        throw scorecam::option_error{
            "line " + std::to_string(1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n')) +
            ": has a byte that is 0, which is in no text: save it as UTF-8"};
    }
    std::vector<csv_record> all;
    for (csv_reader in{text}; !in.at_end();) {
        auto one = in.record();
        if (!one.text.empty()) { all.push_back(std::move(one)); }
    }
    return all;
}

}  // namespace cli
