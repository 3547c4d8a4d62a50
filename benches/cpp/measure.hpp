// What a measuring program does, as benches/peers does it: the gradient is checked, then recorded and swept anew in
// batches that are long against the clock, and the median is printed in nanoseconds for each elementary operation.
//
//   PROGRAM time WORKLOAD BY_HAND      the cost of an elementary operation
//   PROGRAM faults WORKLOAD BY_HAND    page faults of the tenth gradient
//
// BY_HAND is the file that `peers by-hand WORKLOAD` writes: the value, the point and the gradient written by hand.

#pragma once

#include <sys/resource.h>
#include <time.h>

#include "workloads.hpp"

inline double thread_nanoseconds() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) * 1e9 + double(t.tv_nsec);
}

inline long page_faults() {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

inline double median(std::vector<double> times) {
    std::sort(times.begin(), times.end());
    return (times[(times.size() - 1) / 2] + times[times.size() / 2]) / 2.0;
}

// A comparison of speed is worth nothing if the numbers differ. The points are to have the same bits.
inline bool same(const std::vector<double>& at, double value, const std::vector<double>& gradient, const char* path) {
    size_t n = at.size();
    std::vector<double> hand(1 + 2 * n);
    std::FILE* file = std::fopen(path, "rb");
    if (!file || std::fread(hand.data(), sizeof(double), hand.size(), file) != hand.size() || std::fgetc(file) != EOF) {
        std::fprintf(stderr, "%s does not hold a value and %zu partial derivatives by hand\n", path, n);
        return false;
    }
    std::fclose(file);
    if (!std::equal(at.begin(), at.end(), &hand[1])) {
        std::fprintf(stderr, "%s: another point\n", path);
        return false;
    }
    // Each is compared by itself, so that a NaN, which is within no bound, is not lost among others.
    bool agree = gradient.size() == n && std::abs(value - hand[0]) <= 1e-12 * std::abs(hand[0]);
    double scale = 0.0;
    for (size_t k = 0; k < n; k++) scale = std::max(scale, std::abs(hand[1 + n + k]));
    for (size_t k = 0; agree && k < n; k++) agree = std::abs(gradient[k] - hand[1 + n + k]) <= 1e-12 * scale;
    if (!agree) std::fprintf(stderr, "%s: value or gradient is off by more than 1e-12 of the largest\n", path);
    return agree;
}

// The main function of a library's program. A peer has `gradient(workload)`, recorded and swept as a user would, which
// leaves the value in `value`.
template <class Peer>
int measure(int count, char** arguments) {
    if (count != 4) {
        std::fprintf(stderr, "%s time|faults WORKLOAD BY_HAND\n", arguments[0]);
        return 1;
    }
    std::string_view unit = arguments[1];
    int status = 0;
    visit(arguments[2], [&](const auto& workload) {
        Peer peer;
        auto gradient = [&] {
            std::vector<double> g = peer.gradient(workload);
            asm volatile("" : : "r"(g.data()), "r"(&workload) : "memory");
            return g;
        };
        auto time = [&](int batch) {
            double start = thread_nanoseconds();
            for (int k = 0; k < batch; k++) gradient();
            return thread_nanoseconds() - start;
        };
        std::vector<double> g = gradient();
        if (!same(workload.at, peer.value, g, arguments[3])) {
            status = 1;
            return;
        }
        if (unit == "faults") {
            time(8);
            long before = page_faults();
            gradient();
            std::printf("%ld\n", page_faults() - before);
            return;
        }
        // What is timed first pays the page faults and is left out.
        double once = time(1);
        int batch = int(std::clamp(std::ceil(2e5 / once), 1.0, 10'000.0));
        std::vector<double> times;
        double total = 0.0;
        while (times.size() < 5 || (total < 4e8 && times.size() < 1'000)) {
            double t = time(batch);
            total += t;
            times.push_back(t / double(batch));
        }
        std::printf("%.17g\n", median(times) / double(workload.operations()));
    });
    return status;
}
