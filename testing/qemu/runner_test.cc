// testing/qemu/runner_test.cc: each way in which a boot can end, with a program in QEMU's place.
#include "testing/qemu/runner.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "testing/markers/test_table.h"
#include "testing/qemu/machine_lock.h"
#include "testing/qemu/scratch_disk.h"

namespace qemu {
namespace {

const char *const GOLDEN = "kernel: boot\nt: a\nt: b\n~ | *\n";
const char *const GOOD =
    "print firmware\nprint kernel: boot\nprint t: a\nprint | note\nprint t: b\n";

// Of a boot that hangs: time for a small program to start and print some lines.
constexpr double SHORT_S = 0.8;

class Runner : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::string(std::getenv("TEST_TMPDIR")) + "/" +
                  testing::UnitTest::GetInstance()->current_test_info()->name();
        std::filesystem::create_directories(folder_);
        write("golden", GOLDEN);
        spec_.name = "fake";
        spec_.qemu = std::filesystem::absolute("testing/qemu/fake_qemu").string();
        spec_.golden = folder_ + "/golden";
        spec_.golden_label = "g";
        spec_.boot_image = folder_ + "/script";
        spec_.addr2line = "/nonexistent/addr2line";
        spec_.deadline_s = 20;
        options_.outputs_dir = folder_;
        options_.lock_path = folder_ + "/lock";
    }

    void write(const std::string &name, const std::string &contents) {
        std::ofstream(folder_ + "/" + name) << contents;
    }

    void script(const std::string &contents) {
        write("typed", contents);
        spec_.script = folder_ + "/typed";
        spec_.script_label = "s";
    }

    std::string read(const std::string &name) {
        std::ifstream file(folder_ + "/" + name);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }

    int boot(const std::string &script) {
        write("script", script);
        const std::int64_t start_ns = now_ns();
        const int status = run_image(spec_, options_, markers::test_table(), out_);
        used_ns_ = now_ns() - start_ns;
        return status;
    }

    void expect_output(const std::string &text) {
        EXPECT_NE(out_.str().find(text), std::string::npos)
            << "missing: " << text << "\nin: " << out_.str();
    }

    std::string folder_;
    run_spec spec_;
    run_options options_;
    std::ostringstream out_;
    std::int64_t used_ns_ = 0;
};

TEST_F(Runner, good_boot) {
    EXPECT_EQ(boot(std::string(GOOD) + "print kernel: power off\nexit 0\n"), RUN_PASSED)
        << out_.str();
    expect_output("  1/3    kernel: boot\n");
    expect_output("PASS fake: 3 of 3 rules of g in ");
    expect_output("% of the 20 s deadline");
    EXPECT_NE(read("uart.log").find("t: a\r\n"), std::string::npos)
        << "the log is what the UART said";
    EXPECT_NE(read("times.json").find("\"text\": \"t: b\""), std::string::npos);
    EXPECT_NE(read("verdict.txt").find("PASS fake"), std::string::npos);
}

TEST_F(Runner, log_file) {
    options_.log_path = folder_ + "/my.log";
    EXPECT_EQ(boot(std::string(GOOD) + "print kernel: power off\n"), RUN_PASSED);
    EXPECT_EQ(read("my.log"), read("uart.log"));
    EXPECT_NE(read("my.log"), "");
}

// Each instruction of a profile goes through a pipe; a person at a debugger takes any time.
TEST_F(Runner, the_deadline_is_longer_for_a_profile_and_none_for_a_debugger) {
    EXPECT_DOUBLE_EQ(deadline_of(spec_, options_), 20);
    options_.profile_path = folder_ + "/folded";
    EXPECT_DOUBLE_EQ(deadline_of(spec_, options_), 200);
    options_.gdb = true;
    EXPECT_DOUBLE_EQ(deadline_of(spec_, options_), 0);
}

TEST_F(Runner, test_reject_hang) {
    spec_.deadline_s = SHORT_S;
    EXPECT_EQ(boot("print kernel: boot\nprint t: a\nhang\n"), RUN_FAILED);
    expect_output("the deadline passed");
    expect_output("g:3: t: b");
    EXPECT_LT(used_ns_, 10000000000);
}

TEST_F(Runner, test_reject_early_end_of_qemu) {
    EXPECT_EQ(boot("print kernel: boot\nprint t: a\nexit 0\n"), RUN_FAILED);
    expect_output("the log ended, and rules are unmet");
    expect_output("g:3: t: b");
}

TEST_F(Runner, test_reject_end_without_power_off) {
    EXPECT_EQ(boot(GOOD), RUN_FAILED);
    expect_output("QEMU ended by itself before the image said `kernel: power off`");
}

