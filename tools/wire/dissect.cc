// tools/wire/dissect.cc: see dissect.h.
#include "tools/wire/dissect.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "ipc/wire/protocols.h"

namespace wire {
namespace {

constexpr std::size_t BYTES_A_LINE = 8;
constexpr std::array<std::size_t, 4> WIDTHS = {1, 2, 4, 8};  // By wire_type.

const char *status_name_of(std::uint8_t status) {
    static const char *const names[] = {
#define WIRE_STATUS(NAME, meaning) #NAME,
#include "ipc/wire/wire_status.def"
#undef WIRE_STATUS
    };
    return status < WIRE_STATUS_COUNT ? names[status] : nullptr;
}

class reader {
  public:
    explicit reader(const std::vector<std::uint8_t> &bytes) : bytes_(bytes) {}

    dissection run() {
        const bool good = header() && fields() && nothing_behind();
        return {title_ + body_, good};
    }

  private:
    std::size_t left() const {
        return bytes_.size() - at_;
    }

    // One line: where, the bytes, a name, and what they mean. More bytes than fit get more lines.
    void line(std::size_t count, const std::string &name, const std::string &meaning) {
        for (std::size_t done = 0; done == 0 || done < count; done += BYTES_A_LINE) {
            std::string hex;
            for (std::size_t i = done; i < std::min(done + BYTES_A_LINE, count); i++) {
                char pair[4];
                std::snprintf(pair, sizeof(pair), "%02x ", bytes_[at_ + i]);
                hex += pair;
            }
            char start[64];
            std::snprintf(start, sizeof(start), "%5zu  %-25s", at_ + done, hex.c_str());
            std::string text = start;
            if (done == 0) {
                char named[32];
                std::snprintf(named, sizeof(named), "%-12s ", name.c_str());
                text += named + meaning;
            }
            text.erase(text.find_last_not_of(' ') + 1);
            body_ += text + "\n";
        }
        at_ += count;
    }

    bool wrong(const std::string &what) {
        body_ += "       " + what + "\n";
        return false;
    }

    bool enough(std::size_t count, const std::string &name) {
        if (left() >= count) {
            return true;
        }
        const std::size_t missing = count - left();
        if (left() != 0) {
            line(left(), name, "");
        }
        return wrong(std::to_string(missing) + (missing == 1 ? " byte is" : " bytes are") +
                     " missing of `" + name + "`");
    }

    std::uint64_t number(std::size_t count) const {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < count; i++) {
            value |= std::uint64_t{bytes_[at_ + i]} << (8 * i);
        }
        return value;
    }

    bool find_protocol() {
        if (!enough(2, "letters")) {
            return false;
        }
        const std::string letters(bytes_.begin(), bytes_.begin() + 2);
        for (const wire_protocol_rows *rows : wire_protocols) {
            if (rows->magic.letters[0] == bytes_[0] && rows->magic.letters[1] == bytes_[1]) {
                rows_ = rows;
                line(2, "letters", letters + ": the protocol " + rows->name);
                return true;
            }
        }
        line(2, "letters", "");
        return wrong("no protocol has these letters");
    }

    bool find_op() {
        if (!enough(1, "op")) {
            return false;
        }
        const std::uint8_t byte = bytes_[at_];
        direction_ = (byte & WIRE_REPLY_BIT) != 0 ? WIRE_REPLY : WIRE_REQUEST;
        const auto plain = static_cast<std::uint8_t>(byte & ~WIRE_REPLY_BIT);
        op_ = wire_op_find(rows_, plain);
        title_ = std::string(rows_->name) + " " +
                 (op_ != nullptr ? op_->name : "operation " + std::to_string(plain)) +
                 (direction_ == WIRE_REPLY ? " reply, " : " request, ") +
                 std::to_string(bytes_.size()) + " bytes\n";
        line(1, "op", op_ != nullptr ? std::string(op_->name) + ": " + op_->meaning : "");
        return true;
    }

    bool header() {
        if (!find_protocol() || !enough(1, "version")) {
            return false;
        }
        const std::uint8_t version = bytes_[at_];
        line(1, "version", std::to_string(version));
        if (version != WIRE_VERSION) {
            return wrong("known is version " + std::to_string(WIRE_VERSION));
        }
        if (!find_op() || (direction_ == WIRE_REPLY && !status()) || !enough(8, "nonce")) {
            return false;
        }
        line(8, "nonce", std::to_string(number(8)));
        return op_ != nullptr || refused_ || wrong("the protocol has no such operation");
    }

    bool status() {
        if (!enough(1, "status")) {
            return false;
        }
        const char *name = status_name_of(bytes_[at_]);
        refused_ = bytes_[at_] != WIRE_OK;
        line(1, "status", name != nullptr ? name : "");
        return name != nullptr || wrong("there is no such status");
    }

    bool fields() {
        const std::uint64_t mask = refused_ ? 0 : op_->fields[direction_];
        for (std::uint32_t i = 0; i < rows_->field_count; i++) {
            if (((mask >> i) & 1) != 0 && !field(rows_->fields[i])) {
                return false;
            }
        }
        return true;
    }

    bool field(const wire_field &one) {
        if (one.type == WIRE_BYTES) {
            if (!enough(2, one.name)) {
                return false;
            }
            const auto count = static_cast<std::size_t>(number(2));
            line(2, one.name, std::to_string(count) + " bytes: " + one.meaning);
            if (!enough(count, one.name)) {
                return false;
            }
            if (count != 0) {
                line(count, "", text_of(count));
            }
            return true;
        }
        const std::size_t width = WIDTHS.at(one.type);
        if (!enough(width, one.name)) {
            return false;
        }
        line(width, one.name, std::to_string(number(width)) + ": " + one.meaning);
        return true;
    }

    std::string text_of(std::size_t count) const {
        std::string text = "\"";
        for (std::size_t i = 0; i < count; i++) {
            const char letter = static_cast<char>(bytes_[at_ + i]);
            text += letter >= ' ' && letter <= '~' ? letter : '.';
        }
        return text + "\"";
    }

    bool nothing_behind() {
        if (left() == 0) {
            return true;
        }
        const std::size_t more = left();
        line(more, "", "");
        return wrong(std::to_string(more) + (more == 1 ? " byte" : " bytes") + " too many");
    }

    const std::vector<std::uint8_t> &bytes_;
    std::size_t at_ = 0;
    const wire_protocol_rows *rows_ = nullptr;
    const wire_op *op_ = nullptr;
    wire_direction direction_ = WIRE_REQUEST;
    bool refused_ = false;
    std::string title_ = "no message\n";
    std::string body_;
};

int digit_of(char letter) {
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    const char lower = static_cast<char>(letter | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

dissection dissect(const std::vector<std::uint8_t> &bytes) {
    return reader(bytes).run();
}

bool bytes_of_hex(const std::string &text, std::vector<std::uint8_t> &out) {
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == ' ' || text[i] == ':' || text[i] == '\t') {
            i++;
            continue;
        }
        const int high = digit_of(text[i]);
        const int low = i + 1 < text.size() ? digit_of(text[i + 1]) : -1;
        if (high < 0 || low < 0) {
            return false;
        }
        out.push_back(static_cast<std::uint8_t>(high * 16 + low));
        i += 2;
    }
    return true;
}

}  // namespace wire
