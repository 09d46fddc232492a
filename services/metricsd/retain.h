// services/metricsd/retain.h: a period's sums, as records of the journal.
// Ownership: the caller owns what it passes.
// Blocking:  until logd has answered for each record, at most RETAIN_NS_MAX for all of a period.
// Errors:    none: what logd does not acknowledge is counted and goes again with a later period.
#pragma once

#include "ipc/client.h"
#include "services/metricsd/metricsd.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RETAIN_NS_MAX UINT64_C(50000000)

// One record a series, scope "metrics": owner, kind, name, count, sum, least, most.
void retain_period(struct metricsd *metricsd, struct ipc_client *client, uint64_t now_ns);

#ifdef __cplusplus
}
#endif
