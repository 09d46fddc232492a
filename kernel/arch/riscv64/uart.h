// kernel/arch/riscv64/uart.h: polled transmission on a 16550 UART (registers one byte apart), as
// the firmware set it up.
// Blocking:   waits for room in the transmitter, at most UART_POLL_MAX looks a byte; then the byte
//             is lost rather than the hart.
#pragma once

#include <stdint.h>

enum { UART_POLL_MAX = 1000000 };

void uart_write(uint64_t base_address, char character);
