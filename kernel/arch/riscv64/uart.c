// kernel/arch/riscv64/uart.c: see uart.h. Reference: 16550 data sheet, line status and
// interrupt enable registers.
#include "kernel/arch/riscv64/uart.h"

#include "kernel/arch/riscv64/mmio.h"

enum {
    UART_TRANSMIT = 0,
    UART_RECEIVE = 0,
    UART_INTERRUPT_ENABLE = 1,
    UART_INTERRUPT_RECEIVED = 1u << 0,
    UART_LINE_STATUS = 5,
    UART_RECEIVED = 1u << 0,
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

void uart_listen(uint64_t base_address) {
    mmio_write8(base_address + UART_INTERRUPT_ENABLE, UART_INTERRUPT_RECEIVED);
}

bool uart_read(uint64_t base_address, uint8_t *out) {
    if ((mmio_read8(base_address + UART_LINE_STATUS) & UART_RECEIVED) == 0) {
        return false;
    }
    *out = mmio_read8(base_address + UART_RECEIVE);
    return true;
}
