// Adept, without its arrays: one stack that starts a new recording for each gradient.

#include <adept.h>

using Number = adept::adouble;

inline double value_of(const Number& x) { return x.value(); }

#include "measure.hpp"

struct Adept {
    adept::Stack stack;
    std::vector<Number> x;
    double value;

    template <class W>
    std::vector<double> gradient(const W& workload) {
        x.resize(workload.at.size());
        adept::set_values(x.data(), x.size(), workload.at.data());
        stack.new_recording();
        Number y = workload.value(std::span<const Number>(x));
        y.set_gradient(1.0);
        stack.compute_adjoint();
        value = y.value();
        std::vector<double> gradient(x.size());
        adept::get_gradients(x.data(), x.size(), gradient.data());
        return gradient;
    }
};

int main(int count, char** arguments) { return measure<Adept>(count, arguments); }
