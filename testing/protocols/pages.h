// testing/protocols/pages.h: docs/wire.md and docs/route-cache.md, made from the rows that the code
// runs by.
#pragma once

#include <string>

std::string wire_page();
std::string route_page();
