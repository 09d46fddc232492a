// tools/statefs/cuts.h: what the tool does with a log of what a disk was told: the disks that power
// cuts leave (power_cut.h).
// Units:     MiB.
// Ownership: plain values.
// Errors:    the exit status: 0, or 1, and what is wrong goes to `err`, or to standard error of a
//            file that cannot be read or written. Nothing is written then.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace statefs_tool {

struct cut_options {
    std::string log;
    std::string image;         // Of cut_image.
    std::uint64_t mib = 1;     // Of the disk, which was all zero when the log began.
    std::uint64_t seed = 0;    // Of cut_image: which point.
    std::uint64_t seeds = 50;  // Of list_points: how many.
    bool force = false;        // Of cut_image: over what is there.
};

// A new image: the disk at one point.
int cut_image(const cut_options &with, std::ostream &out, std::ostream &err);
// A line for each of the seeds from 0 on: where its point is, and what it makes of the disk.
int list_points(const cut_options &with, std::ostream &out, std::ostream &err);

}  // namespace statefs_tool
