// testing/mutation/example.h: something small to break, for mutation_test.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

// The sum of those of `count` numbers that are at least `least`.
int example_sum(const int *numbers, int count, int least);

#ifdef __cplusplus
}
#endif
