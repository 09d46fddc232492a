// Configuration of picolibc, which its own build would generate: one thread, integer-only
// formatting.
#pragma once
#define __PICOLIBC_VERSION__ "1.8.10"
#define __PICOLIBC__ 1
#define __PICOLIBC_MINOR__ 8
#define __PICOLIBC_PATCHLEVEL__ 10
#define __TINY_STDIO 1
#define __IO_DEFAULT 'i'
#define __IO_C99_FORMATS 1
#define __IO_LONG_LONG 1
#define __SINGLE_THREAD 1
