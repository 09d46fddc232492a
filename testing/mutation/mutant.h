/* testing/mutation/mutant.h: which mutant is on. Included by mutated C files and by the runner.
 *
 * One mutant at a time, or none, is on in a process. Every place that asks is noted, whatever the
 * answer, so that a run without a mutant says which tests can kill which. Each mutated file
 * registers its table before main. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct mutant_row {
    const char *file;
    const char *change;
    const char *line_text;
    unsigned line;
    unsigned occurrence;
};

struct mutant_table {
    const struct mutant_row *rows;
    unsigned count;
    unsigned first; /* Number of its first mutant in this program. */
    struct mutant_table *next;
};

#define MUTANT_NONE (~0u)

extern unsigned mutant_active;
extern unsigned char *mutant_reached; /* A byte a mutant; shared by the runner's processes. */

void mutant_register(struct mutant_table *table);

static inline int mutant_ask(unsigned number) {
    mutant_reached[number] = 1;
    return number == mutant_active;
}

#ifdef __cplusplus
}
#endif
