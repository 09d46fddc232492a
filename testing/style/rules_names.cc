// testing/style/rules_names.cc: what testing/rejections.md names is there.
#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "testing/style/rules.h"

namespace {

const char *const kTable = "testing/rejections.md";
constexpr int kColumns = 3;

std::vector<std::string> cells_of(const std::string &row) {
    std::vector<std::string> cells;
    for (size_t begin = 1; begin < row.size();) {
        const size_t end = std::min(row.find('|', begin), row.size());
        cells.push_back(row.substr(begin, end - begin));
        begin = end + 1;
    }
    return cells;
}

std::vector<std::string> names_in(const std::string &cell) {
    static const std::regex name("`([^`]+)`");
    std::vector<std::string> names;
    for (auto it = std::sregex_iterator(cell.begin(), cell.end(), name);
         it != std::sregex_iterator(); it++) {
        names.push_back((*it)[1]);
    }
    return names;
}

// Of a C++ file a line counts that begins a test, and the one below, where a long name stands: what
// only speaks of a test is none.
bool may_have(const SourceFile &file, size_t line) {
    const auto begins = [&](size_t at) { return file.lines[at].starts_with("TEST"); };
    return !file.path.ends_with(".cc") || begins(line) ||
           (line > 0 && begins(line - 1) && file.lines[line - 1].ends_with(","));
}

// As a whole: what goes on as a word is another name.
bool has_name(const SourceFile &file, const std::string &name) {
    auto ends_word = [](const std::string &line, size_t at) {
        return at >= line.size() || (!isalnum(line[at]) && line[at] != '_');
    };
    for (size_t i = 0; i < file.lines.size(); i++) {
        const std::string &line = file.lines[i];
        for (size_t at = line.find(name); at != std::string::npos; at = line.find(name, at + 1)) {
            if (may_have(file, i) && ends_word(line, at + name.size())) {
                return true;
            }
        }
    }
    return false;
}

class Table {
  public:
    Table(const std::vector<SourceFile> &files, std::vector<Finding> *findings)
        : findings_(findings) {
        for (const SourceFile &file : files) {
            files_[file.path] = &file;
        }
    }

    void check() {
        const auto table = files_.find(kTable);
        if (table == files_.end()) {
            return;
        }
        const std::vector<std::string> &lines = table->second->lines;
        for (size_t i = 0; i < lines.size(); i++) {
            if (lines[i].starts_with("| ") && lines[i].find('`') != std::string::npos) {
                line_ = static_cast<int>(i) + 1;
                check_row(lines[i]);
            }
        }
    }

  private:
    void finds(const std::string &text) {
        findings_->push_back({"rejection", kTable, line_, "", 1, text});
    }

    void check_row(const std::string &row) {
        const std::vector<std::string> cells = cells_of(row);
        if (cells.size() != kColumns) {
            finds("a row has what is refused, tests, and files");
            return;
        }
        std::set<std::string> found;
        for (const std::string &path : names_in(cells[2])) {
            const auto file = files_.find(path);
            bool names_one = false;
            for (const std::string &name : names_in(cells[1])) {
                if (file != files_.end() && has_name(*file->second, name)) {
                    found.insert(name);
                    names_one = true;
                }
            }
            if (!names_one) {
                finds("none of the row's tests is in " + path);
            }
        }
        for (const std::string &name : names_in(cells[1])) {
            if (!found.contains(name)) {
                finds("not in any file of the row: " + name);
            }
        }
    }

    std::map<std::string, const SourceFile *> files_;
    std::vector<Finding> *findings_;
    int line_ = 0;
};

}  // namespace

void check_names(const std::vector<SourceFile> &files, std::vector<Finding> *findings) {
    Table(files, findings).check();
}
