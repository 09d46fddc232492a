// tools/mkimage/sends.cc: see sends.h.
#include "tools/mkimage/sends.h"

#include <algorithm>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/cap.h"

namespace mkimage {
namespace {

constexpr std::size_t SENDERS_MAX =
    static_cast<std::size_t>(SEND_STORAGE_COUNT) / static_cast<std::size_t>(SEND_QUOTA_DEFAULT);
constexpr const char *TOLD_OF_ENDS = "logd";  // By init.

struct senders {
    std::vector<std::string> names;
    bool has_any_number = false;  // One of them may run more than once.

    void add(const std::string &name) {
        if (std::ranges::find(names, name) == names.end()) {
            names.push_back(name);
        }
    }
};

bool sends_to(const service &from, const service &to) {
    return std::ranges::any_of(from.grants, [&](const grant &given) {
        const bool is_way = given.kind == MANIFEST_GRANT_ROUTE
                                ? given.target == to.name
                                : given.kind == MANIFEST_GRANT_ENDPOINT && from.name == to.name;
        return is_way && (given.rights & RIGHT_SEND) != 0;
    });
}

bool runs_once(const manifest &contents, const std::string &name) {
    const auto found = std::ranges::find(contents.services, name, &service::name);
    return found != contents.services.end() && (found->flags & MANIFEST_AUTOSTART) != 0;
}

senders senders_of(const manifest &contents, const std::vector<allowed_send> &sends,
                   const service &to) {
    senders out;
    if (to.name == TOLD_OF_ENDS) {
        out.add(BOOT_IMAGE_INIT_NAME);
    }
    for (const service &from : contents.services) {
        if (sends_to(from, to)) {
            out.add(from.name);
        }
    }
    for (const allowed_send &send : sends) {
        if (send.to == to.name) {
            out.add(send.from);
            out.has_any_number = out.has_any_number || !runs_once(contents, send.from);
        }
    }
    return out;
}

std::string message_of(const service &to, const senders &all) {
    std::string listed;
    for (const std::string &name : all.names) {
        listed += (listed.empty() ? "" : ", ") + name;
    }
    const std::string count = all.has_any_number ? "any number" : std::to_string(all.names.size());
    return "`" + to.name + "` has room for the sends of " + std::to_string(SENDERS_MAX) + ", and " +
           count + " may send to it: " + listed +
           "; `crowded` says that its senders may be refused";
}

}  // namespace

std::vector<mistake> crowd_mistakes(const manifest &contents,
                                    const std::vector<allowed_send> &sends) {
    std::vector<mistake> mistakes;
    for (const service &to : contents.services) {
        const auto endpoint = std::ranges::find(to.grants, MANIFEST_GRANT_ENDPOINT, &grant::kind);
        if (endpoint == to.grants.end() || endpoint->crowded) {
            continue;
        }
        const senders all = senders_of(contents, sends, to);
        if (all.has_any_number || all.names.size() > SENDERS_MAX) {
            mistakes.push_back({endpoint->place, message_of(to, all)});
        }
    }
    return mistakes;
}

}  // namespace mkimage
