// testing/markers/log_lines.h: cuts the bytes of a UART into lines, as they come.
// A line ends at `\n`; a `\r` before it is dropped. After a backspace (only who reads the console's
// input can print one) the next byte takes the place of the one before; a line with such is what a
// terminal shows of it in the end, without the blanks at its end. Malformed: over LINE_BYTES_MAX
// bytes, or not printable.
// Ownership: the splitter owns the unfinished line; what it hands out is a copy.
// Memory:    bounded: of a longer line only LINE_BYTES_KEPT bytes are kept, and it counts as
//            malformed anyway.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "testing/markers/text_pattern.h"

namespace markers {

inline constexpr std::size_t LINE_BYTES_KEPT = 2 * LINE_BYTES_MAX;

struct log_line {
    std::string text;       // Bytes that are not printable are spelled \xNN.
    std::string malformed;  // Why, or empty.
};

class log_splitter {
  public:
    // Appends the lines that these bytes complete.
    void feed(std::string_view bytes, std::vector<log_line> &out);

    // The line that has not ended yet, spelled as in log_line; empty if the last byte was `\n`.
    std::string unfinished() const;

  private:
    log_line finish();

    std::string kept_;
    std::size_t bytes_ = 0;
    std::size_t column_ = 0;  // Where the next byte goes.
    bool edited_ = false;     // A backspace came.
};

}  // namespace markers
