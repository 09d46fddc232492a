// kernel/abi/elf_reject.h: the reasons of STATUS_BAD_IMAGE.
#pragma once

#include <stdint.h>

enum elf_reject {
#define ELF_REJECT(name, meaning) ELF_REJECT_##name,
#include "kernel/abi/elf_reject.def"
#undef ELF_REJECT
    ELF_REJECT_COUNT
};

static inline const char *elf_reject_name(uint64_t reason) {
    static const char *const names[] = {
#define ELF_REJECT(name, meaning) #name,
#include "kernel/abi/elf_reject.def"
#undef ELF_REJECT
    };
    return reason < ELF_REJECT_COUNT ? names[reason] : "?";
}
