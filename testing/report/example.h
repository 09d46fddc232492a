// testing/report/example.h: a small report with one of everything, for tests.
#pragma once

#include "testing/report/result.h"

namespace report {

result example();

}  // namespace report
