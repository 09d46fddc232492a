// testing/browser/browser.cc: see browser.h. The browser is spoken to in its debugging protocol:
// JSON texts with a zero byte behind each, over two pipes.
#include "testing/browser/browser.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace testing_browser {
namespace {

using json = nlohmann::json;
using clock = std::chrono::steady_clock;

constexpr std::chrono::seconds ANSWER_WITHIN{30};
constexpr int BROWSER_READS = 3;  // Descriptors that --remote-debugging-pipe means.
constexpr int BROWSER_WRITES = 4;
constexpr int OURS = 10;  // The ends of the pipes lie above both.

// A descriptor that no program inherits, out of the way of the two above.
int moved(int descriptor) {
    const int out = fcntl(descriptor, F_DUPFD_CLOEXEC, OURS);
    close(descriptor);
    return out;
}

struct pipe_ends {
    int read = -1;
    int write = -1;
};

pipe_ends new_pipe() {
    int ends[2];
    if (pipe(ends) != 0) {
        throw std::runtime_error("no pipe to the browser");
    }
    return {moved(ends[0]), moved(ends[1])};
}

std::vector<char *> pointers(std::vector<std::string> &words) {
    std::vector<char *> out;
    for (std::string &word : words) {
        out.push_back(word.data());
    }
    out.push_back(nullptr);
    return out;
}

// Nothing of the machine's environment; all that is written goes to `scratch`.
std::vector<std::string> environment(const std::string &scratch) {
    return {"HOME=" + scratch,
            "TMPDIR=" + scratch,
            "XDG_CACHE_HOME=" + scratch,
            "XDG_CONFIG_HOME=" + scratch,
            "XDG_RUNTIME_DIR=" + scratch,
            "DBUS_SESSION_BUS_ADDRESS=disabled:"};
}

std::string program() {
    const char *root = std::getenv("TEST_SRCDIR");
    const char *workspace = std::getenv("TEST_WORKSPACE");
    if (root == nullptr || workspace == nullptr) {
        throw std::runtime_error("not a test of Bazel's: no TEST_SRCDIR");
    }
    return std::string(root) + "/" + workspace + "/toolchains/chromium/chromium.sh";
}

pid_t start(const std::string &scratch, int reads, int writes) {
    std::vector<std::string> words = {
        program(), "--remote-debugging-pipe", "--user-data-dir=" + scratch + "/data",
        // Bazel's sandbox is around it; in that, its own would not start.
        "--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-software-rasterizer",
        "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars",
        "--force-device-scale-factor=1", "--force-color-profile=srgb", "about:blank"};
    std::vector<std::string> variables = environment(scratch);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, (scratch + "/browser.log").c_str(),
                                     O_CREAT | O_WRONLY | O_APPEND, S_IRUSR | S_IWUSR);
    posix_spawn_file_actions_adddup2(&files, reads, BROWSER_READS);
    posix_spawn_file_actions_adddup2(&files, writes, BROWSER_WRITES);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    pid_t child = -1;
    const int failed = posix_spawn(&child, words[0].c_str(), &files, &attributes,
                                   pointers(words).data(), pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (failed != 0) {
        throw std::runtime_error(words[0] + ": can't be run");
    }
    return child;
}

}  // namespace

browser::browser(const std::string &scratch) {
    std::filesystem::create_directories(scratch);
    signal(SIGPIPE, SIG_IGN);
    const pipe_ends commands = new_pipe();
    const pipe_ends answers = new_pipe();
    child_ = start(scratch, commands.read, answers.write);
    close(commands.read);
    close(answers.write);
    to_ = commands.write;
    from_ = answers.read;
}

// It ends when nobody is left to speak to it; all processes of its group go with it.
browser::~browser() {
    close(to_);
    close(from_);
    kill(-child_, SIGKILL);
    waitpid(child_, nullptr, 0);
}

void browser::send(const std::string &text) const {
    const char *at = text.c_str();
    std::size_t left = text.size() + 1;
    while (left > 0) {
        const ssize_t done = write(to_, at, left);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            throw std::runtime_error("the browser has ended");
        }
        at += done;
        left -= static_cast<std::size_t>(done);
    }
}

json browser::next_message() {
    const auto until = clock::now() + ANSWER_WITHIN;
    std::size_t end = received_.find('\0');
    while (end == std::string::npos) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
        pollfd wanted{from_, POLLIN, 0};
        const int ready = left.count() <= 0 ? 0 : poll(&wanted, 1, static_cast<int>(left.count()));
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0) {
            throw std::runtime_error("the browser does not answer");
        }
        char bytes[65536];
        const ssize_t count = read(from_, bytes, sizeof(bytes));
        if (count <= 0) {
            throw std::runtime_error("the browser has ended");
        }
        received_.append(bytes, static_cast<std::size_t>(count));
        end = received_.find('\0');
    }
    const json out = json::parse(received_.substr(0, end));
    received_.erase(0, end + 1);
    return out;
}

json browser::command(const std::string &method, const json &params) {
    json text = {{"id", ++last_id_}, {"method", method}, {"params", params}};
    if (!session_.empty()) {
        text["sessionId"] = session_;
    }
    send(text.dump());
    const auto until = clock::now() + ANSWER_WITHIN;
    while (clock::now() < until) {
        const json message = next_message();
        if (message.value("id", std::int64_t{0}) != last_id_) {
            note(message);
            continue;
        }
        if (message.contains("error")) {
            throw std::runtime_error(method + ": " + message["error"].dump());
        }
        return message.at("result");
    }
    throw std::runtime_error(method + ": no answer among all that the browser says");
}

