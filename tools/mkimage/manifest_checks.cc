// tools/mkimage/manifest_checks.cc: names, ids, slots, routes, no cycle among those that wait, an
// order in which what a service waits for is there, and room for what is sent (sends.h).
#include "tools/mkimage/manifest_checks.h"

#include <algorithm>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/device.h"
#include "kernel/abi/identity.h"
#include "services/init/slots.h"
#include "services/statefsd/quotas.h"
#include "services/virtioblkd/parts.h"
#include "tools/mkimage/sends.h"
#include "tools/mkimage/waits.h"

namespace mkimage {
namespace {

constexpr std::size_t NOBODY = static_cast<std::size_t>(-1);
constexpr std::uint32_t SLOT_OF_THE_IMAGE = 5;  // Of virtioblkd.

class checker {
  public:
    checker(manifest_result &out, const surroundings &around)
        : out_(out), services_(out.contents.services), around_(around) {}

    void check() {
        check_totals();
        for (std::size_t at = 0; at < services_.size(); at++) {
            check_service(at);
            for (const grant &given : services_[at].grants) {
                check_grant(services_[at], given);
            }
        }
        check_slots_of_init();
        check_keeps();
        check_ids();
        check_parts();
        if (out_.mistakes.empty()) {
            check_cycles();
        }
        if (out_.mistakes.empty()) {
            check_needs();
        }
        if (out_.mistakes.empty()) {
            out_.mistakes = crowd_mistakes(out_.contents, around_.sends);
        }
    }

  private:
    void add_mistake(source_place place, std::string message) {
        out_.mistakes.push_back({place, std::move(message)});
    }

    std::size_t find(const std::string &name) const {
        for (std::size_t at = 0; at < services_.size(); at++) {
            if (services_[at].name == name) {
                return at;
            }
        }
        return NOBODY;
    }

    void check_totals() {
        if (services_.empty()) {
            add_mistake({1, 1}, "no service at all");
            return;
        }
        std::size_t grant_count = 0;
        bool has_final = false;
        for (const service &one : services_) {
            grant_count += one.grants.size();
            has_final = has_final || (one.flags & MANIFEST_FINAL) != 0;
        }
        if (!has_final) {
            add_mistake(services_[0].place,
                        "no service is `final`: nothing would ever end the run");
        }
        if (services_.size() > MANIFEST_SERVICE_MAX) {
            add_mistake(services_[MANIFEST_SERVICE_MAX].place, "more than 32 services");
        }
        if (grant_count > MANIFEST_GRANT_MAX) {
            add_mistake(services_[0].place, "more than 128 slots in all");
        }
    }

    // What init holds for them: its task, its endpoint, its family of routes.
    void check_slots_of_init() {
        std::size_t slots = 0;
        for (const service &one : services_) {
            const auto has = [&one](manifest_grant_kind kind) {
                return std::ranges::any_of(
                    one.grants, [kind](const grant &given) { return given.kind == kind; });
            };
            const std::size_t before = slots;
            slots += (one.flags & MANIFEST_AUTOSTART) != 0;
            slots += has(MANIFEST_GRANT_ENDPOINT) + has(MANIFEST_GRANT_FAMILY);
            if (before <= INIT_SLOTS_SERVICES && slots > INIT_SLOTS_SERVICES) {
                add_mistake(one.place, std::to_string(slots) +
                                           " slots of init in all up to here, one for each task, "
                                           "endpoint and family; it has " +
                                           std::to_string(INIT_SLOTS_SERVICES));
            }
        }
    }

    // What is kept must fit statefsd together.
    void check_keeps() {
        std::size_t rows = 0;
        std::size_t entries = 0;
        for (const service &one : services_) {
            if (one.keeps.empty()) {
                continue;
            }
            rows++;
            entries += one.keeps.at("entries");
            if (find("statefsd") == NOBODY) {
                add_mistake(one.keep_place, "nobody keeps it: no service `statefsd`");
            }
            if (rows > STATE_QUOTA_ROWS_MAX) {
                add_mistake(one.keep_place, "more than " + std::to_string(STATE_QUOTA_ROWS_MAX) +
                                                " services keep something");
            }
            if (entries > STATE_ENTRIES_MAX) {
                add_mistake(one.keep_place, std::to_string(entries) +
                                                " entries in all up to here, statefsd has " +
                                                std::to_string(STATE_ENTRIES_MAX));
            }
        }
    }

