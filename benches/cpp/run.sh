#!/usr/bin/env bash
# Gradients of the scalar workloads on C++ tapes and on this project's two, measured in one run: a process for each tape
# and workload, all in turn in each round; medians of the rounds, and the least of them.
#
#   benches/cpp/run.sh LIBRARIES [--rounds N] [WORKLOAD …]
#
# LIBRARIES is the directory that holds clones of CoDiPack, XAD, Adept 2 and CppAD, named CoDiPack, xad, Adept-2 and
# CppAD, and in httpstan what the wheel of that name on PyPI holds: Stan Math with all that it needs, for Linux on x86-64
# (pip download --no-deps httpstan; unzip httpstan-*.whl, of which the directory httpstan is meant). One that is missing is
# left out. Needs g++ 12 or later, git and cargo; no cmake: the headers that it would generate are written here. Nothing of
# the libraries is in this repository; some are under the GPL or the AGPL, so the programs that are built are for measuring
# and not to be passed on.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$here/build
libraries=$(cd "${1?the directory that holds CoDiPack, xad, Adept-2, CppAD and httpstan}" && pwd)
shift
rounds=3
workloads=()
while [ $# -gt 0 ]; do
    if [ "$1" = --rounds ]; then rounds=$2 && shift; else workloads+=("$1"); fi
    shift
done
[ ${#workloads[@]} -gt 0 ] || workloads=(S1 S2 S2-large S3-product S3-lse S4 S5 S6a S6b)
mkdir -p "$build"
cd "$build"

declare -A flags=([O3]="-O3" [native]="-O3 -march=native" [O2]="-O2")
programs=() # what is measured, as LIBRARY.VARIANT.FLAGS

have() {
    if [ -d "$libraries/$1" ]; then
        echo "$1: $(git -C "$libraries/$1" log -1 --format='%h of %cs' 2>/dev/null || echo "no clone")"
    else
        echo "$1 is not in $libraries and is left out"
        return 1
    fi
}

# Builds one variant of a library with each set of flags, unless nothing is newer than its program.
#   build DIRECTORY VARIANT ARGUMENTS OF THE COMPILER
build() {
    local directory=$1 variant=$2 set program
    shift 2
    for set in O3 native O2; do
        program=$directory.$variant.$set
        programs+=("$program")
        if [ ! -x "$program" ] || [ -n "$(find "$libraries/$directory/" "$here"/*.?pp "$here/run.sh" \
            -name .git -prune -o -type f -newer "$program" -print -quit)" ]; then
            echo "g++ ${flags[$set]}: $directory $variant"
            # shellcheck disable=SC2086
            g++ -std=c++20 -DNDEBUG ${flags[$set]} "$@" -o "$program"
        fi
    done
}

if have CoDiPack; then
    codipack() {
        local variant=$1 type=$2
        shift 2
        build CoDiPack "$variant" -DNUMBER="$type" "$@" -I"$libraries/CoDiPack/include" "$here/codipack.cpp"
    }
    # As it comes; with forced inlining, which its documentation recommends where a compiler inlines too little; without
    # what its switches can leave out (a tape that can pause, slopes and adjoints that are zero, listeners); and with the
    # partial derivatives of one statement by one number combined.
    inlined=-DCODI_ForcedInlines=1
    bare=("$inlined" -DCODI_CheckTapeActivity=false -DCODI_CheckJacobianIsZero=false
        -DCODI_SkipZeroAdjointEvaluation=false -DCODI_ADWorkflowEvents=false)
    codipack RealReverse RealReverse
    codipack inlined RealReverse "$inlined"
    codipack bare RealReverse "${bare[@]}"
    codipack combined RealReverse "${bare[@]}" -DCODI_RemoveDuplicateJacobianArguments=1
    # Sorting the indices at each reset costs more than a small gradient.
    codipack RealReverseIndex RealReverseIndex "$inlined" -DCODI_SortIndicesOnReset=false
    codipack RealReversePrimal RealReversePrimal "$inlined"
fi

if have xad; then
    # Its options for speed: strong inlining, and a tape for one thread.
    mkdir -p xad.generated/XAD
    sed -E 's/^#cmakedefine (XAD_USE_STRONG_INLINE|XAD_NO_THREADLOCAL|XAD_ALLOW_INT_CONVERSION)/#define \1/
        /^#cmakedefine/d' "$libraries/xad/src/XAD/Config.hpp.in" >xad.generated/XAD/Config.hpp
    sed -E '/^#cmakedefine/d; s/"@[A-Z_]+@"/""/; s/@[A-Z_]+@/0/' \
        "$libraries/xad/src/XAD/Version.hpp.in" >xad.generated/XAD/Version.hpp
    # Tapes of other numbers than double are not needed.
    touch xad.generated/XAD/GenerateMode.hpp xad.generated/XAD/Instantiations.hpp
    build xad default -Ixad.generated -I"$libraries/xad/src" "$here/xad.cpp" "$libraries/xad/src/Tape.cpp"
fi

if have Adept-2; then
    # Its option for speed, which among others makes the stack one for one thread.
    build Adept-2 default -DADEPT_FAST -I"$libraries/Adept-2/include" "$here/adept.cpp" \
        "$libraries"/Adept-2/adept/{Stack,StackStorageOrig}.cpp
fi

if have CppAD; then
    mkdir -p CppAD.generated/cppad
    sed -E 's/@cppad_tape_(addr|id)_type@/unsigned int/
        s/@cppad_max_num_threads@/48/
        s/@(use_cplusplus_2017_ok|cppad_cppadvector|cppad_has_gettimeofday|cppad_has_mkstemp)@/1/
        s/@cppad_padding_block_t@//
        s/"[^"]*@[a-z_]+@"/""/
        s/@[a-z_0-9]+@/0/' "$libraries/CppAD/include/cppad/configure.hpp.in" >CppAD.generated/cppad/configure.hpp
    build CppAD default -ICppAD.generated -I"$libraries/CppAD/include" "$here/cppad.cpp"
fi

if have httpstan; then
    stan=$libraries/httpstan
    sed -nE 's/^#define STAN_MATH_(MAJOR|MINOR|PATCH) /Stan Math: \1 /p' "$stan/include/stan/math/version.hpp"
    # Its headers warn by the hundred.
    build httpstan default -w -I"$stan/include" "$here/stan.cpp" -L"$stan/lib" -Wl,-rpath,"$stan/lib" -ltbb
fi

if [ ${#programs[@]} = 0 ]; then
    echo "no library to measure"
    exit 1
fi

cargo build --quiet --release --ignore-rust-version --manifest-path "$here/../peers/Cargo.toml"
peers=$here/../peers/target/release/peers

: >times
for workload in "${workloads[@]}"; do
    "$peers" by-hand "$workload" >"$workload.by-hand"
    for ((round = 0; round < rounds; round++)); do
        for tape in full gradient-only; do
            printf '%s\t%s\t%s\n' "$workload" "$tape" "$("$peers" measure time "$tape" "$workload")" >>times
        done
        for program in "${programs[@]}"; do
            # A program whose gradient differs says so and has no time.
            if time=$("./$program" time "$workload" "$workload.by-hand"); then
                printf '%s\t%s\t%s\n' "$workload" "$program" "$time" >>times
            fi
        done
    done
    rm "$workload.by-hand"
done

echo
g++ --version | head -1
rustc --version
sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -1
echo
# Of each library the least of its variants and flags.
for kind in Medians Least; do
    echo
    echo "$kind of $rounds:"
    awk -F '\t' -v kind="$kind" '
    !($1 in known) { known[$1]; workloads[++rows] = $1 }
    !($2 in tapes) { tapes[$2]; order[++columns] = $2 }
    { time[$1, $2, ++count[$1, $2]] = $3 }
    function of_rounds(workload, tape,    n, i, j, t, x) {
        n = count[workload, tape]
        # Sorted.
        for (i = 1; i <= n; i++) {
            x = time[workload, tape, i]
            for (j = i; j > 1 && t[j - 1] > x; j--) t[j] = t[j - 1]
            t[j] = x
        }
        if (!n) return 1e9
        return kind == "Least" ? t[1] : (t[int((n + 1) / 2)] + t[int(n / 2) + 1]) / 2
    }
    function cell(t) { return t < 1e9 ? sprintf(t < 100 ? "%.2f" : "%.0f", t) : "–" }
    END {
        libraries = split("CoDiPack xad Adept-2 CppAD httpstan", library, " ")
        for (r = 1; r <= rows; r++) {
            line = workloads[r] ":"
            for (c = 1; c <= columns; c++) line = line " " order[c] " " cell(of_rounds(workloads[r], order[c])) ","
            print substr(line, 1, length(line) - 1)
        }
        print "\n| workload | CoDiPack | XAD | Adept | CppAD | Stan | full | ÷ best C++ | gradient-only | ÷ best C++ |"
        print "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
        for (r = 1; r <= rows; r++) {
            w = workloads[r]
            line = "| " w " |"
            best = 1e9
            for (l = 1; l <= libraries; l++) {
                least = 1e9
                name = ""
                for (c = 1; c <= columns; c++)
                    if (index(order[c], library[l] ".") == 1 && of_rounds(w, order[c]) < least) {
                        least = of_rounds(w, order[c])
                        split(order[c], part, ".")
                        name = (part[2] == "default" ? " " : " " part[2] ", ") part[3]
                    }
                cells[l] = cell(least) name
                if (least < best) { best = least; winner = l }
            }
            for (l = 1; l <= libraries; l++) line = line (l == winner ? " **" cells[l] "** |" : " " cells[l] " |")
            full = of_rounds(w, "full")
            gradient = of_rounds(w, "gradient-only")
            printf "%s %s | %.2f | %s | %.2f |\n", line, cell(full), full / best, cell(gradient), gradient / best
        }
    }' times
done
