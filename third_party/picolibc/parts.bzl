"""Which files of picolibc are used."""

HEADERS = [
    "newlib/libc/include/**/*.h",
    "newlib/libc/locale/locale_private.h",
    "newlib/libc/tinystdio/stdio.h",
    "newlib/libc/tinystdio/stdio-bufio.h",
]

MEMORY = [
    "newlib/libc/machine/riscv/memcpy.c",
    "newlib/libc/machine/riscv/memmove-stub.c",
    "newlib/libc/machine/riscv/memset.S",
    "newlib/libc/string/memchr.c",
    "newlib/libc/string/memcmp.c",
    "newlib/libc/string/memrchr.c",
]

STRING = [
    "newlib/libc/machine/riscv/strcmp.S",
    "newlib/libc/machine/riscv/strcpy.c",
    "newlib/libc/machine/riscv/strlen.c",
    "newlib/libc/string/strcat.c",
    "newlib/libc/string/strchr.c",
    "newlib/libc/string/strcspn.c",
    "newlib/libc/string/strlcpy.c",
    "newlib/libc/string/strncat.c",
    "newlib/libc/string/strncmp.c",
    "newlib/libc/string/strncpy.c",
    "newlib/libc/string/strnlen.c",
    "newlib/libc/string/strrchr.c",
    "newlib/libc/string/strspn.c",
    "newlib/libc/string/strstr.c",
]

STDIO = [
    "newlib/libc/tinystdio/filestrput.c",
    "newlib/libc/tinystdio/snprintf.c",
    "newlib/libc/tinystdio/vfiprintf.c",
    "newlib/libc/tinystdio/vsnprintf.c",
]
