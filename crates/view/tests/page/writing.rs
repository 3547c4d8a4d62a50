//! How the page writes numbers and formulas.

use wengert_tape::prelude::*;
use wengert_view::ViewExt;

use crate::browser::run;

/// What a piece of HTML says: without the signs that are not seen.
const TEXT: &str = "const said = (html) => Object.assign(document.createElement('template'), { innerHTML: html }).content.textContent\
                    .replace(/[\\u2061\\s]/g, '');";

#[test]
fn whole_numbers_keep_their_digits() {
    let tape = Tape::new();
    let page = tape.scalar(1.0).exp().view().html().unwrap();
    let table = [
        ("0.5", "0.5"),
        ("2 / 3", "0.6667"),
        ("1234.5678", "1235"),
        ("12345", "12345"),
        ("-98765", "−98765"),
        ("100000", "100000"),
        ("12345.678", "12346"),
        ("9999.6", "10000"),
        ("1234567", "1.23e6"),
        ("0.000012345", "1.23e-5"),
    ];
    let script = format!("return [{}].map((x) => short(x)).join();", table.map(|(x, _)| x).join(","));
    let Some(told) = run("numbers", &page, [800, 600], &script) else { return };
    assert_eq!(told, table.map(|(_, text)| text).join(",").replace("e-", "e−"));
}

#[test]
fn a_power_of_a_product_or_of_an_exponential_is_in_brackets() {
    let tape = Tape::new();
    let (x, w) = (tape.scalar(0.7), tape.scalar(-1.2));
    let table = [
        ((x * w).powi(3), "(x·w)3", "w·3·(x·w)2"),
        ((x + w).powi(3), "(x+w)3", "3·(x+w)2"),
        (x.exp().powi(3), "(ex)3", "ex·3·(ex)2"),
        (x.tanh().powi(3), "tanh(x)3", "tanh′(x)·3·tanh(x)2"),
    ];
    let mut wrong = Vec::new();
    for (k, (y, value, slope)) in table.into_iter().enumerate() {
        let script = format!(
            "{TEXT} const y = graph.nodes[graph.output]; const all = said(pathsHtml(0)); \
             return said(filled(graph.ops[y.o].math, y, (n) => spelled(n))) + ' ' + (all.includes({slope:?}) ? {slope:?} : all);"
        );
        let page = y.view().name(x, "x").name(w, "w").html().unwrap();
        let Some(told) = run(&format!("power-{k}"), &page, [800, 600], &script) else { return };
        if told != format!("{value} {slope}") {
            wrong.push(format!("{told} in place of {value} {slope}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A bias that is added to every row gets the sum of all rows, which the formula of one element does not say.
#[test]
fn of_what_is_repeated_the_rule_is_written() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    let b = tape.var(Tensor::from([0.1, 0.2, 0.3]));
    let c = tape.var(Tensor::from(2.0));
    let view = [("x", x), ("b", b), ("c", c)]
        .into_iter()
        .fold(((x + b) * c).sum().view(), |view, (n, node)| view.name(node, n));
    let script = format!(
        "{TEXT} const parts = graph.steps.flatMap(([n], k) => state.parts[k].map((part) => \
         [nameOf(part.node), said(partHtml(graph.nodes[n], part, state.sums[k][state.parts[k].indexOf(part)]))])); \
         return parts.filter(([name]) => ['x', 'b', 'c'].includes(name)).map(([name, text]) => `${{name}} ${{text.includes('sum_to')}}`).join();"
    );
    let Some(told) = run("repeated", &view.html().unwrap(), [800, 600], &script) else { return };
    assert_eq!(told, "c true,x false,b true");
}

/// What looks wrong is a part of the panel, and nothing where nothing does.
#[test]
fn what_looks_wrong_is_on_the_page() {
    let tape = Tape::new();
    let (x, w) = (tape.scalar(5.0), tape.scalar(4.0));
    let page = |y: Scalar| y.view().without_lines().name(x, "x").name(w, "w").html().unwrap();
    assert!(!page((x * w * 0.01).tanh()).contains("What looks wrong"));
    let wrong = page((x * w).tanh());
    assert!(wrong.contains("<summary>What looks wrong (1)</summary>"));
    let script = "return document.querySelector('#remarks li').textContent;";
    let Some(told) = run("remarks", &wrong, [800, 600], script) else { return };
    assert!(told.starts_with("tanh %7: it is saturated: flat where its value is 1, "), "{told}");
}
