// testing/cbmc/transfer.c: frames on their way from one message page to another.
#include "kernel/core/transfer.h"

#include "testing/cbmc/prove.h"

enum {
    AREA_WORDS = sizeof(struct message_area) / 8,
    PAYLOAD_WORDS = FRAME_PAYLOAD_MAX / 8,
    HEAD_WORDS = offsetof(struct message_area, payload) / 8,
};

// What lies in the pages of two tasks; as words, for so the kernel moves them.
static uint64_t from_words[AREA_WORDS];
static uint64_t to_words[AREA_WORDS];
static struct task sender;

int main(void) {
    uint64_t given[AREA_WORDS];
    uint64_t before[AREA_WORDS];
    for (uint32_t i = 0; i < AREA_WORDS; i++) {
        from_words[i] = given[i] = nondet_u64();
        to_words[i] = before[i] = nondet_u64();
    }
    const struct message_area *from = (const struct message_area *)(const void *)from_words;
    struct message_area *to = (struct message_area *)(void *)to_words;
    sender.service_id = nondet_u64();
    sender.instance = nondet_u32();
    uint64_t badge = nondet_u64();

    uint64_t word = frame_word_load(from);
    enum status status = frame_word_check(word);
    uint32_t len = frame_word_len(word);
    PROVE((status == STATUS_TOO_LARGE) == (len > FRAME_PAYLOAD_MAX), "too long, and only that");
    PROVE(status != STATUS_OK || frame_word_flags(word) == 0, "no flag passes unseen");
    GIVEN(status == STATUS_OK);

    // The length was loaded once: what the sender's page says from here on does not matter.
    from_words[HEAD_WORDS - 1] = nondet_u64();
    frame_copy(to, from, word, &sender, badge);

    uint32_t rest = len % 8;
    for (uint32_t i = 0; i < PAYLOAD_WORDS; i++) {
        uint64_t wanted = given[HEAD_WORDS + i];
        if (i == len / 8) {
            uint64_t kept = (UINT64_C(1) << (rest * 8)) - 1;
            wanted = rest == 0 ? before[HEAD_WORDS + i] : wanted & kept;
        } else if (i > len / 8) {
            wanted = before[HEAD_WORDS + i];
        }
        PROVE(to_words[HEAD_WORDS + i] == wanted, "the bytes, zeros to a whole word, no more");
    }
    const uint64_t instance = sender.instance;
    PROVE(to_words[0] == sender.service_id && to_words[1] == badge && to_words[2] == instance &&
              to_words[3] == 0,
          "identity is the kernel's, and no slot");
    PROVE(to_words[4] == instance, "the kernel says who sends");
    PROVE(to_words[5] == word && frame_word_len(to_words[5]) == len, "the checked length arrives");
    return 0;
}
