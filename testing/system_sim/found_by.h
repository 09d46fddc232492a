// testing/system_sim/found_by.h: the search for a planted bug, begun where it was found last.
//
// That a bug is found within a range takes one seed of that range, so found_by.def keeps one a bug.
// Any change of what runs may make a row stale: then the whole range is searched, as without a row.
// `./bazelw run` of the test writes the rows anew.
#pragma once

#include "testing/system_sim/seeds.h"

namespace systemsim {

// As seeds_run of a planted bug, but the seed need not be the first of the range with a complaint.
seeds_outcome seeds_find(const seed_options &options, const simtest::seed_range &range);

}  // namespace systemsim
