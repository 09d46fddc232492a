// testing/mutation/survivors.cc: see survivors.h.
#include "testing/mutation/survivors.h"

#include <algorithm>
#include <set>
#include <sstream>

namespace mutation {

namespace {

constexpr std::string_view BECAUSE = "because ";

std::uint64_t hash_of(std::string_view text) {  // FNV-1a
    std::uint64_t hash = 0xcbf29ce484222325;
    for (unsigned char c : text) {
        hash = (hash ^ c) * 0x100000001b3;
    }
    return hash;
}

bool looks_like_one(const std::string &line) {
    const std::size_t number = line.find(" #");
    return number != std::string::npos && line.find(": ", number) != std::string::npos &&
           line.find(' ') < number;
}

}  // namespace

survivor_list read_survivors(std::string_view text) {
    survivor_list out;
    std::istringstream lines{std::string(text)};
    std::string reason;
    std::string line;
    for (std::size_t number = 1; std::getline(lines, line); number++) {
        const std::string place = "line " + std::to_string(number) + ": ";
        if (line.empty() || line[0] == '#') {
            continue;
        }
        if (std::string_view(line).substr(0, BECAUSE.size()) == BECAUSE) {
            reason = line.substr(BECAUSE.size());
        } else if (!looks_like_one(line)) {
            out.mistakes.push_back(place + "neither `because ...` nor `FILE CHANGE #N: TEXT`");
        } else if (reason.empty()) {
            out.mistakes.push_back(place + "a survivor without a reason");
        } else if (!out.reasons.emplace(line, reason).second) {
            out.mistakes.push_back(place + "listed twice");
        }
    }
    return out;
}

bool read_candidate(const std::string &line, std::size_t program, candidate &out) {
    std::vector<std::string> fields;
    std::istringstream words(line);
    for (std::string word; fields.size() < 5 && std::getline(words, word, '\t');) {
        fields.push_back(word);
    }
    std::string text;
    std::getline(words, text);
    if (fields.size() != 5 || text.empty()) {
        return false;
    }
    out.program = program;
    out.number = static_cast<unsigned>(std::stoul(fields[0]));
    out.file = fields[1];
    out.name = fields[1] + " " + fields[2] + " #" + fields[3] + ": " + text;
    return true;
}

std::vector<candidate> sample(std::vector<candidate> all, std::size_t count) {
    std::sort(all.begin(), all.end(), [](const candidate &a, const candidate &b) {
        return std::make_pair(hash_of(a.name), a.name) < std::make_pair(hash_of(b.name), b.name);
    });
    const auto same = [](const candidate &a, const candidate &b) { return a.name == b.name; };
    all.erase(std::unique(all.begin(), all.end(), same), all.end());
    all.resize(std::min(all.size(), count));
    return all;
}

judgement judge(const std::vector<outcome> &outcomes, const survivor_list &list, bool all) {
    judgement out;
    for (const std::string &mistake : list.mistakes) {
        out.complaints.push_back("survivors.txt, " + mistake);
    }
    std::set<identity> met;
    for (const outcome &one : outcomes) {
        const bool listed = list.reasons.count(one.what.name) != 0;
        (one.killed ? out.killed : out.survived)++;
        out.files[one.what.file].first += !one.killed;
        out.files[one.what.file].second++;
        met.insert(one.what.name);
        if (one.killed && listed) {
            out.complaints.push_back("is listed as a survivor and a test kills it: " +
                                     one.what.name);
        } else if (!one.killed && !listed) {
            out.unlisted.push_back(one.what.name);
            out.complaints.push_back((one.reached ? "no test kills: " : "no test reaches: ") +
                                     one.what.name);
        }
    }
    for (const auto &[name, reason] : list.reasons) {
        if (all && met.count(name) == 0) {
            out.complaints.push_back("is listed as a survivor and is not there: " + name);
        }
    }
    return out;
}

}  // namespace mutation
