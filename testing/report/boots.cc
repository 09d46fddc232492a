// testing/report/boots.cc: see boots.h.
#include "testing/report/boots.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace report {
namespace {

// A folder of its own, gone with the object.
class scratch {
  public:
    scratch() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "tessera-report.XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("no folder can be made for what a boot leaves: " + pattern);
        }
        path_ = pattern;
    }
    ~scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    scratch(const scratch &) = delete;
    scratch &operator=(const scratch &) = delete;

    const std::string &path() const {
        return path_;
    }

  private:
    std::string path_;
};

// Its output goes to `output`; the status with which it ended.
int run(std::vector<std::string> command, const std::string &output) {
    std::vector<char *> words;
    for (std::string &word : command) {
        words.push_back(word.data());
    }
    words.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output.c_str(), O_CREAT | O_WRONLY,
                                     S_IRUSR | S_IWUSR);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    pid_t child = 0;
    const int failed = posix_spawn(&child, words[0], &files, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    int status = 0;
    if (failed != 0 || waitpid(child, &status, 0) != child) {
        throw std::runtime_error(command[0] + ": can't be run");
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

std::string area_of(const std::string &text) {
    const std::size_t colon = text.find(": ");
    if (colon == std::string::npos || text.compare(0, colon, "selftest") != 0) {
        return text.substr(0, colon);
    }
    return text.substr(0, text.find(' ', colon + 2));
}

}  // namespace

std::string read_file(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw std::runtime_error(path + ": can't be read");
    }
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

boot boot_image(const std::string &runner, const std::vector<std::string> &flags) {
    const scratch outputs;
    setenv("TEST_UNDECLARED_OUTPUTS_DIR", outputs.path().c_str(), 1);
    const std::string said = outputs.path() + "/said.txt";
    std::vector<std::string> command = {runner};
    command.insert(command.end(), flags.begin(), flags.end());
    if (run(command, said) != 0) {
        throw std::runtime_error(runner + " failed:\n" + read_file(said));
    }
    boot out;
    out.log = read_file(outputs.path() + "/uart.log");
    out.log.erase(std::remove(out.log.begin(), out.log.end(), '\r'), out.log.end());
    out.markers = markers_of(read_file(outputs.path() + "/times.json"));
    out.gate_s = gate_of(read_file(outputs.path() + "/verdict.txt"));
    return out;
}

std::vector<marker> markers_of(const std::string &times_json) {
    std::vector<marker> out;
    try {
        const auto root = nlohmann::json::parse(times_json);
        for (const auto &entry : root.at("markers")) {
            if (!entry.at("at_ns").is_null()) {
                out.push_back({entry.at("text"), entry.at("at_ns")});
            }
        }
    } catch (const nlohmann::json::exception &error) {
        throw std::runtime_error(std::string("times of markers: ") + error.what());
    }
    return out;
}

std::uint64_t gate_of(const std::string &verdict) {
    constexpr char BEFORE[] = " % of the ";
    const std::size_t at = verdict.find(BEFORE);
    if (at == std::string::npos) {
        return 0;
    }
    std::istringstream words(verdict.substr(at + sizeof(BEFORE) - 1));
    std::uint64_t seconds = 0;
    std::string unit;
    words >> seconds >> unit;
    return unit == "s" ? seconds : 0;
}

std::vector<phase> phases_of(const std::vector<marker> &markers) {
    std::vector<phase> out;
    std::map<std::string, std::size_t> place;
    std::uint64_t before_ns = 0;
    for (std::size_t i = 0; i < markers.size(); i++) {
        const std::string area = i == 0 ? "firmware" : area_of(markers[i].text);
        const auto [found, is_new] = place.emplace(area, out.size());
        if (is_new) {
            out.push_back({area, 0});
        }
        const std::uint64_t at_ns = std::max(markers[i].at_ns, before_ns);
        out[found->second].ns += at_ns - before_ns;
        before_ns = at_ns;
    }
    return out;
}

std::uint64_t median(std::vector<std::uint64_t> values) {
    if (values.empty()) {
        return 0;
    }
    std::sort(values.begin(), values.end());
    return values[(values.size() - 1) / 2];
}

}  // namespace report
