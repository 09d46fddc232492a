// ipc/reuse_on/reuse.h: the client library keeps what it has made for the next call. See
// reuse_off/reuse.h.
#pragma once

enum { IPC_REUSE = 1 };
