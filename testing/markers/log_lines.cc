// testing/markers/log_lines.cc: see the header.
#include "testing/markers/log_lines.h"

#include <algorithm>
#include <utility>

namespace markers {
namespace {

std::string spell(std::string_view bytes) {
    static const char *const hex = "0123456789abcdef";
    std::string out;
    for (const char byte : bytes) {
        if (is_printable(byte)) {
            out += byte;
        } else {
            const auto value = static_cast<unsigned char>(byte);
            out += "\\x";
            out += hex[value >> 4];
            out += hex[value & 15];
        }
    }
    return out;
}

}  // namespace

void log_splitter::feed(std::string_view bytes, std::vector<log_line> &out) {
    for (const char byte : bytes) {
        if (byte == '\n') {
            out.push_back(finish());
            continue;
        }
        if (byte == '\b') {
            column_ -= column_ > 0 ? 1 : 0;
            edited_ = true;
            continue;
        }
        if (column_ < kept_.size()) {
            kept_[column_] = byte;
        } else if (kept_.size() < LINE_BYTES_KEPT) {
            kept_ += byte;
        }
        column_++;
        bytes_ = std::max(bytes_, column_);
    }
}

std::string log_splitter::unfinished() const {
    return spell(kept_);
}

log_line log_splitter::finish() {
    if (!kept_.empty() && kept_.back() == '\r' && bytes_ == kept_.size()) {
        kept_.pop_back();
        bytes_--;
    }
    while (edited_ && !kept_.empty() && kept_.back() == ' ' && bytes_ == kept_.size()) {
        kept_.pop_back();
        bytes_--;
    }
    log_line line;
    line.text = spell(kept_);
    if (bytes_ > LINE_BYTES_MAX) {
        line.malformed = std::to_string(bytes_) + " bytes, over the 200 that a line may have";
        if (bytes_ > kept_.size()) {
            line.text += "...";
        }
    }
    for (std::size_t at = 0; at < kept_.size() && line.malformed.empty(); at++) {
        if (!is_printable(kept_[at])) {
            line.malformed = "byte " + std::to_string(at + 1) + " is not printable";
        }
    }
    kept_.clear();
    bytes_ = 0;
    column_ = 0;
    edited_ = false;
    return line;
}

}  // namespace markers
