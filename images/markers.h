// images/markers.h: the texts of images/markers.def as constants, so that a mistyped marker does
// not compile. They are formats for the kernel's and the runtime's print functions: `%u` takes an
// unsigned int, `%s` a name. Constant arrays, not a table: a program carries only the texts that
// it names.
#pragma once

#define MARKER_AREA(area)
#define MARKER_FATAL(glob, what)
#define MARKER(name, text) static const char MARKER_##name[] = text;
#include "images/markers.def"
#undef MARKER_AREA
#undef MARKER_FATAL
#undef MARKER
