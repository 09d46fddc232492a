// services/wrong/kernel_header.c: what a service sees of the kernel is the contract (kernel/abi) and
// the stubs of its system calls. Each mistake is compiled alone, by
// services:kernel_header_compile_fail_test.
#include "kernel/abi/cap.h"
#include "runtime/syscall.h"
#ifdef KERNEL_HEADER
#include "kernel/core/kernel.h"
#endif
#ifdef PORT_HEADER
#include "kernel/arch/riscv64/csr.h"
#endif
#ifdef LOCK_HEADER
#include "kernel/core/lock.h"
#endif

enum status close_it(struct slot held);
enum status close_it(struct slot held) {
    return sys_cap_close(held);
}
