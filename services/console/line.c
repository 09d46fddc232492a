// services/console/line.c: see line.h.
#include "services/console/line.h"

#include <string.h>

enum {
    KEY_BACKSPACE = 0x7f,
    KEY_ESCAPE = 0x1b,
};

// Control keys by their letter.
#define CONTROL(letter) ((letter) - '@')

void line_init(struct line *line) {
    memset(line, 0, sizeof(*line));
}

static void show(struct line *line, char character) {
    if (line->echo_count < LINE_ECHO_MAX) {
        line->echo[line->echo_count++] = character;
    }
}

static void show_many(struct line *line, char character, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        show(line, character);
    }
}

// From the cursor on, with `gone` places behind the end that are to be blank; then back.
static void show_rest(struct line *line, uint32_t gone) {
    for (uint32_t i = line->cursor; i < line->count; i++) {
        show(line, line->text[i]);
    }
    show_many(line, ' ', gone);
    show_many(line, '\b', line->count - line->cursor + gone);
}

// Puts as many of the letters in at the cursor as there is room for.
static void insert(struct line *line, const char *letters, uint32_t count) {
    if (count > LINE_LETTERS_MAX - line->count) {
        count = LINE_LETTERS_MAX - line->count;
        line->overflowed = true;
    }
    char *place = &line->text[line->cursor];
    memmove(place + count, place, line->count - line->cursor);
    memcpy(place, letters, count);
    line->cursor += count;
    line->count += count;
    line->text[line->count] = 0;
    for (uint32_t i = 0; i < count; i++) {
        show(line, letters[i]);
    }
    show_rest(line, 0);
}

// Takes `count` letters away in front of the cursor.
static void erase(struct line *line, uint32_t count) {
    memmove(&line->text[line->cursor - count], &line->text[line->cursor],
            line->count - line->cursor);
    line->cursor -= count;
    line->count -= count;
    line->text[line->count] = 0;
    line->overflowed = line->overflowed && line->count > 0;
    show_many(line, '\b', count);
    show_rest(line, count);
}

// Moves the cursor to a place of the line.
static void move_to(struct line *line, uint32_t place) {
    if (place < line->cursor) {
        show_many(line, '\b', line->cursor - place);
    }
    for (uint32_t i = line->cursor; i < place; i++) {
        show(line, line->text[i]);
    }
    line->cursor = place;
}

static void delete_here(struct line *line) {
    if (line->cursor < line->count) {
        move_to(line, line->cursor + 1);
        erase(line, 1);
    }
}

static void delete_behind(struct line *line) {
    uint32_t gone = line->count - line->cursor;
    line->count = line->cursor;
    line->text[line->count] = 0;
    show_rest(line, gone);
}

static void replace(struct line *line, const char *text) {
    move_to(line, line->count);
    erase(line, line->count);
    insert(line, text, (uint32_t)strlen(text));
}

static const char *kept_line(const struct line *line, uint32_t back) {
    return line->history[(line->kept_next + LINE_HISTORY - back) % LINE_HISTORY];
}

static void recall(struct line *line, bool older) {
    if (older ? line->recalled == line->kept : line->recalled == 0) {
        return;
    }
    if (line->recalled == 0) {
        memcpy(line->draft, line->text, sizeof(line->draft));
    }
    line->recalled = older ? line->recalled + 1 : line->recalled - 1;
    replace(line, line->recalled == 0 ? line->draft : kept_line(line, line->recalled));
}

static enum line_event control(struct line *line, uint8_t byte) {
    switch (byte) {
        case CONTROL('A'):
            move_to(line, 0);
            return LINE_MORE;
        case CONTROL('B'):
            move_to(line, line->cursor > 0 ? line->cursor - 1 : 0);
            return LINE_MORE;
        case CONTROL('C'):
            return LINE_CANCEL;
        case CONTROL('D'):
            if (line->count == 0) {
                return LINE_END;
            }
            delete_here(line);
            return LINE_MORE;
        case CONTROL('E'):
            move_to(line, line->count);
            return LINE_MORE;
        case CONTROL('F'):
            move_to(line, line->cursor < line->count ? line->cursor + 1 : line->count);
            return LINE_MORE;
        case CONTROL('H'):
        case KEY_BACKSPACE:
            erase(line, line->cursor > 0 ? 1 : 0);
            return LINE_MORE;
        case CONTROL('I'):
            return LINE_TAB;
        case CONTROL('K'):
            delete_behind(line);
            return LINE_MORE;
        case CONTROL('L'):
            return LINE_REDRAW;
        case CONTROL('N'):
            recall(line, false);
            return LINE_MORE;
        case CONTROL('P'):
            recall(line, true);
            return LINE_MORE;
        case CONTROL('U'):
            erase(line, line->cursor);
            return LINE_MORE;
        case KEY_ESCAPE:
            line->escape = LINE_ESCAPE_BEGUN;
            return LINE_MORE;
        default:
            return LINE_MORE;
    }
}

