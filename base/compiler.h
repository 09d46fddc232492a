// base/compiler.h: the few compiler attributes we use, named once.
#pragma once

#if defined(__cplusplus)
#define BASE_STATIC_ASSERT static_assert
#else
#define BASE_STATIC_ASSERT _Static_assert
#endif

// The result must be looked at. To discard one on purpose: status_ignore(result, "why").
#define WARN_UNUSED __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define COLD __attribute__((cold, noinline))
#define NOINLINE __attribute__((noinline))
#define ALIGNED(bytes) __attribute__((aligned(bytes)))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define PRINTF_LIKE(format_index, first_arg) \
    __attribute__((format(printf, format_index, first_arg)))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

// Clang's thread-safety analysis; text for gcc.
#if defined(__clang__)
#define THREAD_ANNOTATION(attribute) __attribute__((attribute))
#else
#define THREAD_ANNOTATION(attribute)
#endif
#define CAPABILITY_LOCK THREAD_ANNOTATION(capability("lock"))
#define ACQUIRES(...) THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define TRY_ACQUIRES(...) THREAD_ANNOTATION(try_acquire_capability(__VA_ARGS__))
#define RELEASES(...) THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define REQUIRES(...) THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
// The reason stands beside each use.
#define UNCHECKED_LOCKS THREAD_ANNOTATION(no_thread_safety_analysis)
