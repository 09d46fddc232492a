// testing/mutation/edits.h: what is put into a source, around ranges of it that may stand inside
// each other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mutation {

class edits {
  public:
    // Around [begin, end) of the source. Of two with the same range the first one is outside.
    void around(std::size_t begin, std::size_t end, const std::string &before,
                const std::string &after);
    // Instead of [begin, end): an operator inside a range, so that nothing else begins there.
    void instead(std::size_t begin, std::size_t end, const std::string &text);

    std::string apply(std::string_view source);

  private:
    struct edit {
        std::size_t at;
        bool opens;
        std::size_t length;  // Of the range.
        std::size_t number;
        std::string text;
        std::size_t replaces;  // Bytes from `at` on that go away.
    };

    static bool is_before(const edit &a, const edit &b);

    std::vector<edit> edits_;
};

}  // namespace mutation
