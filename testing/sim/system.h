// testing/sim/system.h: what a test puts the real system together from: a boot image whose manifest
// and policies are the test's, and the services as programs of the simulation.
// Ownership: a boot_view is owned by the test; the image that it finishes lives as long as it.
// Errors:    EXPECTs that fail.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include "ipc/types.h"
#include "ipc/wire/policy_action.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/manifest.h"
#include "runtime/runtime.h"
#include "runtime/slots.h"
#include "services/init/service.h"
#include "services/logd/service.h"
#include "services/policyd/policy.h"
#include "services/policyd/service.h"
#include "services/samgrd/service.h"
#include "testing/sim/machine.h"

namespace simtest {

inline constexpr std::uint32_t BOOT_VIEW_PAGES = 6;

// A boot image as init and policyd see it: the manifest and the policies are the test's, the
// programs stand where the simulation has put them.
class boot_view {
  public:
    void service(const char *name, std::uint32_t flags, std::uint32_t restarts,
                 const std::vector<manifest_grant> &grants, std::uint32_t argument = 0) {
        manifest_service made{};
        std::strcpy(made.name, name);
        std::strcpy(made.program, name);
        made.service_id = service_id_of(name, std::strlen(name));
        made.grant_first = static_cast<std::uint32_t>(grants_.size());
        made.grant_count = static_cast<std::uint32_t>(grants.size());
        made.flags = flags | MANIFEST_AUTOSTART;
        made.hart = MANIFEST_HART_ANY;
        made.restart_budget = restarts;
        made.argument = argument;
        made.limits = task_limits_pack({192, 0, 2, 4, 63});
        const bool grants_made =
            std::any_of(grants.begin(), grants.end(), [](const manifest_grant &one) {
                return one.kind == MANIFEST_GRANT_FACTORY && (one.rights & RIGHT_MAKE_GRANT) != 0;
            });
        made.shares = task_shares_pack({0, grants_made ? 64U : 0U});
        grants_.insert(grants_.end(), grants.begin(), grants.end());
        services_.push_back(made);
    }

    void service(const char *name, std::uint32_t flags, std::uint32_t restarts,
                 const std::vector<manifest_grant> &grants, task_limits limits) {
        service(name, flags, restarts, grants);
        services_.back().limits = task_limits_pack(limits);
    }

    // Of the service that was added last.
    void argument(std::uint32_t argument) {
        services_.back().argument = argument;
    }
    void limits(task_limits limits) {
        services_.back().limits = task_limits_pack(limits);
    }
    void highest_class(std::uint64_t qos) {
        services_.back().limits |= qos << TASK_LIMIT_QOS_SHIFT;
    }

    // One that init does not start: others do, by a factory.
    void program(const char *name) {
        service(name, 0, 0, {});
        services_.back().flags = 0;
    }

    void policy(std::vector<policy_row> rows) {
        policies_.push_back(std::move(rows));
    }

    // The bytes live as long as this.
    const void *finish() {
        header_ = {};
        header_.magic = BOOT_IMAGE_MAGIC;
        header_.abi_version = ABI_VERSION;
        header_.hart_count = sim_hart_count();
        manifest_header manifest{MANIFEST_MAGIC, static_cast<std::uint32_t>(services_.size()),
                                 static_cast<std::uint32_t>(grants_.size())};
        begin_entry("manifest", BOOT_IMAGE_MANIFEST);
        append(&manifest, sizeof(manifest));
        append(services_.data(), services_.size() * sizeof(services_[0]));
        append(grants_.data(), grants_.size() * sizeof(grants_[0]));
        for (const std::vector<policy_row> &rows : policies_) {
            const policy_header head{POLICY_MAGIC, static_cast<std::uint32_t>(rows.size()), 0};
            begin_entry("policy" + std::to_string(pages_), BOOT_IMAGE_DATA);
            append(&head, sizeof(head));
            append(rows.data(), rows.size() * sizeof(rows[0]));
        }
        for (const manifest_service &one : services_) {
            boot_image_entry *entry = new_entry(one.program, BOOT_IMAGE_PROGRAM);
            EXPECT_TRUE(sim_program_find(one.program, &entry->offset, &entry->bytes));
            header_.bytes = std::max(header_.bytes, entry->offset + entry->bytes);
        }
        header_.bytes = std::max<std::uint64_t>(header_.bytes, sizeof(image_));
        std::memcpy(image_, &header_, sizeof(header_));
        return image_;
    }

