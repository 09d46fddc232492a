// testing/cbmc/transfer.c: frames on their way from one message page to another. For any frame:
// what is checked, who it says sent it, and all bytes to the length but the whole words, which
// words_copy moves; and for each number of words by itself that words_copy moves just these. (A
// copy of any length at once does not end for 512 bytes: each store might then be to each word.)
#include "base/words.h"

static void words_to_copy(void *to, const void *from, size_t word_count);

// In place of it, where a frame is copied.
#define words_copy words_to_copy
#include "kernel/core/transfer.h"
#undef words_copy

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
static size_t copied;

static void words_to_copy(void *to, const void *from, size_t word_count) {
    PROVE(to == &to_words[HEAD_WORDS] && from == &from_words[HEAD_WORDS], "payload to payload");
    PROVE(word_count <= PAYLOAD_WORDS, "and no more");
    copied = word_count;
}

static void frame(void) {
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
    PROVE(copied == len / 8, "the whole words");
    for (uint32_t i = 0; i < PAYLOAD_WORDS; i++) {
        uint64_t kept = (UINT64_C(1) << (rest * 8)) - 1;
        bool last = i == len / 8 && rest != 0;
        PROVE(to_words[HEAD_WORDS + i] ==
                  (last ? given[HEAD_WORDS + i] & kept : before[HEAD_WORDS + i]),
              "the bytes behind these, zeros to a whole word, no more");
    }
    const uint64_t instance = sender.instance;
    PROVE(to_words[0] == sender.service_id && to_words[1] == badge && to_words[2] == instance &&
              to_words[3] == 0,
          "identity is the kernel's, and no slot");
    PROVE(to_words[4] == instance, "the kernel says who sends");
    PROVE(to_words[5] == word && frame_word_len(to_words[5]) == len, "the checked length arrives");
}

static void words(size_t count) {
    uint64_t from[PAYLOAD_WORDS];
    uint64_t to[PAYLOAD_WORDS];
    uint64_t before[PAYLOAD_WORDS];
    for (uint32_t i = 0; i < PAYLOAD_WORDS; i++) {
        from[i] = nondet_u64();
        to[i] = before[i] = nondet_u64();
    }
    words_copy(to, from, count);
    for (uint32_t i = 0; i < PAYLOAD_WORDS; i++) {
        PROVE(to[i] == (i < count ? from[i] : before[i]), "just these words");
    }
}

int main(void) {
    frame();
    for (size_t count = 0; count <= PAYLOAD_WORDS; count++) {
        words(count);
    }
    return 0;
}