TEST_F(Runner, test_reject_other_status_than_the_images) {
    EXPECT_EQ(boot(std::string(GOOD) + "print kernel: power off\nexit 3\n"), RUN_FAILED);
    expect_output("QEMU ended by itself with status 3 after `kernel: power off`");
}

TEST_F(Runner, test_reject_crash_of_qemu) {
    EXPECT_EQ(boot("print kernel: boot\nerror qemu: out of luck\nkill 9\n"), RUN_FAILED);
    expect_output("QEMU ended by itself with signal 9");
    expect_output("QEMU said: qemu: out of luck");
}

TEST_F(Runner, test_reject_machine_that_does_not_end) {
    spec_.deadline_s = SHORT_S;
    EXPECT_EQ(boot(std::string(GOOD) + "print kernel: power off\nhang\n"), RUN_FAILED);
    expect_output("QEMU did not end after `kernel: power off`");
}

TEST_F(Runner, test_reject_panic_and_show_the_backtrace) {
    EXPECT_EQ(boot("print kernel: boot\nprint kernel: PANIC oh no\nprint kernel: backtrace 0x10 "
                   "0x20\nexit 1\n"),
              RUN_FAILED);
    expect_output("a panic: `kernel: PANIC oh no`");
    expect_output("kernel: backtrace 0x10 0x20");
    expect_output("no symbols: can't start /nonexistent/addr2line");
    EXPECT_NE(read("verdict.txt").find("a panic"), std::string::npos);
}

TEST_F(Runner, a_failed_machine_is_ended_soon) {
    EXPECT_EQ(boot("print kernel: boot\nprint t: b\nprint | after\nhang\n"), RUN_FAILED);
    expect_output("`t: b` came too early");
    expect_output("| after");
    EXPECT_LT(used_ns_, 10000000000) << "long before the deadline";
}

TEST_F(Runner, test_reject_missing_qemu) {
    spec_.qemu = "/nonexistent/qemu";
    EXPECT_EQ(boot(GOOD), RUN_FAILED);
    expect_output("can't start /nonexistent/qemu: No such file");
}

TEST_F(Runner, test_reject_wrong_golden) {
    write("golden", "kernel: boot\nt: zebra\n");
    EXPECT_EQ(boot(GOOD), RUN_WRONG_INPUT);
    expect_output("g:2:1: no row of images/markers.def allows `t: zebra`");
}

TEST_F(Runner, types_after_a_line) {
    script("wait t: a\ntype hello\\n\nwait | n?t*\ntype twice\\n\ntype more\\n\n");
    EXPECT_EQ(boot("print kernel: boot\nprint t: a\nread hello\nprint | note\nread twice\nread "
                   "more\nprint t: b\nprint kernel: power off\n"),
              RUN_PASSED);
}

TEST_F(Runner, test_reject_end_before_the_scripts) {
    script("wait t: a\nwait | never\n");
    EXPECT_EQ(boot(std::string(GOOD) + "print kernel: power off\n"), RUN_FAILED);
    expect_output("s:2: no line `| never` came");
}

TEST_F(Runner, test_reject_script_that_waits_until_the_deadline) {
    spec_.deadline_s = SHORT_S;
    script("wait | never\ntype x\n");
    EXPECT_EQ(boot("print kernel: boot\nhang\n"), RUN_FAILED);
    expect_output("; s:1: no line `| never` came");
}

TEST_F(Runner, test_reject_wrong_script) {
    script("wait t: a\nread x\n");
    EXPECT_EQ(boot(GOOD), RUN_WRONG_INPUT);
    expect_output("s:2: `read x` is neither `wait GLOB` nor `type TEXT`");
    spec_.script = folder_ + "/none";
    EXPECT_EQ(boot(GOOD), RUN_WRONG_INPUT);
}

TEST_F(Runner, test_reject_input_that_nobody_typed) {
    EXPECT_EQ(boot("print kernel: boot\nprint t: a\nread hello\nprint t: b\n"), RUN_FAILED);
    expect_output("QEMU ended by itself with status 3");
}

TEST_F(Runner, print_shows_the_command_only) {
    options_.print = true;
    spec_.kernel = "/with space/kernel";
    spec_.icount = true;
    spec_.rngs = 1;
    spec_.cpu = "rv64,zicboz=off";
    EXPECT_EQ(boot(GOOD), RUN_PASSED);
    expect_output("-cpu rv64,zicboz=off -smp 1 -m 128M -nodefaults");
    expect_output("-global virtio-mmio.force-legacy=off");
    expect_output("-object rng-builtin,id=entropy -device virtio-rng-device,rng=entropy");
    expect_output("-kernel '/with space/kernel'");
    expect_output("-icount shift=0,sleep=off -seed 1 -rtc base=2024-01-01,clock=vm");
    EXPECT_EQ(read("uart.log"), "");
}

