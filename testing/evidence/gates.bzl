"""Gates in wall time: a boot has 90 s (deadline_s of //images:tessera_image.bzl), the full ladder 190 s."""

# The ladder on one hart, on two and on four, one boot after the other.
FULL_LADDER = [
    "smp1_smoke",
    "smp2_smoke",
    "smp4_smoke",
]

FULL_LADDER_S = 190
