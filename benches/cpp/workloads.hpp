// The workloads of benches/workloads, for number types of C++: the same nine formulas at the same points, with nothing in
// them for speed's sake. A number type's own sin, exp, log, sqrt, erf and max are found by its namespace; `value_of`, the
// number without its tape, is declared by the adapter before it includes this file. Short sums begin with their first
// term: a zero would be one statement more for each of them.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

using std::erf, std::exp, std::log, std::max, std::sin, std::sqrt;

// A product that is rounded by itself. Under -march=native it would be fused with the sum that it stands in, and the
// points would differ from those of Rust in their last bits.
inline double rounded_product(double a, double b) {
    volatile double product = a * b;
    return product;
}

// Numbers that fill low..high evenly and in no order: multiples of an irrational number modulo 1 (Weyl 1916).
inline std::vector<double> spread(size_t count, double low, double high, double irrational) {
    std::vector<double> numbers;
    for (size_t k = 1; k <= count; k++) {
        double multiple = rounded_product(irrational, double(k));
        numbers.push_back(low + rounded_product(high - low, multiple - std::trunc(multiple)));
    }
    return numbers;
}

template <class T>
T sum(std::span<const T> x) {
    T s = x[0];
    for (size_t k = 1; k < x.size(); k++) s += x[k];
    return s;
}

template <class T>
T squares(std::span<const T> x) {
    T s = x[0] * x[0];
    for (size_t k = 1; k < x.size(); k++) s += x[k] * x[k];
    return s;
}

// ln Σ exp(x), with the largest number taken out first so that nothing overflows.
template <class T>
T log_sum_exp(std::span<const T> x) {
    double largest = -std::numeric_limits<double>::infinity();
    for (size_t k = 0; k < x.size(); k++) largest = std::max(largest, value_of(x[k]));
    T s = exp(x[0] - largest);
    for (size_t k = 1; k < x.size(); k++) s += exp(x[k] - largest);
    return log(s) + largest;
}

// S1: a perceptron of layers 2-16-16-1 with ReLU on a hundred points of two half moons, max-margin loss plus the squares
// of all weights.
struct Mlp {
    std::vector<double> at = spread(3 * 16 + 17 * 16 + 17, -1.0, 1.0, 0.618033988749895);
    std::vector<std::vector<double>> points;
    std::vector<double> labels;

    Mlp() {
        std::vector<double> noise = spread(200, -0.1, 0.1, 0.414213562373095);
        for (size_t k = 0; k < 100; k++) {
            double angle = M_PI * double(k / 2) / 49.0;
            bool upper = k % 2 == 0;
            double x = upper ? std::cos(angle) : 1.0 - std::cos(angle);
            double y = upper ? std::sin(angle) : 0.5 - std::sin(angle);
            points.push_back({x + noise[2 * k], y + noise[2 * k + 1]});
            labels.push_back(upper ? -1.0 : 1.0);
        }
    }

    size_t operations() const {
        size_t network = 2 * (2 * 16 + 16 * 16 + 16) + 16 + 16;
        return (network + 4) * points.size() + 1 + 2 * at.size() + 2;
    }

    // One layer: for each neuron its weights, then its bias.
    template <class T, class X>
    static std::vector<T> layer(std::span<const T> parameters, const std::vector<X>& x, bool rectify) {
        size_t n = x.size();
        std::vector<T> y(parameters.size() / (n + 1));
        for (size_t i = 0; i < y.size(); i++) {
            std::span<const T> p = parameters.subspan(i * (n + 1), n + 1);
            T s = p[0] * x[0];
            for (size_t k = 1; k < n; k++) s += p[k] * x[k];
            s += p[n];
            if (rectify) s = max(s, 0.0);
            y[i] = s;
        }
        return y;
    }

    template <class T>
    T value(std::span<const T> x) const {
        std::span<const T> first = x.first(3 * 16), second = x.subspan(3 * 16, 17 * 16), last = x.last(17);
        T losses = 0.0;
        for (size_t k = 0; k < points.size(); k++) {
            std::vector<T> hidden = layer(second, layer(first, points[k], true), true);
            T score = layer(last, hidden, false)[0];
            losses += max(1.0 - labels[k] * score, 0.0);
        }
        return losses / double(points.size()) + squares(x) * 1e-4;
    }
};

// S2: the extended Rosenbrock function, Σ 100 (b − a²)² + (1 − a)² over pairs (a, b).
struct Rosenbrock {
    std::vector<double> at;

