// testing/mutation/runner.h: the main program of tests that are linked with mutants.
//
//   PROGRAM list              one line a mutant: number, file, change, occurrence, line, its text
//   PROGRAM run JOBS [--test PART,...] [--tries N] NUMBER...
//                             one line a mutant: number, what became of it, by which test
//
// --test: only tests with one of these in their names. --tries: a mutant that N tests have not
// killed survives; so there are at most as many survivors as it says, which it says sooner.
//
// Fields are separated by tabs. First each test runs once without a mutant, which must succeed, and
// says which mutants it reaches; then each mutant meets the tests that reach it, until one fails.
// Every run is a process of its own with a limit of processor time: a mutant may crash or never
// end.
#pragma once

namespace mutation {

// The exit code: 0 done, 2 not.
int run_tests(int argc, char **argv);

}  // namespace mutation