  private:
    boot_image_entry *new_entry(const std::string &name, boot_image_kind kind) {
        auto *entries = reinterpret_cast<boot_image_entry *>(image_ + sizeof(header_));
        boot_image_entry *entry = &entries[header_.entry_count++];
        std::strcpy(entry->name, name.c_str());
        entry->kind = kind;
        return entry;
    }

    static std::uint32_t pages_of(std::uint64_t bytes) {
        return static_cast<std::uint32_t>((bytes + BOOT_IMAGE_ALIGN - 1) / BOOT_IMAGE_ALIGN);
    }

    // Data entries start on pages of their own.
    void begin_entry(const std::string &name, boot_image_kind kind) {
        pages_ += current_ == nullptr ? 1 : pages_of(current_->bytes);
        current_ = new_entry(name, kind);
        current_->offset = pages_ * BOOT_IMAGE_ALIGN;
    }

    void append(const void *bytes, std::size_t count) {
        ASSERT_LE(current_->offset + current_->bytes + count, sizeof(image_));
        std::memcpy(image_ + current_->offset + current_->bytes, bytes, count);
        current_->bytes += count;
    }

    std::vector<manifest_service> services_;
    std::vector<manifest_grant> grants_;
    std::vector<std::vector<policy_row>> policies_;
    boot_image_header header_;
    boot_image_entry *current_ = nullptr;
    std::uint32_t pages_ = 0;
    alignas(8) std::uint8_t image_[BOOT_VIEW_PAGES * BOOT_IMAGE_ALIGN] = {};
};

inline std::uint64_t id_of(const char *name) {
    return service_id_named(name).value;
}

inline manifest_grant console() {
    return {MANIFEST_GRANT_CONSOLE, SLOT_CONSOLE, RIGHTS_CONSOLE, 0, 0};
}
inline manifest_grant to_init() {
    return {MANIFEST_GRANT_ROUTE, SLOT_INIT, RIGHT_CALL, MANIFEST_TARGET_INIT, 0};
}
inline manifest_grant receives(std::uint32_t slot) {
    return {MANIFEST_GRANT_ENDPOINT, slot, RIGHT_RECV, 0, 0};
}
inline manifest_grant route_to(std::uint32_t slot, std::uint32_t target) {
    return {MANIFEST_GRANT_ROUTE, slot, RIGHT_CALL, target, 0};
}

// policyd and samgrd, the first two services of a system; policyd sends what it denies to service
// `logd` if that is not one of the two.
inline void add_routing(boot_view &view, std::uint32_t logd) {
    std::vector<manifest_grant> policyd = {
        console(),
        to_init(),
        receives(SLOT_ENDPOINT),
        {MANIFEST_GRANT_FAMILY, POLICYD_SLOT_FAMILY, RIGHTS_GRANT, 0, 0}};
    if (logd > 1) {
        policyd.push_back({MANIFEST_GRANT_ROUTE, POLICYD_SLOT_LOGD, RIGHT_SEND, logd, 0});
    }
    view.service("policyd", MANIFEST_CRITICAL, 1, policyd);
    view.service("samgrd", MANIFEST_CRITICAL, 1,
                 {console(), to_init(), receives(SLOT_ENDPOINT), route_to(SAMGRD_SLOT_POLICYD, 0)});
}

// Rows rise by subject, object and action.
inline std::vector<policy_row> sorted(std::vector<policy_row> rows) {
    std::sort(rows.begin(), rows.end(), [](const policy_row &one, const policy_row &other) {
        return std::tie(one.subject, one.object, one.action) <
               std::tie(other.subject, other.object, other.action);
    });
    return rows;
}

inline policy_row allow(const char *subject, policy_action action, const char *object) {
    return {id_of(subject), id_of(object), static_cast<std::uint32_t>(action), 3};
}

inline runtime runtime_of(user &self) {
    runtime made;
    runtime_init(&made, self.page, self.argument, self.instance);
    return made;
}

// One for each run: init's and policyd's view of the same image.
inline const void *image_of_run = nullptr;

// init, with that image; ends when its final service has.
inline void run_system(user &self, boot_view &view) {
    runtime made = runtime_of(self);
    image_of_run = view.finish();
    const int code = init_main(&made, image_of_run);
    if (code != 0) {
        sys_task_exit(static_cast<std::uint64_t>(code));
    }
}

inline void run_policyd(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(policyd_main(&made, image_of_run)));
}

inline void run_samgrd(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(samgrd_main(&made)));
}

inline void run_logd(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(logd_main(&made)));
}

}  // namespace simtest
