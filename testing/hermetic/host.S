// Preprocessed assembly for x86-64.
#define ANSWER 42
    .globl from_assembly
from_assembly:
    movl $ANSWER, %eax
    ret
    .section .note.GNU-stack, "", @progbits
