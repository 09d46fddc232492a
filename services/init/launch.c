// services/init/launch.c: see launch.h.
#include "services/init/launch.h"

#include "kernel/abi/device.h"
#include "kernel/abi/identity.h"
#include "kernel/abi/layout.h"

static struct launch_result outcome(enum status status, const char *step) {
    struct launch_result result = {.status = status, .step = step};
    return result;
}

static struct launch_result make_endpoint(struct launcher *launcher, uint32_t service) {
    const struct manifest_grant *grant = manifest_endpoint_grant(launcher->manifest, service);
    const struct slot factory = slot_at(INIT_SLOT_FACTORY);
    struct slot_result made = grant && (grant->rights & MANIFEST_ACCEPT_CAPS) != 0
                                  ? sys_endpoint_create_accepting(factory)
                                  : sys_endpoint_create(factory);
    if (made.status == STATUS_OK) {
        launcher->services[service].endpoint = made.slot;
    }
    return outcome(made.status, "endpoint_create");
}

struct launch_result launch_prepare(struct launcher *launcher,
                                    const struct manifest_view *manifest) {
    struct launcher fresh = {.manifest = manifest};
    *launcher = fresh;
    struct slot_result own = sys_endpoint_create(slot_at(INIT_SLOT_FACTORY));
    launcher->own_endpoint = own.slot;
    struct launch_result result = outcome(own.status, "endpoint_create");
    for (uint32_t i = 0; i < manifest->service_count && result.status == STATUS_OK; i++) {
        if (manifest_endpoint_grant(manifest, i)) {
            result = make_endpoint(launcher, i);
        }
    }
    return result;
}

// Puts a capability that was minted for it into the new task.
static enum status give_minted(struct slot task, struct slot_result minted,
                               const struct manifest_grant *grant) {
    if (minted.status != STATUS_OK) {
        return minted.status;
    }
    enum status status = sys_task_grant(task, minted.slot, grant->slot, grant->rights);
    enum status closed = sys_cap_close(minted.slot);
    return status == STATUS_OK ? closed : status;
}

struct slot_result launch_route(const struct launcher *launcher,
                                const struct manifest_grant *grant) {
    struct slot to = grant->target == MANIFEST_TARGET_INIT
                         ? launcher->own_endpoint
                         : launcher->services[grant->target].endpoint;
    return sys_cap_mint(to, grant->badge, grant->rights);
}

struct slot_result launch_offer(const struct launcher *launcher, uint32_t service) {
    return sys_cap_clone(launcher->services[service].endpoint, RIGHTS_SENDER | RIGHT_MINT);
}

struct resolved launch_resolve(void *context, struct service_id target, enum policy_action action,
                               struct deadline deadline) {
    const struct launcher *launcher = context;
    const uint32_t service = manifest_find_service(launcher->manifest, target.value);
    (void)deadline;  // Nobody is waited for.
    struct slot_result made = {.status = STATUS_BAD_CAP};
    if (service != SERVICE_INDEX_NONE) {
        made = sys_cap_clone(launcher->services[service].endpoint, policy_action_right(action));
    }
    return made.status == STATUS_OK
               ? (struct resolved){.answer = RESOLVE_GIVEN, .slot = made.slot}
               : (struct resolved){.answer = RESOLVE_FAILED, .slot = slot_at(CAP_SLOT_NONE)};
}

static enum status give_factory(const struct launcher *launcher, struct slot task,
                                const struct manifest_grant *grant) {
    if (grant->target == MANIFEST_HART_ANY) {
        return sys_task_grant(task, slot_at(INIT_SLOT_FACTORY), grant->slot, grant->rights);
    }
    uint64_t service_id = grant->target == MANIFEST_TARGET_PROGRAMS
                              ? SERVICE_ID_TOP_BIT
                              : launcher->manifest->services[grant->target].service_id;
    return give_minted(task, sys_cap_mint(slot_at(INIT_SLOT_FACTORY), service_id, grant->rights),
                       grant);
}

// The device with the identifier and the number that the grant names. Errors: STATUS_BAD_ARG when
// the machine has none.
static enum status give_device(struct slot task, const struct manifest_grant *grant) {
    uint32_t before = grant->target >> MANIFEST_DEVICE_NUMBER_SHIFT;
    for (uint64_t number = 1; number <= DEVICE_MAX; number++) {
        struct slot_result one = sys_cap_mint(slot_at(INIT_SLOT_DEVICES), number, grant->rights);
        if (one.status != STATUS_OK) {
            return one.status;
        }
        struct query_result found = sys_cap_query(one.slot);
        bool fits = found.status == STATUS_OK &&
                    device_query_id(found.value) == (grant->target & MANIFEST_DEVICE_ID_MASK);
        if (fits && before != 0) {
            before--;
            fits = false;
        }
        enum status status =
            fits ? sys_task_grant(task, one.slot, grant->slot, grant->rights) : found.status;
        enum status closed = sys_cap_close(one.slot);
        if (fits || status != STATUS_OK || closed != STATUS_OK) {
            return status == STATUS_OK ? closed : status;
        }
    }
    return STATUS_BAD_ARG;
}