// What the page and the browser say by themselves.
void browser::note(const json &event) {
    if (event.value("sessionId", "") != session_) {
        return;
    }
    const std::string method = event.value("method", "");
    const json params = event.value("params", json::object());
    if (method == "Page.loadEventFired") {
        loaded_ = true;
    } else if (method == "Runtime.exceptionThrown") {
        const json &details = params.at("exceptionDetails");
        complaints_.push_back(
            "exception: " + details.value("exception", json::object()).value("description", "") +
            " (" + details.value("text", "") + ")");
    } else if (method == "Runtime.consoleAPICalled") {
        const std::string type = params.value("type", "");
        if (type == "error" || type == "warning" || type == "assert") {
            complaints_.push_back("console: " + params.at("args").dump());
        }
    } else if (method == "Log.entryAdded") {
        complaints_.push_back("log: " + params.at("entry").value("text", ""));
    } else if (method == "Network.requestWillBeSent") {
        const std::string url = params.at("request").value("url", "");
        if (url != url_ && url.rfind("data:", 0) != 0) {
            complaints_.push_back("asked for " + url);
        }
    } else if (method == "Inspector.targetCrashed") {
        complaints_.push_back("the page crashed");
    }
}

void browser::open(const std::string &path, const view &view) {
    session_.clear();
    if (!target_.empty()) {
        command("Target.closeTarget", {{"targetId", target_}});
    }
    complaints_.clear();
    loaded_ = false;
    target_ = command("Target.createTarget", {{"url", "about:blank"}}).at("targetId");
    session_ = command("Target.attachToTarget", {{"targetId", target_}, {"flatten", true}})
                   .at("sessionId");
    url_ = "file://" + std::filesystem::canonical(path).string();
    command("Emulation.setDeviceMetricsOverride", {{"width", view.width},
                                                   {"height", view.height},
                                                   {"deviceScaleFactor", 1},
                                                   {"mobile", false}});
    command("Emulation.setEmulatedMedia",
            {{"features",
              {{{"name", "prefers-color-scheme"}, {"value", view.dark ? "dark" : "light"}}}}});
    for (const char *part : {"Page", "Runtime", "Log", "Network"}) {
        command(std::string(part) + ".enable", json::object());
    }
    const json went = command("Page.navigate", {{"url", url_}});
    if (went.contains("errorText")) {
        throw std::runtime_error(url_ + ": " + went["errorText"].get<std::string>());
    }
    wait_for_load();
}

void browser::wait_for_load() {
    const auto until = clock::now() + ANSWER_WITHIN;
    while (!loaded_) {
        if (clock::now() > until) {
            throw std::runtime_error(url_ + ": does not load");
        }
        note(next_message());
    }
}

json browser::evaluate(const std::string &expression) {
    const json out =
        command("Runtime.evaluate",
                {{"expression", expression}, {"returnByValue", true}, {"awaitPromise", true}});
    if (out.contains("exceptionDetails")) {
        throw std::runtime_error(out["exceptionDetails"].dump());
    }
    return out.at("result").value("value", json());
}

void browser::click(const std::string &selector) {
    const json at =
        evaluate("(() => { const found = document.querySelector(" + json(selector).dump() +
                 "); found.scrollIntoView({block: 'center'});"
                 "const box = found.getBoundingClientRect();"
                 "return [box.x + box.width / 2, box.y + box.height / 2]; })()");
    for (const char *type : {"mousePressed", "mouseReleased"}) {
        command("Input.dispatchMouseEvent", {{"type", type},
                                             {"x", at.at(0)},
                                             {"y", at.at(1)},
                                             {"button", "left"},
                                             {"clickCount", 1}});
    }
}

std::string browser::picture(bool whole) {
    return command("Page.captureScreenshot", {{"format", "png"}, {"captureBeyondViewport", whole}})
        .at("data");
}

void save(const std::string &picture, const std::string &path) {
    const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::ofstream out(path, std::ios::binary);
    unsigned bits = 0;
    int count = 0;
    for (const char letter : picture) {
        if (letter == '=') {
            break;
        }
        bits = bits << 6 | static_cast<unsigned>(letters.find(letter));
        count += 6;
        if (count >= 8) {
            count -= 8;
            out.put(static_cast<char>(bits >> count & 0xFF));
        }
    }
    out.close();
    if (!out) {
        throw std::runtime_error(path + ": can't be written");
    }
}

colours colours_of(browser &browser, const std::string &picture) {
    const json found = browser.evaluate(
        "(async () => { const image = new Image(); image.src = 'data:image/png;base64," + picture +
        R"(';
        await image.decode();
        const side = Math.min(256, image.width, image.height);
        const canvas = new OffscreenCanvas(side, side);
        const pen = canvas.getContext('2d');
        pen.imageSmoothingEnabled = false;
        pen.drawImage(image, 0, 0, side, side);
        const bytes = pen.getImageData(0, 0, side, side).data;
        const counts = new Map();
        let sum = 0;
        for (let i = 0; i < bytes.length; i += 4) {
            const colour = bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2];
            counts.set(colour, (counts.get(colour) || 0) + 1);
            sum += bytes[i] + bytes[i + 1] + bytes[i + 2];
        }
        const all = side * side;
        return [image.width, image.height, Math.max(...counts.values()) / all, counts.size,
                sum / (all * 3 * 255)]; })())");
    return {found.at(0), found.at(1), found.at(2), found.at(3), found.at(4)};
}

}  // namespace testing_browser
