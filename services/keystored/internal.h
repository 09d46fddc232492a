// services/keystored/internal.h: what keystored.c and uses.c share. Units, ownership, blocking and
// errors as in keystored.h.
#pragma once

#include "services/keystored/keystored.h"

#ifdef __cplusplus
extern "C" {
#endif

// Whether anything can be done, and that is a name.
WARN_UNUSED enum wire_status keystored_look(const struct keystored *keystored,
                                            struct wire_bytes name);

// The kind, then the seed or the secret. `plain` has room for KEYS_PLAIN_BYTES_MAX and is the
// caller's to wipe.
WARN_UNUSED bool keystored_unseal(const struct keystored *keystored,
                                  const struct keystored_entry *entry, uint8_t *plain,
                                  uint32_t *count);

// Of a key pair.
WARN_UNUSED enum wire_status keystored_public_of(const struct keystored *keystored,
                                                 const struct keystored_entry *entry,
                                                 uint8_t *public_key);

#ifdef __cplusplus
}
#endif
