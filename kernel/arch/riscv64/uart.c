// kernel/arch/riscv64/uart.c: see uart.h. Reference: 16550 data sheet, line status, interrupt
// enable and interrupt identification registers.
#include "kernel/arch/riscv64/uart.h"

#include "kernel/arch/riscv64/mmio.h"

enum {
    UART_TRANSMIT = 0,
    UART_RECEIVE = 0,
    UART_INTERRUPT_ENABLE = 1,
    UART_INTERRUPT_RECEIVED = 1u << 0,
    UART_INTERRUPT_ID = 2,
    UART_FIFO_ENABLED = 3u << 6,
    UART_FIFO_BYTES = 16,
    UART_LINE_STATUS = 5,
    UART_RECEIVED = 1u << 0,
    UART_TRANSMIT_EMPTY = 1u << 5,
};

static void wait_empty(uint64_t base_address) {
    for (uint32_t i = 0; i < UART_POLL_MAX; i++) {
        if ((mmio_read8(base_address + UART_LINE_STATUS) & UART_TRANSMIT_EMPTY) != 0) {
            return;
        }
    }
}

void uart_write(uint64_t base_address, const char *bytes, size_t count, uint32_t burst) {
    const char *end = bytes + count;
    while (bytes != end) {
        size_t left = (size_t)(end - bytes);
        const char *end_of_burst = bytes + (left < burst ? left : burst);
        wait_empty(base_address);
        for (; bytes != end_of_burst; bytes++) {
            mmio_write8(base_address + UART_TRANSMIT, (uint8_t)*bytes);
        }
    }
}

uint32_t uart_burst(uint64_t base_address) {
    bool fifo =
        (mmio_read8(base_address + UART_INTERRUPT_ID) & UART_FIFO_ENABLED) == UART_FIFO_ENABLED;
    return fifo ? UART_FIFO_BYTES : 1;
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
