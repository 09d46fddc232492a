// testing/fuzz/journal.cc: any bytes as a disk of statefsd. Their first part makes superblocks and
// batches with right tags, so that what is behind the tags is reached too; their rest is laid over
// the disk. What is mounted must be within its bounds, say the same when it is mounted again, take
// a change, and say that too.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/statefsd/statefs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

constexpr uint32_t kEntries = 9;
constexpr uint64_t kVolume = 77;
constexpr uint32_t kBatchesMax = 24;

void require(bool holds, int line = __builtin_LINE()) {
    if (!holds) {
        std::fprintf(stderr, "journal.cc:%d does not hold\n", line);
        std::abort();
    }
}

class Input {
  public:
    Input(const uint8_t *data, size_t size) : data_(data), size_(size) {}
    bool empty() const {
        return size_ == 0;
    }
    uint8_t Byte() {
        if (size_ == 0) {
            return 0;
        }
        size_--;
        return *data_++;
    }
    // Mostly small.
    uint32_t Number() {
        const uint8_t first = Byte();
        return first < 250 ? first : uint32_t{first} << 24 | uint32_t{Byte()} << 8 | Byte();
    }
    std::vector<uint8_t> Bytes(size_t count) {
        count = count < size_ ? count : size_;
        std::vector<uint8_t> taken(data_, data_ + count);
        data_ += count;
        size_ -= count;
        return taken;
    }

  private:
    const uint8_t *data_;
    size_t size_;
};

using Image = std::vector<uint8_t>;

disk_status Read(void *context, uint64_t sector, uint32_t count, uint8_t *bytes) {
    const Image &image = *static_cast<Image *>(context);
    require(count > 0 && count <= DISK_TRANSFER_SECTORS_MAX);
    require((sector + count) * DISK_SECTOR_BYTES <= image.size());
    std::memcpy(bytes, &image[sector * DISK_SECTOR_BYTES], size_t{count} * DISK_SECTOR_BYTES);
    return DISK_OK;
}

disk_status Write(void *context, uint64_t sector, uint32_t count, const uint8_t *bytes) {
    Image &image = *static_cast<Image *>(context);
    require(count > 0 && count <= DISK_TRANSFER_SECTORS_MAX);
    require((sector + count) * DISK_SECTOR_BYTES <= image.size());
    std::memcpy(&image[sector * DISK_SECTOR_BYTES], bytes, size_t{count} * DISK_SECTOR_BYTES);
    return DISK_OK;
}

disk_status Flush(void *) {
    return DISK_OK;
}

state_super MakeSuper(Input &input, const state_volume &volume) {
    state_super super{};
    super.volume = kVolume;
    super.sequence = input.Number();
    super.epoch = input.Number();
    super.region = input.Byte() & 1;
    super.generation = input.Number();
    super.region_epoch = input.Number();
    const uint32_t sectors = 3 * statefs_reserve(kEntries);
    super.region_sectors = input.Byte() < 240 ? sectors : input.Number();
    super.batches = input.Byte() < 128 ? 0 : input.Number();
    super.encrypted = volume.key.present;
    state_key_check(&volume, super.key_check);
    return super;
}

// Batches one behind the other, with records that are mostly whole. The highest epoch of any.
uint32_t MakeBatches(Input &input, const state_volume &volume, const state_super &super,
                     Image &image) {
    uint32_t epoch_max = 0;
    const uint32_t region = super.region_sectors < 1000 ? super.region_sectors : 0;
    uint64_t sector = STATE_SUPER_SECTORS + uint64_t{super.region} * region;
    const uint32_t count = input.Byte() % kBatchesMax;
    for (uint32_t i = 0; i < count && !input.empty(); i++) {
        state_batch batch{super.generation, super.epoch, i, 0, 0};
        const uint8_t odd = input.Byte();
        batch.generation += odd == 255 ? input.Number() : 0;
        batch.epoch -= odd == 254 ? input.Number() : 0;
        batch.number += odd == 253 ? input.Number() : 0;
        std::vector<uint8_t> payload;
        for (uint32_t records = input.Byte() % 10; records > 0; records--) {
            const uint8_t kind = input.Byte();
            const std::vector<uint8_t> key = input.Bytes(kind % 52);
            const std::vector<uint8_t> value = input.Bytes(kind < 200 ? kind / 4 : 2 * kind - 120);
            const uint8_t head[STATE_RECORD_HEAD_BYTES] = {
                static_cast<uint8_t>(kind % 5),
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                static_cast<uint8_t>(kind % 7 == 0 ? 1 : 0),
                static_cast<uint8_t>(key.size()),
                static_cast<uint8_t>(value.size()),
                static_cast<uint8_t>(value.size() >> 8)};
            payload.insert(payload.end(), head, head + sizeof(head));
            payload.insert(payload.end(), key.begin(), key.end());
            payload.insert(payload.end(), value.begin(), value.end());
        }
        const uint8_t cut = odd == 252 ? input.Byte() : 0;
        payload.resize(std::min<size_t>(payload.size() + cut, STATE_PAYLOAD_BYTES_MAX));
        batch.payload_bytes = static_cast<uint32_t>(payload.size());
        std::vector<uint8_t> sectors(STATE_BATCH_BYTES_MAX);
        payload.resize(STATE_PAYLOAD_BYTES_MAX);
        state_batch_seal(&volume, &batch, payload.data(), sectors.data());
        if ((sector + batch.sectors) * DISK_SECTOR_BYTES > image.size()) {
            break;
        }
        epoch_max = std::max(epoch_max, batch.epoch);
        std::memcpy(&image[sector * DISK_SECTOR_BYTES], sectors.data(),
                    size_t{batch.sectors} * DISK_SECTOR_BYTES);
        sector += batch.sectors;
    }
    return epoch_max;
}

