// testing/report/example.cc: see example.h.
#include "testing/report/example.h"

#include "ipc/wire/wire.h"

namespace report {
namespace {

bench of_log(const std::string &image, const std::string &log, const std::string &budget) {
    return {image, figures_of(log), ceilings_of(budget), {}};
}

}  // namespace

result example() {
    result out;
    out.benches.push_back(
        of_log("bench_client",
               "kernel: boot\nbench: call_hit 450 mean 451 first 9000\n"
               "bench: call 286 mean 286 first 900\n"
               "bench: call_at_20 286 mean 286 first 900\n"
               "bench: call_at_200 287 mean 287 first 900\n",
               "# a budget\ncall_hit 451 kept <all> & \"sound\"\ncall <300 direct\n"));
    out.benches.push_back(
        of_log("bench_uncached", "bench: call_uncached 7923 mean 7930 first 9000\n", ""));
    out.pairs = pairs_of(out.benches[0], out.benches[1]);
    out.growths = growths_of(out.benches);
    bench block = of_log("bench_block", "bench: block_read_1MiB 350 mean 351 first 360\n", "");
    block.markers = {{"init: ready", 1000000000},
                     {"bench: block_read_1MiB 350 mean 351 first 360", 1500000000}};
    bench state = of_log("bench_state",
                         "bench: state_start 1000 mean 1000 first 1000\n"
                         "bench: state_start_at_110 109000 mean 109000 first 109000\n",
                         "");
    out.throughputs = throughputs_of({block, state});
    out.boot_runs.push_back({"smp2_smoke",
                             {510000000, 490000000, 500000000},
                             {{"firmware", 100000000}, {"kernel", 400000000}},
                             90});
    trace::operation kept;
    kept.server = "server";
    kept.type = WIRE_TYPE(WIRE_PROTOCOL_ECHO, 1, WIRE_VIA_NONE);
    kept.calls = 2;
    kept.own_ns = 200;
    kept.messages = 5;
    kept.switches = 4;
    trace::operation anew = kept;
    anew.below_ns = 40;
    anew.route_ns = 1760;
    trace::operation other = anew;
    other.server = "another";
    out.operations = operations_of({kept}, {other, anew});
    kept.syscalls = 5;
    anew.syscalls = 13;
    add_syscalls({kept}, {other, anew}, out.operations);
    out.traces.push_back(
        {"boot", {"", 0, {{"client", 11, {{"server echo", 100, {{"back echo", 40, {}}}}}}}}});
    out.profiles.push_back(
        {"bench_services",
         figure_profiles_of("kernel: boot;kernel;boot 9\n"
                            "bench: echo 1403 mean 1403 first 9185;kernel;kernel_call<> 30\n"
                            "bench: echo 1403 mean 1403 first 9185;echo;serve 10\n")});
    return out;
}

}  // namespace report
