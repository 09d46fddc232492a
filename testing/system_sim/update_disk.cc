// testing/system_sim/update_disk.cc: systems, and what updated's part of the disk holds before the
// first life and after the last.
#include <array>
#include <cstring>
#include <memory>

#include "ipc/types.h"
#include "kernel/abi/boot_image.h"
#include "services/updated/service.h"
#include "services/updated/updated.h"
#include "services/virtioblkd/parts.h"
#include "testing/sim/bundle_for_test.h"
#include "testing/sim/system.h"
#include "testing/system_sim/image_part.h"
#include "testing/system_sim/update.h"
#include "testing/update/update_world.h"

namespace systemsim {

update_ledger updates;

namespace {

using bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t KEY_SEED = 1;
constexpr std::uint32_t SETTLES = UPDATE_TRIES_MAX + 2;

sim_devices::disk_image *image_of_seed;

std::uint64_t app_id() {
    return program_id_of(APP, std::strlen(APP));
}

// A bundle of the one program; its last word, behind the program, is the version.
bytes payload_of(std::uint64_t version) {
    bundle_test::bundle made;
    made.add(APP, bundle_test::small_elf(storage_app_entry()));
    const std::vector<std::uint64_t> words = made.bytes();
    bytes payload(words.size() * sizeof(words[0]));
    std::memcpy(payload.data(), words.data(), payload.size());
    std::memcpy(&payload[payload.size() - sizeof(version)], &version, sizeof(version));
    return payload;
}

// updated's own code on the disk, without the system around it.
class host {
  public:
    host(sim_devices::disk_image &image, std::uint64_t floor)
        : part_(image, UPDATE_FIRST, UPDATE_SECTORS), floor_(floor) {}

    enum update_result boot() {
        const updated_config config = {.disk = part_.disk(),
                                       .memory = {this, open_memory, seal_memory},
                                       .floor = {this, get_floor, raise_floor},
                                       .key = update_test::key_of(KEY_SEED).open,
                                       .plant = UPDATE_PLANT_NONE};
        const enum update_result result = updated_open(&updated_, &config);
        return result == UPDATE_OK ? updated_boot(&updated_) : result;
    }

    void update(std::uint32_t slot, std::uint64_t version, std::uint32_t tries) {
        const bytes &system = system_of_version(version);
        expect(updated_stage(&updated_, slot, system.data(), system.size()) == UPDATE_OK,
               "a slot was not written before the first boot", version);
        expect(updated_switch(&updated_, slot, tries) == UPDATE_OK,
               "a slot was not switched to before the first boot", version);
        updates.holds[slot] = version;
        updates.may_hold[slot] = {version};
        updates.tries[version] = tries;
    }

    void confirm() {
        expect(updated_confirm(&updated_, app_id()) == UPDATE_OK, "no first confirmation");
    }

    const update_running &running() const {
        return updated_.running;
    }

  private:
    static host &self(void *context) {
        return *static_cast<host *>(context);
    }
    static std::uint8_t *open_memory(void *context, std::uint64_t count) {
        self(context).memory_.assign(count, 0);
        return self(context).memory_.data();
    }
    static const std::uint8_t *seal_memory(void *context) {
        return self(context).memory_.data();
    }
    static bool get_floor(void *context, std::uint64_t *version) {
        *version = self(context).floor_;
        return true;
    }
    static bool raise_floor(void *context, std::uint64_t version) {
        self(context).floor_ = version;
        return true;
    }

