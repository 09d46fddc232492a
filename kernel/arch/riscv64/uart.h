// kernel/arch/riscv64/uart.h: a 16550 UART (registers one byte apart) as the firmware set it up:
// transmission is polled, reception raises its interrupt line.
// Blocking:   waits for room in the transmitter, at most UART_POLL_MAX looks a byte; then the byte
//             is lost rather than the hart.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

enum { UART_POLL_MAX = 1000000 };

void uart_write(uint64_t base_address, char character);

// Lets a received byte raise the line, which stays up until all are read.
void uart_listen(uint64_t base_address);

// The next byte received; false if there is none.
WARN_UNUSED bool uart_read(uint64_t base_address, uint8_t *out);
