// CoDiPack: one tape that is reset and recorded anew. NUMBER names one of its types.

#include <codi.hpp>

using Number = codi::NUMBER;

inline double value_of(const Number& x) { return x.getValue(); }

#include "measure.hpp"

struct CoDiPack {
    std::vector<Number> x;
    double value;

    template <class W>
    std::vector<double> gradient(const W& workload) {
        Number::Tape& tape = Number::getTape();
        tape.setActive();
        x.assign(workload.at.begin(), workload.at.end());
        for (Number& x : x) tape.registerInput(x);
        Number y = workload.value(std::span<const Number>(x));
        tape.registerOutput(y);
        tape.setPassive();
        y.setGradient(1.0);
        tape.evaluate();
        value = y.getValue();
        std::vector<double> gradient(x.size());
        for (size_t k = 0; k < x.size(); k++) gradient[k] = x[k].getGradient();
        tape.reset();
        return gradient;
    }
};

int main(int count, char** arguments) { return measure<CoDiPack>(count, arguments); }
