// tools/mkimage/manifest_binary.cc: the checked manifest as init reads it (kernel/abi/manifest.h).
#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/task.h"
#include "services/statefsd/quotas.h"
#include "services/virtioblkd/parts.h"
#include "tools/mkimage/image_bytes.h"
#include "tools/mkimage/manifest.h"

namespace mkimage {
namespace {

std::uint32_t target_index(const manifest &contents, const grant &given) {
    if (given.target.empty()) {
        return MANIFEST_HART_ANY;
    }
    if (given.target == ANY_PROGRAM) {
        return MANIFEST_TARGET_PROGRAMS;
    }
    if (given.kind == MANIFEST_GRANT_DEVICE) {
        return device_id_of(given.target) | (given.number - 1) << MANIFEST_DEVICE_NUMBER_SHIFT;
    }
    for (std::size_t at = 0; at < contents.services.size(); at++) {
        if (contents.services[at].name == given.target) {
            return static_cast<std::uint32_t>(at);
        }
    }
    return MANIFEST_TARGET_INIT;
}

bool makes(const service &one, std::uint32_t right) {
    return std::any_of(one.grants.begin(), one.grants.end(), [=](const grant &given) {
        return given.kind == MANIFEST_GRANT_FACTORY && (given.rights & right) != 0;
    });
}

// What the text does not say. Who makes tasks shares what it has with them.
task_limits default_limits(const service &one) {
    return makes(one, RIGHT_MAKE_TASK) ? task_limits{6144, 16, 24, 24, CAP_SLOT_COUNT - 1}
                                       : task_limits{192, 0, 2, 4, CAP_SLOT_COUNT - 1};
}

// What it says, by its words, in place of that.
void read_said(const service &one,
               std::initializer_list<std::pair<const char *, std::uint32_t *>> places) {
    for (const auto &[word, place] : places) {
        const auto found = one.limits.find(word);
        *place = found != one.limits.end() ? found->second : *place;
    }
}

std::uint64_t limits_of(const service &one) {
    task_limits limits = default_limits(one);
    read_said(one, {{"pages", &limits.pages},
                    {"tasks", &limits.tasks},
                    {"endpoints", &limits.endpoints},
                    {"vmos", &limits.vmos},
                    {"slots", &limits.slots}});
    return task_limits_pack(limits) | task_ceiling_pack(static_cast<qos>(one.qos));
}

std::uint64_t shares_of(const service &one) {
    task_shares shares = {0, makes(one, RIGHT_MAKE_GRANT) ? 64U : 0U};
    read_said(one, {{"cpu", &shares.cpu}, {"grants", &shares.grants}});
    return task_shares_pack(shares);
}

void append_service(std::string &out, const service &one, std::size_t grant_first) {
    append_name(out, one.name);
    append_name(out, one.program);
    append_u64(out, service_id_of(one.name));
    append_u32(out, static_cast<std::uint32_t>(grant_first));
    append_u32(out, static_cast<std::uint32_t>(one.grants.size()));
    append_u32(out, one.flags);
    append_u32(out, one.hart);
    append_u32(out, one.argument);
    append_u32(out, one.restart_budget);
    append_u64(out, limits_of(one));
    append_u64(out, shares_of(one));
}

void append_grant(std::string &out, const manifest &contents, const grant &given) {
    append_u32(out, given.kind);
    append_u32(out, given.slot);
    append_u32(out, given.rights);
    append_u32(out, target_index(contents, given));
    append_u64(out, given.badge);
}

}  // namespace

std::string manifest_binary(const manifest &contents) {
    std::string services;
    std::string grants;
    std::size_t grant_count = 0;
    for (const service &one : contents.services) {
        append_service(services, one, grant_count);
        for (const grant &given : one.grants) {
            append_grant(grants, contents, given);
            grant_count++;
        }
    }
    std::string out;
    append_u64(out, MANIFEST_MAGIC);
    append_u32(out, static_cast<std::uint32_t>(contents.services.size()));
    append_u32(out, static_cast<std::uint32_t>(grant_count));
    return out + services + grants;
}

std::string keep_binary(const manifest &contents) {
    std::map<std::uint64_t, state_quota_row> rows;  // By service_id.
    for (const service &one : contents.services) {
        if (!one.keeps.empty()) {
            const std::uint64_t id = service_id_of(one.name);
            rows[id] = {id, one.keeps.at("entries"), one.keeps.at("bytes")};
        }
    }
    std::string out;
    for (const auto &[id, row] : rows) {
        out.append(reinterpret_cast<const char *>(&row), sizeof(row));
    }
    return out;
}

std::string parts_binary(const manifest &contents) {
    std::vector<disk_part> rows;
    for (const service &one : contents.services) {
        if (one.sectors != 0) {
            rows.push_back({service_id_of(one.name), one.first_sector, one.sectors});
        }
    }
    const parts_header header = {.magic = PARTS_MAGIC, .count = rows.size()};
    std::string out;
    if (!rows.empty()) {
        out.append(reinterpret_cast<const char *>(&header), sizeof(header));
        out.append(reinterpret_cast<const char *>(rows.data()), rows.size() * sizeof(disk_part));
    }
    return out;
}

}  // namespace mkimage