Image MakeImage(Input &input, const state_volume &volume, uint32_t *epoch_max) {
    Image image(statefs_disk_sectors_min(kEntries) * DISK_SECTOR_BYTES);
    for (size_t slot = 0; slot < 2; slot++) {
        if (input.Byte() < 200) {
            const state_super super = MakeSuper(input, volume);
            state_super_put(&super, &image[slot * STATE_SUPER_STRIDE * DISK_SECTOR_BYTES]);
            *epoch_max = std::max(*epoch_max, MakeBatches(input, volume, super, image));
        }
    }
    while (!input.empty()) {
        const size_t at = (size_t{input.Byte()} << 8 | input.Byte()) * 2 % image.size();
        const std::vector<uint8_t> bytes = input.Bytes(input.Byte() % 32);
        for (size_t i = 0; i < bytes.size() && at + i < image.size(); i++) {
            image[at + i] = bytes[i];
        }
    }
    return image;
}

using Contents = std::map<std::pair<uint64_t, std::string>, std::string>;

Contents ContentsOf(const state_table &table) {
    Contents contents;
    std::map<uint64_t, state_space> sums;
    for (uint32_t i = 0; i < STATE_ENTRIES_MAX; i++) {
        const state_entry &entry = table.entries[i];
        if (entry.space == 0) {
            continue;
        }
        require(i < table.entries_max && entry.key_count > 0);
        require(entry.key_count <= STATE_KEY_BYTES_MAX);
        require(entry.value_count <= STATE_VALUE_BYTES_MAX);
        const std::string key(reinterpret_cast<const char *>(entry.key), entry.key_count);
        const std::string value(reinterpret_cast<const char *>(entry.value), entry.value_count);
        require(contents.emplace(std::make_pair(entry.space, key), value).second);
        sums[entry.space].entries++;
        sums[entry.space].bytes += uint32_t{entry.key_count} + entry.value_count;
    }
    require(contents.size() == table.count);
    size_t spaces = 0;
    for (const state_space &space : table.spaces) {
        if (space.entries > 0) {
            spaces++;
            require(sums[space.id].entries == space.entries && sums[space.id].bytes == space.bytes);
        }
    }
    require(spaces == sums.size());
    return contents;
}

// What follows from a mount that went well.
void CheckMounted(statefs &fs, const statefs_config &config, Contents contents) {
    state_report report;
    require(statefs_mount(&fs, &config, &report) == MOUNT_OK);
    require(ContentsOf(fs.table) == contents);
    const uint8_t key[] = {'k'};
    const state_change change = {false, {key, 1}, {key, 1}};
    if (statefs_stage(&fs, 3, &change, 1) == STATE_OK && statefs_commit(&fs) == STATE_OK) {
        contents[{3, "k"}] = "k";
        require(statefs_mount(&fs, &config, &report) == MOUNT_OK);
        require(ContentsOf(fs.table) == contents);
    }
    if (statefs_compact(&fs) == STATE_OK) {
        require(statefs_mount(&fs, &config, &report) == MOUNT_OK);
        require(ContentsOf(fs.table) == contents);
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Input input(data, size);
    statefs_config config{};
    const uint8_t flags = input.Byte();
    config.key.present = (flags & 1) != 0;
    config.accept_damage = (flags & 2) != 0;
    config.entries = kEntries;
    state_volume volume;
    state_volume_make(kVolume, &config.key, &volume);
    uint32_t epoch_max = 0;
    Image image = MakeImage(input, volume, &epoch_max);
    config.disk = {&image, image.size() / DISK_SECTOR_BYTES, Read, Write, Flush};
    const auto fs = std::make_unique<statefs>();
    const Image before = image;
    state_report report;
    const state_mount result = statefs_mount(fs.get(), &config, &report);
    require(image == before);  // It writes nothing.
    if (result == MOUNT_OK) {
        require(report.end != END_DAMAGED || config.accept_damage);
        const Contents contents = ContentsOf(fs->table);
        // A superblock is durable before the first batch of its epoch: no disk has later ones.
        if (epoch_max <= report.super.epoch) {
            CheckMounted(*fs, config, contents);
        }
    }
    return 0;
}
