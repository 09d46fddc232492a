// tools/trace/flame.cc: see flame.h.
#include "tools/trace/flame.h"

#include <map>

#include "tools/trace/perfetto.h"
#include "tools/trace/work.h"

namespace trace {
namespace {

// The tree while it is made: nodes never move.
struct node {
    std::uint64_t own_ns = 0;
    int depth = 0;
    std::map<std::string, node> below;
};

class maker {
  public:
    explicit maker(const model &model) : model_(model), works_(works_of(model)) {}

    node make() {
        places_.assign(model_.calls.size(), nullptr);
        for (std::size_t i = 0; i < model_.calls.size(); i++) {
            if (works_.calls[i].taken) {  // What it is within stands before it.
                places_[i] = &place_below(i);
                places_[i]->own_ns += works_.calls[i].own_ns;
            }
        }
        for (const auto &[task, work] : works_.tasks) {
            root_.below[plain_name(model_, task)].own_ns += work.own_ns;
        }
        return std::move(root_);
    }

  private:
    node &place_below(std::size_t index) {
        const call &call = model_.calls[index];
        const std::size_t within = works_.calls[index].within;
        node &outer =
            within == work::NONE ? root_.below[plain_name(model_, call.caller)] : *places_[within];
        if (outer.depth == FLAME_DEPTH_MAX) {
            return outer;
        }
        node &place = outer.below[plain_name(model_, call.server) + " " + type_name(call.type)];
        place.depth = outer.depth + 1;
        return place;
    }

    const model &model_;
    const works works_;
    node root_;
    std::vector<node *> places_;  // By call: what is done for it.
};

flame flame_from(const std::string &name, const node &from) {
    flame out{name, from.own_ns, {}};
    for (const auto &[below, what] : from.below) {
        out.below.push_back(flame_from(below, what));
    }
    return out;
}

void print_below(const flame &flame, const std::string &path, std::ostream &out) {
    if (flame.own_ns != 0) {
        out << path << ' ' << flame.own_ns << '\n';
    }
    for (const trace::flame &below : flame.below) {
        print_below(below, path.empty() ? below.name : path + ';' + below.name, out);
    }
}

}  // namespace

flame flame_of(const model &model) {
    return flame_from("", maker(model).make());
}

std::uint64_t flame_ns(const flame &flame) {
    std::uint64_t sum_ns = flame.own_ns;
    for (const trace::flame &below : flame.below) {
        sum_ns += flame_ns(below);
    }
    return sum_ns;
}

void print_folded(const flame &flame, std::ostream &out) {
    print_below(flame, "", out);
}

}  // namespace trace
