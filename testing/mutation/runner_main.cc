// testing/mutation/runner_main.cc: see runner.h.
#include "testing/mutation/runner.h"

int main(int argc, char **argv) {
    return mutation::run_tests(argc, argv);
}
