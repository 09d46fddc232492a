// testing/report/page_faults.h: what is wrong with a page as a browser shows it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "testing/browser/browser.h"

namespace report {

// Opens the page of a report and looks whether each chart has as many bars, points and frames as
// the report, as long and where its numbers say, whether all of it can be read and nothing
// complains. `report` is what report.json says. Empty: nothing is wrong.
std::vector<std::string> faults_of(testing_browser::browser &browser, const std::string &path,
                                   const testing_browser::view &view, const nlohmann::json &report);

}  // namespace report
