// kernel/arch/riscv64/figures.S: where the kernel that tells what a boot costs begins (figures.c).
// kernel.ld puts this section first, so the firmware enters here: nothing comes before the count.

    .section .text.first, "ax"
    .globl figures_start
figures_start:
    csrr s1, instret                // entry.S leaves it alone.
    j _start

    .text
    .globl __wrap_boot_main
__wrap_boot_main:
    la t0, figures
    sd s1, 0(t0)
    j __real_boot_main