    image_part part_;
    std::uint64_t floor_;
    bytes memory_;
    struct updated updated_ = {};
};

std::uint64_t new_version() {
    return updates.next_version++;
}

void append(bytes &file, const void *more, std::size_t count) {
    const auto *from = static_cast<const std::uint8_t *>(more);
    file.insert(file.end(), from, from + count);
}

bytes parts_file() {
    bytes file;
    const parts_header header = {PARTS_MAGIC, 2};
    const disk_part rows[] = {{simtest::id_of("statefsd"), 0, STATE_SECTORS},
                              {simtest::id_of("updated"), UPDATE_FIRST, UPDATE_SECTORS}};
    append(file, &header, sizeof(header));
    append(file, rows, sizeof(rows));
    return file;
}

}  // namespace

const std::vector<std::uint8_t> &system_of_version(std::uint64_t version) {
    static std::map<std::uint64_t, bytes> made;
    bytes &system = made[version];
    if (system.empty()) {
        const bytes payload = payload_of(version);
        system_header header = {};
        header.magic = SYSTEM_MAGIC;
        header.version = version;
        header.payload_bytes = payload.size();
        header.health = app_id();
        system_hash(payload.data(), payload.size(), header.hash);
        system.resize(SYSTEM_PAGE_BYTES);
        std::memcpy(system.data(), &header, sizeof(header));
        append(system, payload.data(), payload.size());
        update_test::sign(system, update_test::key_of(KEY_SEED));
        expect(system.size() == SLOT_BYTES, "a system does not fill its slot", system.size());
    }
    return system;
}

const void *update_files() {
    static std::vector<std::uint64_t> words;
    if (!words.empty()) {
        return words.data();
    }
    const bytes parts = parts_file();
    const system_key key = update_test::key_of(KEY_SEED).open;
    words.resize(3 * BOOT_IMAGE_ALIGN / sizeof(words[0]));
    auto *image = reinterpret_cast<std::uint8_t *>(words.data());
    boot_image_header header = {};
    header.magic = BOOT_IMAGE_MAGIC;
    header.entry_count = 2;
    boot_image_entry entries[2] = {};
    std::strcpy(entries[0].name, PARTS_NAME);
    std::strcpy(entries[1].name, UPDATE_KEY_NAME);
    entries[0].bytes = parts.size();
    entries[1].bytes = sizeof(key.bytes);
    for (std::uint32_t i = 0; i < 2; i++) {
        entries[i].kind = BOOT_IMAGE_DATA;
        entries[i].offset = (i + 1) * BOOT_IMAGE_ALIGN;
    }
    std::memcpy(image, &header, sizeof(header));
    std::memcpy(image + sizeof(header), entries, sizeof(entries));
    std::memcpy(image + entries[0].offset, parts.data(), parts.size());
    std::memcpy(image + entries[1].offset, key.bytes, sizeof(key.bytes));
    return words.data();
}

// The floor of a system that was confirmed here has not risen: the power went before that.
void update_begin(sim_devices::disk_image &image, sim_devices::random_source &random) {
    image_of_seed = &image;
    updates = update_ledger();
    updates.there = true;
    updates.trial_ms = random() % 4 == 0 ? 40 : 60000;
    const std::uint64_t beginning = random() % 3;
    auto made = std::make_unique<host>(image, 0);
    if (beginning > 0) {
        expect(made->boot() == UPDATE_NOTHING_RUNS, "something runs from an empty disk");
        const std::uint64_t first = new_version();
        made->update(0, first, 1);
        expect(made->boot() == UPDATE_OK, "the first system does not run");
        made->confirm();
        updates.confirmed = first;
        updates.confirmable.insert(first);
    }
    if (beginning > 1) {
        const std::uint64_t second = new_version();
        made->update(1, second, 1 + static_cast<std::uint32_t>(random() % UPDATE_TRIES_MAX));
        if (random() % 2 == 0) {
            updates.sick.insert(second);
        }
    }
    image.flush();
}

void update_look_at_slots(const char *when) {
    for (std::uint32_t slot = 0; slot < UPDATE_SLOTS; slot++) {
        if (updates.holds[slot] == 0) {
            continue;
        }
        const bytes &system = system_of_version(updates.holds[slot]);
        const std::uint64_t first = UPDATE_FIRST + CONTROL_SECTORS + slot * SLOT_SECTORS;
        bool same = true;
        for (std::uint64_t i = 0; i < SLOT_SECTORS; i++) {
            const sim_devices::sector one = image_of_seed->read(first + i);
            same = same && std::equal(one.begin(), one.end(), &system[i * DISK_SECTOR_BYTES]);
        }
        expect(same, std::string(when) + ", a slot does not hold what was acknowledged",
               updates.holds[slot]);
    }
}

// A trial that nobody confirms any more comes to its end, and what was confirmed runs.
void update_check_disk(sim_devices::disk_image &image, std::uint64_t floor) {
    auto made = std::make_unique<host>(image, floor);
    enum update_result result = UPDATE_OK;
    expect(floor >= updates.floor, "in the end the floor is lower than it was", floor);
    for (std::uint32_t i = 0; i < SETTLES; i++) {
        result = made->boot();
        expect(result == UPDATE_OK || result == UPDATE_NOTHING_RUNS, "a boot in the end says",
               result);
    }
    const update_running &running = made->running();
    expect(!running.trial, "still on trial in the end", running.version);
    expect(result == UPDATE_OK || updates.confirmed == 0, "nothing runs in the end");
    if (result == UPDATE_OK) {
        expect(running.version >= updates.confirmed, "in the end runs an older version",
               running.version);
        expect(updates.confirmable.count(running.version) == 1,
               "in the end runs what was never confirmed", running.version);
    }
}

}  // namespace systemsim
