// kernel/arch/riscv64/uart.c: see uart.h. Reference: 16550 data sheet, line status register.
#include "kernel/arch/riscv64/uart.h"

#include "kernel/arch/riscv64/mmio.h"

enum {
    UART_TRANSMIT = 0,
    UART_LINE_STATUS = 5,
    UART_TRANSMIT_EMPTY = 1u << 5,
};

void uart_write(uint64_t base_address, char character) {
    for (uint32_t i = 0; i < UART_POLL_MAX; i++) {
        if ((mmio_read8(base_address + UART_LINE_STATUS) & UART_TRANSMIT_EMPTY) != 0) {
            mmio_write8(base_address + UART_TRANSMIT, (uint8_t)character);
            return;
        }
    }
}
