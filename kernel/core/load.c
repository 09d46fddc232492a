// kernel/core/load.c: mapping a program, a few pages a step. Pages that are never written come
// straight from the boot image or a sealed VMO; writable ones are copied.
#include "base/checked.h"
#include "kernel/abi/layout.h"
#include "kernel/core/elf.h"
#include "kernel/core/page.h"
#include "kernel/core/task_ops.h"
#include "kernel/core/vmo_ops.h"

// A page that is copied takes up to 2,000 instructions and counts as two runs, a run of mapped ones
// up to 900. One entry may do two steps.
enum { RUNS_A_STEP = 8, RUN_PAGES = 64, RUNS_A_COPY = 2 };

// Page `index` of the image.
static struct page_number image_page(const struct kernel *kernel, const struct load_image *image,
                                     uint64_t index) {
    return image->vmo ? vmo_page(image->vmo, (uint32_t)index)
                      : (struct page_number){kernel->image_first.value + (uint32_t)index};
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

// One page of a segment, and the program's image.
struct segment_page {
    const struct elf_segment *segment;
    uint64_t index;
    uint64_t left;  // Of the segment's pages, this one included.
    const struct load_image *image;
};

// The image's page for it: file offsets and addresses agree within a page.
static struct page_number source_page(const struct kernel *kernel, struct segment_page which) {
    uint64_t from = which.image->offset + align_down_u64(which.segment->file_offset, PAGE_BYTES);
    return image_page(kernel, which.image, from / PAGE_BYTES + which.index);
}

// What was mapped at once.
struct mapped {
    uint32_t pages;
    uint32_t runs;  // What it counts as.
};

// Fills a fresh page with the part of the segment's file bytes that belongs at `address`; the rest
// stays zero. False: that is all of it.
static bool copy_page(const struct kernel *kernel, struct page_number page, uint64_t address,
                      struct segment_page which) {
    const struct elf_segment *segment = which.segment;
    uint64_t begin = segment->address > address ? segment->address : address;
    uint64_t file_end = segment->address + segment->file_bytes;
    uint64_t end = file_end < address + PAGE_BYTES ? file_end : address + PAGE_BYTES;
    bool copies = begin < end;
    if (copies) {
        uint8_t *to = (uint8_t *)arch_page(page) + (begin - address);
        const uint8_t *from =
            (const uint8_t *)arch_page(source_page(kernel, which)) + (begin - address);
        __builtin_memcpy(to, from, end - begin);
    }
    return copies;
}

// Writable pages one by one; of the others as many as lie side by side.
static enum status map_segment_pages(struct kernel *kernel, struct hart *hart, struct task *task,
                                     struct segment_page which, struct mapped *mapped) {
    const struct elf_segment *segment = which.segment;
    uint64_t address = align_down_u64(segment->address, PAGE_BYTES) + which.index * PAGE_BYTES;
    if ((segment->access & ARCH_WRITE) != 0) {
        struct page_number page = PAGE_NUMBER_NONE;
        enum status status = map_fresh(kernel, hart, task, address, &page);
        if (status == STATUS_OK) {
            bool copied = copy_page(kernel, page, address, which);
            *mapped = (struct mapped){1, copied ? RUNS_A_COPY : 1};
        }
        return status;
    }
    uint64_t neighbours = which.image->vmo ? 1 : which.left;  // A VMO's pages may lie anywhere.
    struct arch_run run = {source_page(kernel, which),
                           neighbours < RUN_PAGES ? (uint32_t)neighbours : RUN_PAGES,
                           segment->access, 0};
    enum status status = arch_map_run(kernel, &task->space, address, &run);
    *mapped = (struct mapped){run.mapped, 1};
    return status == STATUS_BUSY ? STATUS_BAD_ARG : status;
}

// Maps the program from the page on at which it stands: the segments' pages in order, then the
// stack's. *mapped: no pages when all are.
static enum status map_program_pages(struct hart *hart, struct task *task,
                                     const struct load_image *image,
                                     const struct elf_program *program, struct mapped *mapped) {
    struct kernel *kernel = hart->kernel;
    uint64_t index = task->work_index;
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];
        uint64_t span = segment->address % PAGE_BYTES + segment->memory_bytes;
        uint64_t page_count = (span + PAGE_BYTES - 1) / PAGE_BYTES;
        if (index < page_count) {
            return map_segment_pages(
                kernel, hart, task,
                (struct segment_page){segment, index, page_count - index, image}, mapped);
        }
        index -= page_count;
    }
    if (index >= program->stack_bytes / PAGE_BYTES) {
        return STATUS_OK;
    }
    struct page_number page = PAGE_NUMBER_NONE;
    *mapped = (struct mapped){1, 1};
    return map_fresh(kernel, hart, task, USER_STACK_TOP - (index + 1) * PAGE_BYTES, &page);
}

// The task keeps the VMO that its program's pages belong to. What a load that was refused at once
// has kept goes.
static void keep_image(struct kernel *kernel, struct hart *hart, struct task *task,
                       struct vmo *vmo) {
    uint32_t kept = vmo ? (uint32_t)(vmo - kernel->vmos) : VMO_NONE;
    if (task->program_vmo == kept) {
        return;
    }
    if (vmo) {
        vmo_make_fetchable(kernel, vmo);
        vmo_reference(vmo);
    }
    vmo_release_program(kernel, hart, task);
    task->program_vmo = kept;
}

// Headers of a VMO must lie in the file's first page: the next one may be anywhere.
static enum elf_reject read_image(const struct kernel *kernel, const struct load_image *image,
                                  struct elf_program *program) {
    const uint8_t *file =
        (const uint8_t *)arch_page(image_page(kernel, image, image->offset / PAGE_BYTES));
    uint64_t head_bytes = image->vmo && image->bytes > PAGE_BYTES ? PAGE_BYTES : image->bytes;
    return elf_read_head(file, head_bytes, image->bytes, program);
}

enum status task_load_step(struct kernel *kernel, struct hart *hart, struct task *task,
                           const struct load_image *image, enum elf_reject *reject) {
    struct elf_program program;
    *reject = image->bytes == 0 ? ELF_REJECT_SHORT : read_image(kernel, image, &program);
    if (*reject != ELF_REJECT_NONE) {
        return STATUS_BAD_IMAGE;
    }
    keep_image(kernel, hart, task, image->vmo);
    for (uint32_t runs = 0; runs < RUNS_A_STEP;) {
        struct mapped mapped = {0, 0};
        enum status status = map_program_pages(hart, task, image, &program, &mapped);
        if (status != STATUS_OK) {
            return status;
        }
        if (mapped.pages == 0) {
            task->work_index = 0;
            task->entry_pc = program.entry;
            atomic_store_u32(&task->state, TASK_LOADED);
            return STATUS_OK;
        }
        task->work_index += mapped.pages;
        runs += mapped.runs;
    }
    return STATUS_BUSY;
}
