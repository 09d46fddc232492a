// Programs with one planted mistake each, chosen by the first argument. A sanitizer must stop every
// one of them.
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int shared_count;

static void overflow_heap(void) {
    volatile size_t count = 4;  // volatile: or the compiler finds the mistake
    int *volatile numbers = malloc(count * sizeof(*numbers));
    if (numbers != NULL) {
        ((volatile int *)numbers)[count] = 1;
    }
    free(numbers);
}

static void use_after_free(void) {
    int *volatile number = malloc(sizeof(*number));  // volatile: or the compiler finds the mistake
    int *volatile same = number;
    free(number);
    *(volatile int *)same = 1;
}

static void overflow_int(void) {
    volatile int big = INT_MAX;
    volatile int sum = big + 1;
    (void)sum;
}

static void leak(void) {
    void *volatile lost = malloc(100);
    lost = NULL;
    (void)lost;
}

static void *count_up(void *unused) {
    (void)unused;
    for (int i = 0; i < 1000; i++) {
        shared_count++;
    }
    return NULL;
}

static void race(void) {
    pthread_t other;
    if (pthread_create(&other, NULL, count_up, NULL) != 0) {
        exit(2);
    }
    count_up(NULL);
    pthread_join(other, NULL);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } mistakes[] = {
        {"overflow_heap", overflow_heap},
        {"use_after_free", use_after_free},
        {"overflow_int", overflow_int},
        {"leak", leak},
        {"race", race},
    };
    for (size_t i = 0; argc == 2 && i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        if (strcmp(argv[1], mistakes[i].name) == 0) {
            mistakes[i].run();
            puts("not noticed");
            return 0;
        }
    }
    fputs("usage: planted MISTAKE\n", stderr);
    return 2;
}