TEST_F(Runner, print_shows_the_disk) {
    options_.print = true;
    spec_.disk_mib = 8;
    spec_.icount = true;
    EXPECT_EQ(boot(GOOD), RUN_PASSED);
    expect_output(
        "-drive if=none,id=disk,format=raw,cache=writeback,file=DISK -device "
        "virtio-blk-device,drive=disk");
    expect_output("-icount shift=0 -seed 1");
    spec_.disk_faults = "/faults";
    spec_.disk_read_only = true;
    spec_.disk_iops = 7;
    EXPECT_EQ(boot(GOOD), RUN_PASSED);
    expect_output(
        "file.driver=blkdebug,file.config=/faults,file.image.driver=file,"
        "file.image.filename=DISK,readonly=on,throttling.iops-total=7");
}

TEST_F(Runner, a_disk_is_new_and_goes_with_the_run) {
    std::string error;
    std::string path;
    {
        const auto disk = scratch_disk::make(3, error);
        ASSERT_NE(disk, nullptr) << error;
        path = disk->path();
        EXPECT_EQ(std::filesystem::file_size(path), 3u * 1024 * 1024);
        EXPECT_NE(scratch_disk::make(3, error)->path(), path);
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    const char *before = std::getenv("TEST_TMPDIR");
    const std::string kept = before == nullptr ? "" : before;
    setenv("TEST_TMPDIR", "/nowhere", 1);
    EXPECT_EQ(scratch_disk::make(1, error), nullptr);
    EXPECT_NE(error.find("/nowhere"), std::string::npos);
    setenv("TEST_TMPDIR", kept.c_str(), 1);
}

TEST_F(Runner, gdb_says_how_to_attach) {
    options_.gdb = true;
    spec_.gdb_command = "gdb-of-the-lock";
    spec_.kernel = "/k.elf";
    spec_.programs = {{"timed", "/t.elf"}};
    EXPECT_EQ(boot(std::string(GOOD) + "print kernel: power off\n"), RUN_PASSED);
    expect_output("gdb-of-the-lock -ex 'target remote 127.0.0.1:1234' /k.elf");
    expect_output("add-symbol-file /t.elf");
}

// The machine must not outlive a runner that is killed without warning.
TEST_F(Runner, qemu_dies_with_the_runner) {
    write("script", "print kernel: boot\nhang\n");
    const pid_t runner = fork();
    if (runner == 0) {
        std::ofstream ignored("/dev/null");
        options_.log_path = folder_ + "/my.log";
        run_image(spec_, options_, markers::test_table(), ignored);
        _exit(0);
    }
    for (int step = 0; step < 1000 && read("my.log").empty(); step++) {
        usleep(5000);
    }
    ASSERT_NE(read("my.log"), "") << "the machine never ran";
    std::ifstream children("/proc/" + std::to_string(runner) + "/task/" + std::to_string(runner) +
                           "/children");
    pid_t machine = 0;
    children >> machine;
    ASSERT_GT(machine, 0);
    kill(runner, SIGKILL);
    waitpid(runner, nullptr, 0);
    const auto gone = [&] {
        std::ifstream state("/proc/" + std::to_string(machine) + "/stat");
        std::string pid;
        std::string name;
        std::string letter;
        return !(state >> pid >> name >> letter) || letter == "Z" || letter == "X";
    };
    for (int step = 0; step < 1000 && !gone(); step++) {
        usleep(5000);
    }
    EXPECT_TRUE(gone());
}

TEST_F(Runner, lock_makes_the_second_wait_and_says_so) {
    std::ostringstream first_out;
    std::string error;
    std::unique_ptr<machine_lock> first = machine_lock::take(options_.lock_path, first_out, error);
    ASSERT_NE(first, nullptr) << error;
    EXPECT_EQ(first_out.str(), "");
    std::thread releaser([&] {
        usleep(200000);
        first.reset();
    });
    spec_.deadline_s = 20;
    EXPECT_EQ(boot(std::string(GOOD) + "print kernel: power off\n"), RUN_PASSED);
    releaser.join();
    expect_output("another QEMU runs on this machine: waiting for " + options_.lock_path);
    expect_output("which is not counted");
    EXPECT_GE(used_ns_, 150000000);
}

TEST_F(Runner, test_reject_lock_that_cannot_be_opened) {
    options_.lock_path = folder_ + "/none/lock";
    EXPECT_EQ(boot(GOOD), RUN_WRONG_INPUT);
    expect_output("/none/lock: No such file or directory");
}

}  // namespace
}  // namespace qemu