// The last byte of ESC [ .. or ESC O ..: as the control key that does the same.
static uint8_t meant_by(uint8_t final, uint8_t parameter) {
    switch (final) {
        case 'A':
            return CONTROL('P');
        case 'B':
            return CONTROL('N');
        case 'C':
            return CONTROL('F');
        case 'D':
            return CONTROL('B');
        case 'H':
            return CONTROL('A');
        case 'F':
            return CONTROL('E');
        case '~':
            return parameter == '1' || parameter == '7'   ? CONTROL('A')
                   : parameter == '4' || parameter == '8' ? CONTROL('E')
                   : parameter == '3'                     ? CONTROL('D')
                                                          : 0;
        default:
            return 0;
    }
}

static enum line_event escaped(struct line *line, uint8_t byte) {
    if (line->escape == LINE_ESCAPE_BEGUN) {
        line->escape = byte == '[' || byte == 'O' ? LINE_ESCAPE_PARAMS : LINE_ESCAPE_NONE;
        line->parameter = 0;
        return LINE_MORE;
    }
    if (byte >= ' ' && byte < '@') {  // Parameters; one digit alone is a key's.
        line->parameter = line->parameter == 0 ? byte : ' ';
        return LINE_MORE;
    }
    line->escape = LINE_ESCAPE_NONE;
    uint8_t key = meant_by(byte, line->parameter);
    // Delete in an empty line ends nothing.
    return key == CONTROL('D') && line->count == 0 ? LINE_MORE : control(line, key);
}

enum line_event line_feed(struct line *line, uint8_t byte) {
    bool after_return = line->after_return;
    line->echo_count = 0;
    line->after_return = byte == '\r';
    if (byte == '\r' || byte == '\n') {
        line->escape = LINE_ESCAPE_NONE;
        if (byte == '\n' && after_return) {
            return LINE_MORE;
        }
        move_to(line, line->count);
        return line->overflowed ? LINE_TOO_LONG : LINE_DONE;
    }
    if (line->escape != LINE_ESCAPE_NONE) {
        return escaped(line, byte);
    }
    if (byte >= ' ' && byte <= '~') {
        insert(line, &(char){(char)byte}, 1);
        return LINE_MORE;
    }
    return control(line, byte);
}

void line_drawn(struct line *line) {
    line->echo_count = 0;
    for (uint32_t i = 0; i < line->count; i++) {
        show(line, line->text[i]);
    }
    show_many(line, '\b', line->count - line->cursor);
}

void line_clear(struct line *line, bool keep) {
    bool repeated = line->kept > 0 && strcmp(kept_line(line, 1), line->text) == 0;
    if (keep && line->count > 0 && !repeated) {
        memcpy(line->history[line->kept_next], line->text, sizeof(line->text));
        line->kept_next = (line->kept_next + 1) % LINE_HISTORY;
        line->kept += line->kept < LINE_HISTORY;
    }
    line->count = 0;
    line->cursor = 0;
    line->recalled = 0;
    line->overflowed = false;
    line->text[0] = 0;
}

uint32_t line_word_start(const struct line *line) {
    uint32_t at = line->cursor;
    while (at > 0 && line->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

static bool begins(const char *word, const char *start, uint32_t count) {
    return strlen(word) >= count && memcmp(word, start, count) == 0;
}

bool line_complete(struct line *line, const char *const *words, uint32_t count) {
    const uint32_t start = line_word_start(line);
    const uint32_t typed = line->cursor - start;
    const char *first = 0;
    uint32_t common = 0;
    uint32_t found = 0;
    line->echo_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!begins(words[i], &line->text[start], typed)) {
            continue;
        }
        if (found++ == 0) {
            first = words[i];
            common = (uint32_t)strlen(first);
        }
        while (!begins(words[i], first, common)) {  // At most the word's length.
            common--;
        }
    }
    if (found == 0) {
        return true;
    }
    insert(line, first + typed, common - typed);
    bool at_end = line->cursor == line->count;
    if (found == 1 && at_end && first[common - 1] != '=') {
        insert(line, " ", 1);
    }
    return found == 1 || common > typed;
}