// Who follows one that has ended knows nothing of what that one minted: it begins with nothing.
static enum status give_family(struct launcher *launcher, uint32_t service, struct slot task,
                               const struct manifest_grant *grant) {
    struct slot *family = &launcher->services[service].family;
    if (family->value != CAP_SLOT_NONE) {
        enum status status = sys_grant_revoke(*family);
        return status == STATUS_OK ? sys_task_grant(task, *family, grant->slot, grant->rights)
                                   : status;
    }
    struct slot_result made = sys_grant_create(slot_at(INIT_SLOT_FACTORY));
    if (made.status != STATUS_OK) {
        return made.status;
    }
    *family = made.slot;
    return sys_task_grant(task, *family, grant->slot, grant->rights);
}

static enum status give(struct launcher *launcher, uint32_t service, struct slot task,
                        const struct manifest_grant *grant) {
    switch ((enum manifest_grant_kind)grant->kind) {
        case MANIFEST_GRANT_CONSOLE:
            return sys_task_grant(task, slot_at(INIT_SLOT_CONSOLE), grant->slot, grant->rights);
        case MANIFEST_GRANT_ENDPOINT:
            return sys_task_grant(task, launcher->services[service].endpoint, grant->slot,
                                  grant->rights & ~MANIFEST_ACCEPT_CAPS);
        case MANIFEST_GRANT_ROUTE:
            return give_minted(task, launch_route(launcher, grant), grant);
        case MANIFEST_GRANT_FACTORY:
            return give_factory(launcher, task, grant);
        case MANIFEST_GRANT_IMAGE:
            return sys_task_grant(task, slot_at(INIT_SLOT_IMAGE), grant->slot, grant->rights);
        case MANIFEST_GRANT_DEVICE:
            return give_device(task, grant);
        case MANIFEST_GRANT_STATS:
            return sys_task_grant(task, slot_at(INIT_SLOT_STATS), grant->slot, grant->rights);
        case MANIFEST_GRANT_FAMILY:
            return give_family(launcher, service, task, grant);
    }
    return STATUS_BAD_ARG;  // manifest_open has refused it before.
}

static struct launch_result fill(struct launcher *launcher, uint32_t service, struct slot task) {
    const struct manifest_service *of = &launcher->manifest->services[service];
    const struct boot_image_entry *program =
        manifest_find_program(launcher->manifest->image, of->program);
    for (uint32_t i = of->grant_first; i < of->grant_first + of->grant_count; i++) {
        enum status status = give(launcher, service, task, &launcher->manifest->grants[i]);
        if (status != STATUS_OK) {
            bool of_device = launcher->manifest->grants[i].kind == MANIFEST_GRANT_DEVICE;
            return outcome(status, of_device ? "its device" : "task_grant");
        }
    }
    struct load_result load =
        sys_task_load(task, slot_at(INIT_SLOT_IMAGE), program->offset, program->bytes);
    struct launch_result result = outcome(load.status, "task_load");
    result.reason = load.reason;
    return result;
}

struct launch_result launch_load(struct launcher *launcher, uint32_t service) {
    const struct manifest_service *of = &launcher->manifest->services[service];
    const struct task_plan plan = {
        .limits = task_limits_unpack(of->limits),
        .ceiling = (enum qos)task_ceiling_unpack(of->limits),
        .shares = task_shares_unpack(of->shares),
    };
    struct task_result made = sys_task_create_as(slot_at(INIT_SLOT_FACTORY), of->service_id, plan);
    if (made.status != STATUS_OK) {
        return outcome(made.status, "task_create");
    }
    struct launch_result result = fill(launcher, service, made.slot);
    if (result.status != STATUS_OK) {
        status_ignore(sys_cap_close(made.slot), "the step that failed is what matters");
        return result;
    }
    launcher->services[service].task = made.slot;
    result.instance = made.instance;
    return result;
}

struct launch_result launch_start(struct launcher *launcher, uint32_t service,
                                  uint32_t start_number) {
    const struct manifest_service *of = &launcher->manifest->services[service];
    uint64_t argument = (uint64_t)of->argument | ((uint64_t)start_number << 32);
    uint64_t hart = of->hart == MANIFEST_HART_ANY ? TASK_HART_ANY : of->hart;
    return outcome(sys_task_start(launcher->services[service].task, argument, hart), "task_start");
}

static enum status close_slot(struct slot *slot) {
    if (slot->value == CAP_SLOT_NONE) {
        return STATUS_OK;
    }
    enum status status = sys_cap_close(*slot);
    slot->value = CAP_SLOT_NONE;
    return status;
}

struct launch_result launch_forget(struct launcher *launcher, uint32_t service, bool restart) {
    struct launched *launched = &launcher->services[service];
    enum status status = close_slot(&launched->task);
    if (status == STATUS_OK && restart) {
        status = close_slot(&launched->endpoint);
    } else if (status == STATUS_OK && launched->family.value != CAP_SLOT_NONE) {
        status = sys_grant_revoke(launched->family);  // Nobody decides any more.
    }
    if (status != STATUS_OK || !restart || !manifest_endpoint_grant(launcher->manifest, service)) {
        return outcome(status, "cap_close");
    }
    return make_endpoint(launcher, service);
}
