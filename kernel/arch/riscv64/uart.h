// kernel/arch/riscv64/uart.h: a 16550 UART (registers one byte apart) as the firmware set it up:
// transmission is polled, reception raises its interrupt line.
// Blocking:   waits for room in the transmitter, at most UART_POLL_MAX looks; then
//             bytes are lost rather than the hart.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum { UART_POLL_MAX = 1000000 };

// Waits for room once for every `burst` bytes: as many as the transmitter holds when it is empty.
void uart_write(uint64_t base_address, const char *bytes, size_t count, uint32_t burst);

// How many bytes the transmitter holds: its FIFO, if the firmware has enabled one, or 1.
WARN_UNUSED uint32_t uart_burst(uint64_t base_address);

// Lets a received byte raise the line, which stays up until all are read.
void uart_listen(uint64_t base_address);

// The next byte received; false if there is none.
WARN_UNUSED bool uart_read(uint64_t base_address, uint8_t *out);
