// CppAD: a function object for each gradient, recorded without comparisons and not optimized, and memory that is held
// between recordings, as in the library's own speed tests. The object computes the values again when it is made.

#include <cppad/cppad.hpp>

using Number = CppAD::AD<double>;

inline double value_of(const Number& x) { return CppAD::Value(CppAD::Var2Par(x)); }

// The library has no maximum. What is recorded anew may branch.
namespace CppAD {
inline Number max(const Number& x, double y) { return x > y ? x : Number(y); }
}  // namespace CppAD

#include "measure.hpp"

struct CppAd {
    std::vector<Number> x, y = std::vector<Number>(1);
    double value;

    CppAd() { CppAD::thread_alloc::hold_memory(true); }

    template <class W>
    std::vector<double> gradient(const W& workload) {
        x.assign(workload.at.begin(), workload.at.end());
        CppAD::Independent(x, 0, false);
        y[0] = workload.value(std::span<const Number>(x));
        CppAD::ADFun<double> f(x, y);
        value = value_of(y[0]);
        return f.Reverse(1, std::vector<double>{1.0});
    }
};

int main(int count, char** arguments) { return measure<CppAd>(count, arguments); }