    explicit Rosenbrock(size_t n) : at(spread(n, -2.0, 2.0, 0.618033988749895)) {}

    size_t operations() const { return 4 * at.size(); }

    template <class T>
    T value(std::span<const T> x) const {
        T s = 0.0;
        for (size_t k = 0; k < x.size(); k += 2) {
            T valley = x[k + 1] - x[k] * x[k];
            T slope = 1.0 - x[k];
            s += valley * valley * 100.0 + slope * slope;
        }
        return s;
    }
};

// S3: Speelpenning's function, the product of all numbers.
struct Product {
    std::vector<double> at;

    explicit Product(size_t n) : at(spread(n, 0.9, 1.1, 0.618033988749895)) {}

    size_t operations() const { return at.size(); }

    template <class T>
    T value(std::span<const T> x) const {
        T p = 1.0;
        for (size_t k = 0; k < x.size(); k++) p *= x[k];
        return p;
    }
};

// S3: ln Σ exp(x).
struct LogSumExp {
    std::vector<double> at;

    explicit LogSumExp(size_t n) : at(spread(n, -3.0, 3.0, 0.618033988749895)) {}

    size_t operations() const { return 3 * at.size(); }

    template <class T>
    T value(std::span<const T> x) const {
        return log_sum_exp(x);
    }
};

// S4: the mean of the numbers x ← sin(x)·exp(−x) + x/(1 + x²) of many steps.
struct Iteration {
    size_t steps;
    std::vector<double> at = {0.3};

    explicit Iteration(size_t steps) : steps(steps) {}

    size_t operations() const { return 9 * steps; }

    template <class T>
    T value(std::span<const T> start) const {
        T x = start[0];
        T s = 0.0;
        for (size_t k = 0; k < steps; k++) {
            x = sin(x) * exp(-x) + x / (x * x + 1.0);
            s += x;
        }
        return s / double(steps);
    }
};

// S5: the log-likelihood of a Gaussian mixture with a Wishart prior. A component has a weight, a mean, and the factor of
// its inverse covariance: the logarithms of the diagonal, then what lies below it, column by column.
struct Mixture {
    size_t d, k;
    std::vector<double> at;
    std::vector<std::vector<double>> points;

    Mixture(size_t d, size_t k, size_t n)
        : d(d), k(k), at(spread(k + k * d + k * d * (d + 1) / 2, -0.7, 0.7, 0.618033988749895)) {
        std::vector<double> coordinates = spread(n * d, -1.0, 1.0, 0.732050807568877);
        for (size_t i = 0; i < n; i++) points.emplace_back(&coordinates[i * d], &coordinates[i * d] + d);
    }

    size_t operations() const {
        size_t triangle = d * (d - 1) / 2;
        size_t term = d + (d + 2 * triangle) + (2 * d - 1) + 3 + 3;
        size_t component = 2 * d + 2 * (d + triangle) + 3;
        return points.size() * (k * term + 3) + k * component + 3 * k + 6;
    }

    // What does not depend on the parameters.
    double constant() const {
        double dimension = double(d), n = double(points.size());
        double gammas = 0.0;
        for (size_t j = 0; j < d; j++) gammas += std::lgamma(double(d + 1 - j) / 2.0);
        double prior = (dimension + 1.0) * dimension * (-0.5 * std::log(2.0)) -
                       (dimension * (dimension - 1.0) / 4.0 * std::log(M_PI) + gammas);
        return -n * dimension * 0.5 * std::log(2.0 * M_PI) - double(k) * prior;
    }

    // The factor times v.
    template <class T>
    static std::vector<T> times(const std::vector<T>& diagonal, std::span<const T> below, const std::vector<T>& v) {
        size_t d = v.size();
        std::vector<T> y(d);
        for (size_t j = 0; j < d; j++) y[j] = diagonal[j] * v[j];
        size_t next = 0;
        for (size_t column = 0; column < d; column++)
            for (size_t row = column + 1; row < d; row++) y[row] += below[next++] * v[column];
        return y;
    }

