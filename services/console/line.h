// services/console/line.h: a line that somebody types: bytes in, what the terminal must show out.
// Knows no system calls.
//
// Letters are inserted at the cursor. Backspace, Delete, the arrows, Home, End (also ^A ^E ^B ^F
// ^D ^P ^N), ^U (all before the cursor goes), ^K (all behind it), ^C (the line goes) and ^L (drawn
// anew) do what they do elsewhere. What is shown is letters and backspaces only. Bytes that mean
// nothing are dropped, and so are letters beyond LINE_LETTERS_MAX.
// Units:     bytes.
// Ownership: the caller owns the struct. What line_feed gives out is valid until the next call.
// Blocking:  never; at most LINE_LETTERS_MAX steps a byte.
// Errors:    none: every byte means something or nothing.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LINE_LETTERS_MAX = 128,
    LINE_HISTORY = 16,
    LINE_ECHO_MAX = 6 * LINE_LETTERS_MAX,
};

enum line_event {
    LINE_MORE,      // Show the echo and go on.
    LINE_DONE,      // The line is whole, in `text`.
    LINE_TAB,       // Its writer asks how it may go on: line_complete.
    LINE_CANCEL,    // The line is given up.
    LINE_REDRAW,    // Show it anew: line_drawn.
    LINE_END,       // ^D in an empty line: no more will come.
    LINE_TOO_LONG,  // It is whole, but not all letters had room.
};

enum line_escape {
    LINE_ESCAPE_NONE,
    LINE_ESCAPE_BEGUN,   // ESC came,
    LINE_ESCAPE_PARAMS,  // and [ or O behind it.
};

struct line {
    char text[LINE_LETTERS_MAX + 1];  // Ends with a zero.
    uint32_t count;
    uint32_t cursor;
    bool overflowed;     // A letter was dropped, for the line was full.
    uint8_t escape;      // enum line_escape
    uint8_t parameter;   // Of an escape sequence: its digit.
    bool after_return;   // A line feed that follows at once belongs to the carriage return.
    uint32_t recalled;   // How many lines back the history is shown; 0: none.
    uint32_t kept;       // Lines in the history,
    uint32_t kept_next;  // and where the next goes.
    char history[LINE_HISTORY][LINE_LETTERS_MAX + 1];
    char draft[LINE_LETTERS_MAX + 1];  // What stood there before the history was shown.
    uint32_t echo_count;
    char echo[LINE_ECHO_MAX];
};

void line_init(struct line *line);

// Takes a byte. What must be shown for it is then in `echo`.
WARN_UNUSED enum line_event line_feed(struct line *line, uint8_t byte);

// Everything that must be shown behind a prompt on an empty line, cursor included, into `echo`.
void line_drawn(struct line *line);

// After LINE_DONE or LINE_CANCEL: the line is empty again; with `keep` the history has it.
void line_clear(struct line *line, bool keep);

// After LINE_TAB: `words` are what the word at the cursor may be. Adds what they have in common,
// and a blank if there is one only; the echo says so. False: several go on in different ways.
WARN_UNUSED bool line_complete(struct line *line, const char *const *words, uint32_t count);

// Where the word at the cursor begins.
WARN_UNUSED uint32_t line_word_start(const struct line *line);

#ifdef __cplusplus
}
#endif
