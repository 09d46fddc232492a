// services/console/message.c: see message.h.
#include "services/console/message.h"

#include <string.h>

#include "ipc/wire/protocols.h"
#include "services/console/words.h"

enum {
    VALUE_COLUMN = 18,
    BYTES_A_LINE = 32,
};

const char *message_status_text(uint8_t status) {
    static const char *const texts[] = {
#define WIRE_STATUS(NAME, meaning) #NAME ": " meaning,
#include "ipc/wire/wire_status.def"
#undef WIRE_STATUS
    };
    return status < WIRE_STATUS_COUNT ? texts[status] : "?";
}

const struct wire_protocol_rows *message_protocol_named(const char *name) {
    for (uint32_t i = 0; i < WIRE_PROTOCOL_COUNT; i++) {
        if (strcmp(wire_protocols[i]->name, name) == 0) {
            return wire_protocols[i];
        }
    }
    return 0;
}

const struct wire_protocol_rows *message_protocol_of(const char *service) {
    const size_t count = strlen(service);
    if (strcmp(service, "samgrd") == 0) {
        return message_protocol_named("routing");
    }
    for (uint32_t i = 0; i < WIRE_PROTOCOL_COUNT; i++) {
        const char *name = wire_protocols[i]->name;
        const size_t most = strlen(name);
        bool fits = strncmp(name, service, most) == 0 &&
                    (count == most || (count == most + 1 && service[most] == 'd'));
        if (fits) {
            return wire_protocols[i];
        }
    }
    return 0;
}

void message_show_type(uint16_t type, struct print *print) {
    const uint32_t index = (uint32_t)wire_type_protocol(type) - WIRE_PROTOCOL_INIT;
    if (index >= WIRE_PROTOCOL_COUNT) {
        print_add(print, "type %u", type);
        return;
    }
    const struct wire_op *op = wire_op_find(wire_protocols[index], wire_type_op(type));
    print_add(print, "%s%s%s", wire_protocols[index]->name, op ? " " : "", op ? op->name : "");
}

static bool same_letters(const char *word, const char *name) {
    for (; *word != 0 && *name != 0; word++, name++) {
        char upper = *word >= 'a' && *word <= 'z' ? (char)(*word - 'a' + 'A') : *word;
        if (upper != *name) {
            return false;
        }
    }
    return *word == *name;
}

const struct wire_op *message_op_named(const struct wire_protocol_rows *rows, const char *word) {
    uint64_t number = 0;
    if (words_number(word, &number)) {
        return number <= UINT8_MAX ? wire_op_find(rows, (uint8_t)number) : 0;
    }
    for (uint32_t i = 0; i < rows->op_count; i++) {
        if (same_letters(word, rows->ops[i].name)) {
            return &rows->ops[i];
        }
    }
    return 0;
}

static const struct wire_field *find_field(const struct wire_protocol_rows *rows, uint64_t fields,
                                           const char *word, size_t letters) {
    for (uint32_t i = 0; i < rows->field_count; i++) {
        const char *name = rows->fields[i].name;
        if (((fields >> i) & 1) != 0 && strlen(name) == letters &&
            memcmp(name, word, letters) == 0) {
            return &rows->fields[i];
        }
    }
    return 0;
}

static void put_number(uint8_t type, uint64_t value, void *place) {
    switch ((enum wire_type)type) {
        case WIRE_U8:
            *(uint8_t *)place = (uint8_t)value;
            return;
        case WIRE_U16:
            *(uint16_t *)place = (uint16_t)value;
            return;
        case WIRE_U32:
            *(uint32_t *)place = (uint32_t)value;
            return;
        case WIRE_U64:
            *(uint64_t *)place = value;
            return;
        case WIRE_BYTES:
            return;
    }
}

static uint64_t get_number(uint8_t type, const void *place) {
    switch ((enum wire_type)type) {
        case WIRE_U8:
            return *(const uint8_t *)place;
        case WIRE_U16:
            return *(const uint16_t *)place;
        case WIRE_U32:
            return *(const uint32_t *)place;
        case WIRE_U64:
            return *(const uint64_t *)place;
        case WIRE_BYTES:
            return 0;
    }
    return 0;
}

static uint64_t most_of(uint8_t type) {
    switch ((enum wire_type)type) {
        case WIRE_U8:
            return UINT8_MAX;
        case WIRE_U16:
            return UINT16_MAX;
        case WIRE_U32:
            return UINT32_MAX;
        case WIRE_U64:
            return UINT64_MAX;
        case WIRE_BYTES:
            return 0;
    }
    return 0;
}