    template <class T>
    T value(std::span<const T> x) const {
        size_t size = d * (d + 1) / 2;
        std::span<const T> weights = x.first(k), means = x.subspan(k, k * d), factors = x.last(k * size);
        std::vector<std::span<const T>> below;
        std::vector<T> sums(k);
        std::vector<std::vector<T>> diagonals;
        for (size_t c = 0; c < k; c++) {
            std::span<const T> q = factors.subspan(c * size, d);
            below.push_back(factors.subspan(c * size + d, size - d));
            sums[c] = sum(q);
            std::vector<T> diagonal(d);
            for (size_t j = 0; j < d; j++) diagonal[j] = exp(q[j]);
            diagonals.push_back(std::move(diagonal));
        }
        T likelihood = 0.0;
        for (const std::vector<double>& point : points) {
            std::vector<T> terms(k);
            for (size_t c = 0; c < k; c++) {
                std::vector<T> centred(d);
                for (size_t j = 0; j < d; j++) centred[j] = point[j] - means[c * d + j];
                std::vector<T> y = times(diagonals[c], below[c], centred);
                terms[c] = weights[c] + sums[c] - squares<T>(y) * 0.5;
            }
            likelihood += log_sum_exp<T>(terms);
        }
        T prior = 0.0;
        for (size_t c = 0; c < k; c++) prior += (squares<T>(diagonals[c]) + squares(below[c])) * 0.5;
        return likelihood - log_sum_exp(weights) * double(points.size()) + prior + constant();
    }
};

// S6a: the sum of the prices of European calls after Black and Scholes, each with its own spot, strike, rate, volatility
// and time.
struct BlackScholes {
    std::vector<double> at;

    explicit BlackScholes(size_t options) {
        std::vector<double> columns[] = {
            spread(options, 80.0, 120.0, 0.618033988749895), spread(options, 80.0, 120.0, 0.414213562373095),
            spread(options, 0.01, 0.06, 0.732050807568877),  spread(options, 0.1, 0.5, 0.23606797749979),
            spread(options, 0.2, 2.0, 0.645751311064591),
        };
        for (size_t k = 0; k < options; k++)
            for (const std::vector<double>& column : columns) at.push_back(column[k]);
    }

    size_t operations() const { return 27 * (at.size() / 5); }

    // The distribution function of the standard normal.
    template <class T>
    static T normal(const T& x) {
        return (erf(x * M_SQRT1_2) + 1.0) * 0.5;
    }

    template <class T>
    static T price(const T& spot, const T& strike, const T& rate, const T& volatility, const T& time) {
        T width = volatility * sqrt(time);
        T d1 = (log(spot / strike) + (rate + volatility * volatility / 2.0) * time) / width;
        T d2 = d1 - width;
        return spot * normal(d1) - strike * exp(-rate * time) * normal(d2);
    }

    template <class T>
    T value(std::span<const T> x) const {
        T s = 0.0;
        for (size_t k = 0; k < x.size(); k += 5) s += price(x[k], x[k + 1], x[k + 2], x[k + 3], x[k + 4]);
        return s;
    }
};

// S6b: the heat equation on a rod whose ends are held, many explicit steps u ← u + c (left − 2 u + right), then Σ u².
struct Heat {
    size_t steps;
    std::vector<double> at;

    Heat(size_t cells, size_t steps) : steps(steps), at(spread(cells, 0.0, 1.0, 0.618033988749895)) {}

    size_t operations() const { return 5 * (at.size() - 2) * steps + 2 * at.size(); }

    template <class T>
    T value(std::span<const T> x) const {
        std::vector<T> u(x.begin(), x.end());
        std::vector<T> next = u;
        for (size_t step = 0; step < steps; step++) {
            for (size_t i = 1; i + 1 < u.size(); i++) next[i] = u[i] + (u[i - 1] - u[i] * 2.0 + u[i + 1]) * 0.2;
            std::swap(u, next);
        }
        return squares<T>(u);
    }
};

// Calls f with the workload of one name.
template <class F>
void visit(std::string_view name, F f) {
    if (name == "S1") return f(Mlp());
    if (name == "S2") return f(Rosenbrock(1'000));
    if (name == "S2-large") return f(Rosenbrock(1'000'000));
    if (name == "S3-product") return f(Product(1'000));
    if (name == "S3-lse") return f(LogSumExp(1'000));
    if (name == "S4") return f(Iteration(1'000'000));
    if (name == "S5") return f(Mixture(10, 25, 1'000));
    if (name == "S6a") return f(BlackScholes(100'000));
    if (name == "S6b") return f(Heat(500, 1'000));
    std::fprintf(stderr, "no workload %.*s\n", int(name.size()), name.data());
    std::exit(1);
}
