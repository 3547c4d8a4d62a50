// XAD: one tape that is cleared and recorded anew, which its documentation says may be faster than a tape for each time.

#include <XAD/XAD.hpp>

using Mode = xad::adj<double>;
using Number = Mode::active_type;

inline double value_of(const Number& x) { return x.getValue(); }

#include "measure.hpp"

struct Xad {
    Mode::tape_type tape;
    std::vector<Number> x;
    double value;

    template <class W>
    std::vector<double> gradient(const W& workload) {
        x.clear();
        tape.clearAll();
        x.assign(workload.at.begin(), workload.at.end());
        tape.registerInputs(x);
        tape.newRecording();
        Number y = workload.value(std::span<const Number>(x));
        tape.registerOutput(y);
        derivative(y) = 1.0;
        tape.computeAdjoints();
        value = y.getValue();
        std::vector<double> gradient(x.size());
        for (size_t k = 0; k < x.size(); k++) gradient[k] = derivative(x[k]);
        return gradient;
    }
};

int main(int count, char** arguments) { return measure<Xad>(count, arguments); }
