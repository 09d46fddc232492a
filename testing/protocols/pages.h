// testing/protocols/pages.h: docs/wire.md and docs/route-cache.md, made from the rows that the code
// runs by, and docs/example-service.md, made from the files of a service.
#pragma once

#include <functional>
#include <string>

std::string wire_page();
std::string route_page();

// `read` gives the text of a file of the tree by its path.
std::string example_page(const std::function<std::string(const std::string &)> &read);
