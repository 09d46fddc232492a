// testing/mutation/edits.cc: see edits.h.
#include "testing/mutation/edits.h"

#include <algorithm>

namespace mutation {

void edits::around(std::size_t begin, std::size_t end, const std::string &before,
                   const std::string &after) {
    const std::size_t number = edits_.size();
    edits_.push_back({begin, true, end - begin, number, before, 0});
    edits_.push_back({end, false, end - begin, number, after, 0});
}

void edits::instead(std::size_t begin, std::size_t end, const std::string &text) {
    edits_.push_back({begin, true, 0, edits_.size(), text, end - begin});
}

// What ends at a place comes before what begins there; outer ranges begin first and end last.
bool edits::is_before(const edit &a, const edit &b) {
    if (a.at != b.at) {
        return a.at < b.at;
    }
    if (a.opens != b.opens) {
        return !a.opens;
    }
    if (a.length != b.length) {
        return (a.length > b.length) == a.opens;
    }
    return (a.number < b.number) == a.opens;
}

std::string edits::apply(std::string_view source) {
    std::sort(edits_.begin(), edits_.end(), is_before);
    std::string out;
    std::size_t at = 0;
    for (const edit &one : edits_) {
        out += source.substr(at, one.at - at);
        out += one.text;
        at = one.at + one.replaces;
    }
    out += source.substr(at);
    return out;
}

}  // namespace mutation