    void check_service(std::size_t at) {
        const service &one = services_[at];
        if (one.name == BOOT_IMAGE_INIT_NAME) {
            add_mistake(one.place, "`init` starts the services, it can't be one");
        }
        if (find(one.name) != at) {
            add_mistake(one.place, "`" + one.name + "` stands twice, first in line " +
                                       std::to_string(services_[find(one.name)].place.line));
        }
        if (std::ranges::find(around_.programs, one.program) == around_.programs.end()) {
            add_mistake(one.program_place, "no program `" + one.program + "` in the image");
        }
        if (one.hart != MANIFEST_HART_ANY && one.hart >= around_.hart_count) {
            add_mistake(one.hart_place, "hart " + std::to_string(one.hart) + " of an image for " +
                                            std::to_string(around_.hart_count) + " harts");
        }
        if ((one.flags & MANIFEST_AUTOSTART) == 0 &&
            ((one.flags & MANIFEST_FINAL) != 0 || !one.grants.empty())) {
            add_mistake(one.place, "`" + one.name +
                                       "` is `manual`: who starts it gives it its slots, and "
                                       "init does not wait for its end");
        }
        for (std::size_t slot = 0; slot < one.grants.size(); slot++) {
            check_slot(one, slot);
        }
    }

    void check_slot(const service &one, std::size_t at) {
        const grant &given = one.grants[at];
        if (given.slot == CAP_SLOT_NONE || given.slot >= CAP_SLOT_COUNT) {
            add_mistake(given.place, "slots are 1 to 63");
        }
        for (std::size_t other = 0; other < at; other++) {
            if (one.grants[other].slot == given.slot) {
                add_mistake(given.place, "slot " + std::to_string(given.slot) +
                                             " is already filled in line " +
                                             std::to_string(one.grants[other].place.line));
            }
        }
    }

    void check_grant(const service &one, const grant &given) {
        if (given.kind == MANIFEST_GRANT_FACTORY) {
            check_factory(given);
        }
        if (given.kind == MANIFEST_GRANT_DEVICE) {
            check_device(given);
        }
        if (given.kind != MANIFEST_GRANT_ROUTE || given.target == BOOT_IMAGE_INIT_NAME) {
            return;
        }
        const std::size_t target = find(given.target);
        if (target == NOBODY) {
            add_mistake(given.target_place, "no service `" + given.target + "`");
        } else if ((services_[target].flags & MANIFEST_AUTOSTART) == 0) {
            add_mistake(given.target_place,
                        "`" + given.target + "` is `manual`: init has no route to it");
        } else if (services_[target].name == one.name) {
            add_mistake(given.target_place, "a route of `" + one.name + "` to itself");
        }
    }

    void check_factory(const grant &given) {
        if ((given.rights & RIGHT_MAKE_TASK) != 0 && given.target.empty()) {
            add_mistake(given.place, "a factory of tasks says `of` which service");
        }
        if (!given.target.empty() && given.target != ANY_PROGRAM && find(given.target) == NOBODY) {
            add_mistake(given.target_place, "no service `" + given.target + "`");
        }
    }

    void check_device(const grant &given) {
        if (device_id_of(given.target) == DEVICE_ID_NONE) {
            add_mistake(given.target_place,
                        "no device is called `" + given.target +
                            "`: virtio_net, virtio_blk, virtio_console or virtio_rng");
        }
        if ((given.rights & RIGHT_DEVICE_DMA) != 0 &&
            (given.badge == 0 || given.badge > DEVICE_ARENA_PAGES_MAX)) {
            add_mistake(given.place, "a DMA arena has 1 to 64 pages");
        }
        // A device has one holder at a time.
        for (const service &one : services_) {
            for (const grant &other : one.grants) {
                if (&other == &given) {
                    return;
                }
                if (other.kind == MANIFEST_GRANT_DEVICE && other.target == given.target &&
                    other.number == given.number) {
                    add_mistake(given.target_place, "`" + given.target +
                                                        "` is already given in line " +
                                                        std::to_string(other.place.line));
                }
            }
        }
    }

    void check_ids() {
        std::vector<std::pair<std::string, std::uint64_t>> ids;
        std::vector<std::string> names = around_.programs;
        for (const service &one : services_) {
            names.push_back(one.name);
        }
        std::ranges::sort(names);
        names.erase(std::ranges::unique(names).begin(), names.end());
        for (const std::string &name : names) {
            ids.emplace_back(name, service_id_of(name));
        }
        for (std::string &message : id_mistakes(ids)) {
            add_mistake({1, 1}, std::move(message));
        }
    }

    // Parts of the disk: each to one service, and whoever drives the disk sees how it is divided.
    void check_parts() {
        std::size_t count = 0;
        for (std::size_t at = 0; at < services_.size(); at++) {
            const service &one = services_[at];
            count += one.sectors != 0;
            for (std::size_t other = 0; other < at && one.sectors != 0; other++) {
                const service &before = services_[other];
                if (one.first_sector < before.first_sector + before.sectors &&
                    before.first_sector < one.first_sector + one.sectors) {
                    add_mistake(one.sectors_place,
                                "these sectors overlap those of `" + before.name + "`");
                }
            }
            if (one.sectors != 0 && count == PARTS_MAX + 1) {
                add_mistake(one.sectors_place,
                            "a disk has at most " + std::to_string(PARTS_MAX) + " parts");
            }
        }
        for (const service &one : services_) {
            if (count != 0 && drives_disk(one) && !sees_image(one)) {
                add_mistake(one.place, "`" + one.name +
                                           "` drives a disk that is divided and would not know: "
                                           "`slot 5 image read`");
            }
        }
    }

