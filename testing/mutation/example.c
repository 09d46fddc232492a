// testing/mutation/example.c: see example.h.
#include "testing/mutation/example.h"

int example_sum(const int *numbers, int count, int least) {
    int sum = 0;
    for (int i = 0; i < count; i++) {
        if (numbers[i] >= least) {
            sum += numbers[i];
        }
    }
    return sum;
}
