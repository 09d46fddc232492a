// kernel/core/load.c: mapping a program, a few pages a step. Pages that are never written come
// straight from the boot image; writable ones are copied.
#include "base/checked.h"
#include "kernel/abi/layout.h"
#include "kernel/core/elf.h"
#include "kernel/core/page.h"
#include "kernel/core/task_ops.h"

enum { PAGES_A_STEP = 4 };

// Fills a fresh page with the part of the segment's file bytes that belongs at `address`; the rest
// stays zero.
static void copy_page(struct page_number page, uint64_t address, const struct elf_segment *segment,
                      const uint8_t *file) {
    uint64_t begin = segment->address > address ? segment->address : address;
    uint64_t file_end = segment->address + segment->file_bytes;
    uint64_t end = file_end < address + PAGE_BYTES ? file_end : address + PAGE_BYTES;
    if (begin < end) {
        uint8_t *to = (uint8_t *)arch_page(page) + (begin - address);
        __builtin_memcpy(to, file + segment->file_offset + (begin - segment->address), end - begin);
    }
}

static enum status map_fresh(struct kernel *kernel, struct hart *hart, struct task *task,
                             uint64_t address, struct page_number *out) {
    struct page_number page = page_take_paid(kernel, hart, &task->quota);
    if (page.value == 0) {
        return STATUS_NO_SPACE;
    }
    enum status status =
        arch_map(kernel, &task->space, address, page, ARCH_READ | ARCH_WRITE, true);
    if (status != STATUS_OK) {
        page_put_paid(kernel, hart, &task->quota, page);
        return status == STATUS_BUSY ? STATUS_BAD_ARG : status;
    }
    *out = page;
    return STATUS_OK;
}

// One page of a segment, and where the program's file stands in the boot image.
struct segment_page {
    const struct elf_segment *segment;
    uint64_t index;
    uint64_t file_offset;
};

static enum status map_segment_page(struct kernel *kernel, struct hart *hart, struct task *task,
                                    struct segment_page which) {
    const struct elf_segment *segment = which.segment;
    uint64_t address = align_down_u64(segment->address, PAGE_BYTES) + which.index * PAGE_BYTES;
    const uint8_t *file = (const uint8_t *)kernel->image + which.file_offset;
    if ((segment->access & ARCH_WRITE) != 0) {
        struct page_number page = PAGE_NUMBER_NONE;
        enum status status = map_fresh(kernel, hart, task, address, &page);
        if (status == STATUS_OK) {
            copy_page(page, address, segment, file);
        }
        return status;
    }
    uint64_t image_offset = which.file_offset + align_down_u64(segment->file_offset, PAGE_BYTES);
    struct page_number page = {kernel->image_first.value +
                               (uint32_t)(image_offset / PAGE_BYTES + which.index)};
    enum status status = arch_map(kernel, &task->space, address, page, segment->access, false);
    return status == STATUS_BUSY ? STATUS_BAD_ARG : status;
}

// Maps page number `index` of the program: the segments' pages in order, then the stack's. *mapped
// is false when there is no such page.
static enum status map_program_page(struct kernel *kernel, struct hart *hart, struct task *task,
                                    const struct elf_program *program, uint64_t offset,
                                    bool *mapped) {
    uint64_t index = task->work_index;
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];
        uint64_t span = segment->address % PAGE_BYTES + segment->memory_bytes;
        uint64_t page_count = (span + PAGE_BYTES - 1) / PAGE_BYTES;
        if (index < page_count) {
            *mapped = true;
            return map_segment_page(kernel, hart, task,
                                    (struct segment_page){segment, index, offset});
        }
        index -= page_count;
    }
    *mapped = index < program->stack_bytes / PAGE_BYTES;
    if (!*mapped) {
        return STATUS_OK;
    }
    struct page_number page = PAGE_NUMBER_NONE;
    return map_fresh(kernel, hart, task, USER_STACK_TOP - (index + 1) * PAGE_BYTES, &page);
}

enum status task_load_step(struct kernel *kernel, struct hart *hart, struct task *task,
                           uint64_t offset, uint64_t bytes, enum elf_reject *reject) {
    struct elf_program program;
    *reject = elf_read((const uint8_t *)kernel->image + offset, bytes, &program);
    if (*reject != ELF_REJECT_NONE) {
        return STATUS_BAD_IMAGE;
    }
    for (uint32_t i = 0; i < PAGES_A_STEP; i++) {
        bool mapped = false;
        enum status status = map_program_page(kernel, hart, task, &program, offset, &mapped);
        if (status != STATUS_OK) {
            return status;
        }
        if (!mapped) {
            task->work_index = 0;
            task->entry_pc = program.entry;
            atomic_store_u32(&task->state, TASK_LOADED);
            return STATUS_OK;
        }
        task->work_index++;
    }
    return STATUS_BUSY;
}
