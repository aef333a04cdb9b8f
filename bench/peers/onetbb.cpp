// oneTBB's parallel_pipeline on the frames of `cargo xtask bench flow`, to be measured beside facette-flow.
//
//   c++ -std=c++17 -O3 -march=native onetbb.cpp -ltbb -o onetbb
//   ./onetbb FILTERS values|pointers [TOKENS [THREADS [FRAMES [CORES]]]]
//
// FILTERS is a letter for each filter: s for serial in order, p for parallel; the first and the last are serial.
// `values` passes the 16 bytes from filter to filter; oneTBB allocates a token of that size. `pointers` passes the
// address of one of TOKENS frames that are used again and again. Every filter changes the frame; what arrives at the
// end is checked, and a wrong sum is the exit code 1. CORES, such as 0,1, are the only ones that are used (Linux).
// Prints a line of JSON: seconds per frame, after a tenth of the frames to warm up.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <tbb/global_control.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/version.h>

#ifdef __linux__
#include <sched.h>
#endif

namespace {

struct Frame {
    std::uint64_t changes;
    std::uint64_t number;
};

struct Setup {
    std::string filters;
    std::size_t tokens;
};

// What the last filter saw: changes, and the sum of the numbers.
struct Seen {
    std::uint64_t changes = 0;
    std::uint64_t numbers = 0;
};

Frame& at(Frame& frame) { return frame; }
Frame& at(Frame* frame) { return *frame; }

// A chain of filters that pass tokens of type T, chosen at run time; `fresh` gives the token of a number.
template <typename T, typename Fresh>
Seen run(const Setup& setup, std::uint64_t frames, Fresh fresh) {
    using namespace tbb;
    Seen seen;
    std::uint64_t number = 0;
    filter<void, T> chain = make_filter<void, T>(filter_mode::serial_in_order, [&](flow_control& control) -> T {
        if (number == frames) {
            control.stop();
            return T{};
        }
        ++number;
        return fresh(number);
    });
    for (std::size_t i = 1; i + 1 < setup.filters.size(); ++i) {
        const auto mode = setup.filters[i] == 'p' ? filter_mode::parallel : filter_mode::serial_in_order;
        chain = chain & make_filter<T, T>(mode, [](T token) -> T {
            at(token).changes += 1;
            return token;
        });
    }
    const auto last = make_filter<T, void>(filter_mode::serial_in_order, [&](T token) {
        Frame& frame = at(token);
        frame.changes += 1;
        seen.changes += frame.changes;
        seen.numbers += frame.number;
    });
    parallel_pipeline(setup.tokens, chain & last);
    return seen;
}

Seen run_values(const Setup& setup, std::uint64_t frames) {
    return run<Frame>(setup, frames, [](std::uint64_t number) { return Frame{0, number}; });
}

Seen run_pointers(const Setup& setup, std::uint64_t frames) {
    // The last filter works in order: when a token begins, the one that had its frame before has ended.
    std::vector<Frame> ring(setup.tokens);
    return run<Frame*>(setup, frames, [&](std::uint64_t number) {
        Frame* frame = &ring[number % ring.size()];
        *frame = Frame{0, number};
        return frame;
    });
}

bool is_right(const Seen& seen, const Setup& setup, std::uint64_t frames) {
    return seen.changes == (setup.filters.size() - 1) * frames && seen.numbers == frames * (frames + 1) / 2;
}

void keep_to([[maybe_unused]] const std::string& cores) {
#ifdef __linux__
    cpu_set_t set;
    CPU_ZERO(&set);
    for (std::size_t at = 0; at < cores.size();) {
        std::size_t used = 0;
        CPU_SET(std::stoul(cores.substr(at), &used), &set);
        at += used + 1;
    }
    if (!cores.empty() && sched_setaffinity(0, sizeof set, &set) != 0) std::perror("sched_setaffinity");
#endif
}

}  // namespace

int main(int count, char** words) {
    const auto word = [&](int i, const char* otherwise) { return std::string(i < count ? words[i] : otherwise); };
    const Setup setup{word(1, ""), std::stoul(word(3, "16"))};
    const std::string kind = word(2, "");
    if (setup.filters.size() < 2 || setup.tokens == 0 || (kind != "values" && kind != "pointers")) {
        std::fprintf(stderr, "usage: onetbb FILTERS values|pointers [TOKENS [THREADS [FRAMES [CORES]]]]\n");
        return 2;
    }
    const std::uint64_t frames = std::stoull(word(5, "1000000"));
    keep_to(word(6, ""));
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, std::stoul(word(4, "2")));
    const auto go = kind == "values" ? run_values : run_pointers;
    bool right = is_right(go(setup, frames / 10), setup, frames / 10);
    const auto started = std::chrono::steady_clock::now();
    const Seen seen = go(setup, frames);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - started;
    right = right && is_right(seen, setup, frames);
    if (!right) {
        std::fprintf(stderr, "error: wrong frames at the end of %s\n", setup.filters.c_str());
        return 1;
    }
    std::printf("{\"case\":\"%s %s\",\"seconds\":%.9e,\"version\":\"%s\"}\n", setup.filters.c_str(), kind.c_str(),
                time.count() / static_cast<double>(frames), TBB_VERSION_STRING);
}