    static bool drives_disk(const service &one) {
        return std::ranges::any_of(one.grants, [](const grant &given) {
            return given.kind == MANIFEST_GRANT_DEVICE && given.target == "virtio_blk";
        });
    }

    static bool sees_image(const service &one) {
        return std::ranges::any_of(one.grants, [](const grant &given) {
            return given.kind == MANIFEST_GRANT_IMAGE && given.slot == SLOT_OF_THE_IMAGE;
        });
    }

    // Follows calls from each service; a path that comes back to where it began is named.
    void check_cycles() {
        waits_ = waits_of(out_.contents, around_.calls);
        for (std::size_t start = 0; start < services_.size(); start++) {
            std::vector<const wait *> came_by(services_.size(), nullptr);
            std::vector<std::size_t> pending = {start};
            while (!pending.empty()) {
                const std::size_t at = pending.back();
                pending.pop_back();
                if (follow_calls(start, at, came_by, pending)) {
                    return;
                }
            }
        }
    }

    bool follow_calls(std::size_t start, std::size_t at, std::vector<const wait *> &came_by,
                      std::vector<std::size_t> &pending) {
        for (const wait &one : waits_) {
            if (one.from != at) {
                continue;
            }
            if (one.to == start) {
                name_cycle(start, one, came_by);
                return true;
            }
            if (came_by[one.to] == nullptr) {
                came_by[one.to] = &one;
                pending.push_back(one.to);
            }
        }
        return false;
    }

    // What a route of the manifest says that a service needs: somebody who receives there, and, to
    // wait for, one who has started before it. (A call by name is answered when its target is up.)
    void check_needs() {
        for (std::size_t at = 0; at < services_.size(); at++) {
            for (const grant &given : services_[at].grants) {
                if (given.kind == MANIFEST_GRANT_ROUTE && given.target != BOOT_IMAGE_INIT_NAME) {
                    check_need(at, given);
                }
            }
        }
    }

    void check_need(std::size_t at, const grant &given) {
        const std::size_t target = find(given.target);
        const auto receives = [](const grant &one) { return one.kind == MANIFEST_GRANT_ENDPOINT; };
        if (std::ranges::none_of(services_[target].grants, receives)) {
            add_mistake(given.target_place,
                        "`" + given.target + "` has no endpoint: nobody would receive that");
        } else if ((given.rights & RIGHT_CALL) != 0 && target > at) {
            add_mistake(given.target_place,
                        "`" + services_[at].name + "` waits for `" + given.target +
                            "`, which starts after it: move line " +
                            std::to_string(services_[target].place.line) + " up, before line " +
                            std::to_string(services_[at].place.line));
        }
    }

    void name_cycle(std::size_t start, const wait &last, const std::vector<const wait *> &came_by) {
        std::string path = services_[start].name;
        const wait *step = &last;
        while (true) {  // Ends: came_by leads back to the start.
            path = services_[step->from].name + " -> " + step->why + path;
            if (step->from == start) {
                break;
            }
            step = came_by[step->from];
        }
        add_mistake(last.place, "routes that wait form a cycle, which could deadlock: " + path);
    }

    manifest_result &out_;
    const std::vector<service> &services_;
    const surroundings &around_;
    std::vector<wait> waits_;
};

}  // namespace

std::uint32_t device_id_of(std::string_view name) {
    static const std::pair<std::string_view, std::uint32_t> names[] = {
        {"virtio_net", DEVICE_ID_NET},
        {"virtio_blk", DEVICE_ID_BLOCK},
        {"virtio_console", DEVICE_ID_CONSOLE},
        {"virtio_rng", DEVICE_ID_ENTROPY},
    };
    for (const auto &[known, id] : names) {
        if (known == name) {
            return id;
        }
    }
    return DEVICE_ID_NONE;
}

std::uint64_t service_id_of(std::string_view name) {
    return ::service_id_of(name.data(), name.size());
}

std::vector<std::string> id_mistakes(
    const std::vector<std::pair<std::string, std::uint64_t>> &ids) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < ids.size(); at++) {
        for (std::size_t other = 0; other < at; other++) {
            if (ids[other].second == ids[at].second) {
                out.push_back("the names `" + ids[other].first + "` and `" + ids[at].first +
                              "` hash to the same service_id: change one");
            }
        }
    }
    return out;
}

void manifest_check(manifest_result &out, const surroundings &around) {
    checker(out, around).check();
}

}  // namespace mkimage
