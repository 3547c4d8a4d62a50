// Stan Math: the reverse mode's own numbers, without its matrices; its arena is recovered after each gradient, as Stan does
// after each step.

#include <stan/math/rev/core.hpp>
#include <stan/math/rev/fun/erf.hpp>
#include <stan/math/rev/fun/exp.hpp>
#include <stan/math/rev/fun/fmax.hpp>
#include <stan/math/rev/fun/log.hpp>
#include <stan/math/rev/fun/sin.hpp>
#include <stan/math/rev/fun/sqrt.hpp>

using Number = stan::math::var;

inline double value_of(const Number& x) { return x.val(); }
inline Number max(const Number& x, double bound) { return stan::math::fmax(x, bound); }

#include "measure.hpp"

struct Stan {
    double value;

    template <class W>
    std::vector<double> gradient(const W& workload) {
        std::vector<Number> x(workload.at.begin(), workload.at.end());
        Number y = workload.value(std::span<const Number>(x));
        stan::math::grad(y.vi_);
        value = y.val();
        std::vector<double> gradient(x.size());
        for (size_t k = 0; k < x.size(); k++) gradient[k] = x[k].adj();
        stan::math::recover_memory();
        return gradient;
    }
};

int main(int count, char** arguments) { return measure<Stan>(count, arguments); }
