// testing/hostile/acts.h: what a hostile task does last.
#pragma once

#include "testing/hostile/hostile.h"

// Comes back only if the kernel did not end the task for it.
void act_do(enum hostile_act act);