static bool read_value(const struct wire_field *field, const struct names *names, const char *value,
                       void *place, struct print *print) {
    if (field->type == WIRE_BYTES) {
        *(struct wire_bytes *)place =
            (struct wire_bytes){.data = (const uint8_t *)value, .count = (uint32_t)strlen(value)};
        return true;
    }
    uint64_t number = 0;
    uint64_t service = field->type == WIRE_U64 ? names_find(names, value) : 0;
    if (service == 0 && field->type == WIRE_U64) {
        service = names_find_program(names, value);
    }
    if (service != 0) {
        number = service;
    } else if (!words_number(value, &number)) {
        print_line(print, "%s is no number: '%s'", field->name, value);
        return false;
    }
    if (number > most_of(field->type)) {
        print_line(print, "%s is at most %lu", field->name, (unsigned long)most_of(field->type));
        return false;
    }
    put_number(field->type, number, place);
    return true;
}

bool message_read(const struct message_form *form, char *const *words, uint32_t count,
                  void *message) {
    const struct wire_protocol_rows *rows = form->rows;
    struct print *print = form->print;
    uint64_t given = 0;
    ((struct wire_header *)message)->op = form->op->number;
    for (uint32_t i = 0; i < count; i++) {
        const char *equals = strchr(words[i], '=');
        size_t letters = equals ? (size_t)(equals - words[i]) : strlen(words[i]);
        const struct wire_field *field =
            find_field(rows, form->op->fields[WIRE_REQUEST], words[i], letters);
        if (!field || !equals) {
            print_line(print, "%s of %s takes no '%s': help call", form->op->name, rows->name,
                       words[i]);
            return false;
        }
        uint64_t bit = UINT64_C(1) << (field - rows->fields);
        if ((given & bit) != 0) {
            print_line(print, "%s stands twice", field->name);
            return false;
        }
        given |= bit;
        if (!read_value(field, form->names, equals + 1, (uint8_t *)message + field->offset,
                        print)) {
            return false;
        }
    }
    return true;
}

static bool is_hex(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

void message_show_text(const struct names *names, const struct wire_bytes *text,
                       struct print *print) {
    enum { ID_DIGITS_MIN = 8, ID_DIGITS_MAX = 16 };
    for (uint32_t at = 0; at < text->count;) {
        uint32_t digits = 0;
        char word[ID_DIGITS_MAX + 3] = "0x";
        while (at + digits < text->count && digits <= ID_DIGITS_MAX &&
               is_hex(text->data[at + digits])) {
            if (digits < ID_DIGITS_MAX) {
                word[2 + digits] = (char)text->data[at + digits];
            }
            digits++;
        }
        uint64_t id = 0;
        bool may_be = digits >= ID_DIGITS_MIN && digits <= ID_DIGITS_MAX && words_number(word, &id);
        const char *name = may_be ? names_of(names, id) : 0;
        uint32_t taken = digits > 0 ? digits : 1;
        if (name) {
            print_add(print, "%s%s", names_mark(id), name);
        } else {
            print_bytes(print, &text->data[at], taken);
        }
        at += taken;
    }
}

static bool is_text(const struct wire_bytes *bytes) {
    for (uint32_t i = 0; i < bytes->count; i++) {
        if (bytes->data[i] < ' ' || bytes->data[i] > '~') {
            return false;
        }
    }
    return bytes->count > 0;
}

static void show_bytes(const struct wire_bytes *bytes, struct print *print) {
    if (is_text(bytes)) {
        print_add(print, "\"");
        print_bytes(print, bytes->data, bytes->count);
        print_add(print, "\"");
        print_end(print);
        return;
    }
    print_add(print, "%u bytes", bytes->count);
    print_end(print);
    for (uint32_t done = 0; done < bytes->count; done += BYTES_A_LINE) {
        print_column(print, VALUE_COLUMN);
        for (uint32_t i = done; i < bytes->count && i < done + BYTES_A_LINE; i++) {
            print_add(print, "%x%x ", bytes->data[i] >> 4, bytes->data[i] & 15u);
        }
        print_end(print);
    }
}

void message_show(const struct message_form *form, enum wire_direction direction,
                  const void *message) {
    struct print *print = form->print;
    for (uint32_t i = 0; i < form->rows->field_count; i++) {
        const struct wire_field *field = &form->rows->fields[i];
        const void *place = (const uint8_t *)message + field->offset;
        if (((form->op->fields[direction] >> i) & 1) == 0) {
            continue;
        }
        print_add(print, "%s", field->name);
        print_column(print, VALUE_COLUMN);
        if (field->type == WIRE_BYTES) {
            show_bytes(place, print);
            continue;
        }
        uint64_t value = get_number(field->type, place);
        const char *name = field->type == WIRE_U64 ? names_of(form->names, value) : 0;
        if (name) {
            print_add(print, "%s%s", names_mark(value), name);
        } else {
            print_add(print, "%lu", (unsigned long)value);
        }
        print_end(print);
    }
}
