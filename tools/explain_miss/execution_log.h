// tools/explain_miss/execution_log.h: the processes of a build, by Bazel's execution log
// (--execution_log_json_file): every one is there, those that a cache answered too.
// Ownership: all values are copies; names of inputs are numbers of the caller's Names.
// Errors:    read_log throws std::runtime_error on text that is not an execution log.
#pragma once
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

// Each text once: a log names the same thousands of toolchain files for each process.
class Names {
  public:
    uint32_t number(const std::string &text);
    const std::string &text(uint32_t number) const {
        return *texts_[number];
    }

  private:
    std::unordered_map<std::string, uint32_t> numbers_;
    std::vector<const std::string *> texts_;
};

struct Process {
    std::string what;  // what Bazel shows while it runs
    std::vector<std::string> command;
    std::map<std::string, std::string> environment;
    std::string platform;
    std::string timeout_ms;
    std::vector<std::string> outputs;     // as promised; the first one names the process
    std::vector<std::string> files;       // as made, folders taken apart
    std::map<uint32_t, uint32_t> inputs;  // path to hash, both in Names
    bool may_be_cached = false;           // by a remote cache
    bool hit = false;
    bool failed = false;

    // The same in every checkout. A process without outputs has only its words.
    std::string identity() const {
        return outputs.empty() ? what : outputs[0];
    }
};

// Calls `take` once a process, in the log's order.
void read_log(std::istream &log, Names &names, const std::function<void(Process)> &take);
