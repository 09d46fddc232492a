// testing/browser/browser.h: a page in a browser without a window, for tests that look at what
// people would see. The browser is @chromium's; it reaches no network and finds no fonts but its
// own.
// Units:     pixels.
// Ownership: a browser owns its processes and folder; one page at a time.
// Blocking:  each function until the browser has answered, 30 s at most.
// Errors:    std::runtime_error: no answer in time, the browser ended, a script that throws.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace testing_browser {

struct view {
    int width = 1280;
    int height = 900;
    bool dark = false;
};

class browser {
  public:
    // Starts it; `scratch` is a folder for what it writes.
    explicit browser(const std::string &scratch);
    ~browser();
    browser(const browser &) = delete;
    browser &operator=(const browser &) = delete;

    // Shows a file in a new page and waits until it has loaded, its scripts too.
    void open(const std::string &path, const view &view);

    // The value of a JavaScript expression in the page; a promise is awaited.
    nlohmann::json evaluate(const std::string &expression);

    // Presses and lets go the first button at the middle of what a selector finds, which is
    // scrolled into view before.
    void click(const std::string &selector);

    // What is seen, or all of the page from top to end: a PNG file in base64.
    std::string picture(bool whole);

    // Since the page was opened: errors and warnings of scripts and of the browser, and what was
    // asked for beside the page's own file.
    const std::vector<std::string> &complaints() const {
        return complaints_;
    }

  private:
    nlohmann::json command(const std::string &method, const nlohmann::json &params);
    nlohmann::json next_message();
    void send(const std::string &text) const;
    void note(const nlohmann::json &event);
    void wait_for_load();

    pid_t child_ = -1;
    int to_ = -1;
    int from_ = -1;
    std::int64_t last_id_ = 0;
    std::string received_;
    std::string target_;
    std::string session_;
    std::string url_;
    bool loaded_ = false;
    std::vector<std::string> complaints_;
};

// Writes a picture as a PNG file.
void save(const std::string &picture, const std::string &path);

// What a picture shows, by a sample of 65,536 pixels at most.
struct colours {
    int width = 0;
    int height = 0;
    double most_common = 0;  // Share of the colour that most pixels have.
    int different = 0;
    double brightness = 0;  // On the mean: 0 black, 1 white.
};

// The browser decodes it, in the page that is open.
colours colours_of(browser &browser, const std::string &picture);

}  // namespace testing_browser
