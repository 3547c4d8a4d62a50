//! Listings, Graphviz graphs and SVG pictures of many graphs.

use rand::SeedableRng;
use rand::rngs::StdRng;
use wengert_tape::prelude::*;
use wengert_tape::{Any, Arg, Args, Op, Value};
use wengert_view::{View, ViewExt};

/// An operation that is not in the registry, whose formula has every character that needs care.
#[derive(Clone, Debug, PartialEq)]
struct Twice;

impl Op for Twice {
    fn name(&self) -> String {
        "<twice> & \"more\"".into()
    }
    fn text(&self, args: &[&str]) -> String {
        format!("{{{}|2}}\\\n<{}>", args[0], args[0])
    }
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        Ok(args[0].clone())
    }
    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        Any::Real(&a[0] * 2.0)
    }
    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, _y: &A) -> A {
        g * 2.0
    }
    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        d * 2.0
    }
}

/// A picture, with how many boxes and arrows it must have and what must stand in it.
struct Case {
    name: &'static str,
    view: View<f64>,
    boxes: usize,
    arrows: usize,
    words: &'static [&'static str],
}

fn neuron() -> Case {
    let tape = Tape::new();
    let (x, w, b) = (tape.scalar(0.5), tape.scalar(-2.0), tape.scalar(1.0));
    let y = (x * w + b).tanh();
    let view = y.view().gradients(&y.backward_all()).name(x, "x").name(w, "w").name(b, "b");
    Case { name: "a neuron", view, boxes: 6, arrows: 5, words: &["x · w", "tanh(%5)", "-2", "0.5"] }
}

/// The example of micrograd's front page; its results are printed there: 24.7041, 138.8338, 645.5773.
fn micrograd() -> Case {
    let tape = Tape::new();
    let (a, b) = (tape.scalar(-4.0), tape.scalar(2.0));
    let mut c = a + b;
    let mut d = a * b + b.powi(3);
    c = c + c + 1.0;
    c += 1.0 + c + (-a);
    d += d * 2.0 + (b + a).relu();
    d += 3.0 * d + (b - a).relu();
    let f = (c - d).powi(2);
    let mut g = f / 2.0;
    g += 10.0 / f;
    let view = g.view().gradients(&g.backward_all()).name(a, "a").name(b, "b");
    Case { name: "micrograd's example", view, boxes: 27, arrows: 39, words: &["24.7", "138.8", "645.", "10 / %24"] }
}

fn tensors() -> Case {
    let mut rng = StdRng::seed_from_u64(1);
    let tape = Tape::new();
    let x = tape.input(Tensor::randn([8, 2], &mut rng));
    let (w, b) = (tape.var(Tensor::randn([2, 5], &mut rng)), tape.var(Tensor::zeros([5])));
    let targets = tape.constant(Tensor::full([8, 5], 0.5));
    let loss = ((x.matmul(w) + b).tanh() - targets).powi(2).sum();
    let view = loss.view().gradients(&loss.backward_all()).name(w, "w").name(loss, "loss");
    let words = &["[8, 2]", "[2, 5]", "matmul", "[0, 0, 0, 0, 0]", "all 0.5", "all 1", "mean", "loss", "constant"];
    Case { name: "a layer on tensors", view, boxes: 10, arrows: 9, words }
}

fn positions_and_masks() -> Case {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([[1.0, -2.0, 0.5]]));
    let labels = tape.input(Tensor::from([[1i64]]));
    let leaky = select(x.greater(0.0), &x, x * 0.1);
    let y = x.log_softmax(1).gather(1, labels).sum() + leaky.sum();
    let view = y.view().gradients(&y.backward_all()).name(labels, "labels");
    let words = &["[1, 3] mask", "[1, 1] index", "[[1]]", "[[true, false, true]]", "%1 &gt; 0", "labels"];
    Case { name: "positions and masks", view, boxes: 10, arrows: 12, words }
}

fn custom() -> Case {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([1.0, 3.0]));
    let y = Var::try_apply(Twice, &[Arg::Real(&x)]).unwrap().real().sum();
    let view = y.view().gradients(&y.backward_all()).name(x, "<x> & \"y\"\u{1}\n]]>|{}\\");
    Case { name: "a user's operation", view, boxes: 3, arrows: 2, words: &["&lt;twice&gt; &amp; ", "[2, 6]", "[2, 2]"] }
}

fn leaf() -> Case {
    let view = Tape::new().scalar(3.0).view();
    Case { name: "a leaf", view, boxes: 1, arrows: 0, words: &["var", "3"] }
}

fn nothing() -> Case {
    Case { name: "an empty tape", view: Tape::new().view(), boxes: 0, arrows: 0, words: &[] }
}

fn cases() -> Vec<Case> {
    let one_way = || vec![neuron(), micrograd(), tensors(), positions_and_masks(), custom(), leaf(), nothing()];
    let down = one_way().into_iter().map(|case| Case { view: case.view.down(), ..case });
    one_way().into_iter().chain(down).collect()
}

/// What is wrong with a picture.
fn faults(case: &Case) -> Vec<String> {
    let svg = case.view.svg();
    let document = match roxmltree::Document::parse(&svg) {
        Ok(document) => document,
        Err(e) => return vec![format!("not XML: {e}")],
    };
    let mut faults = Vec::new();
    let with = |tag: &str, class: &str| {
        let has_class = |n: &roxmltree::Node<'_, '_>| n.attribute("class").unwrap_or("").split(' ').any(|c| c == class);
        document.descendants().filter(|n| n.has_tag_name(tag) && (class.is_empty() || has_class(n))).count()
    };
    for (what, count, expected) in [
        ("boxes", with("rect", ""), case.boxes),
        ("arrows", with("path", "arrow"), case.arrows),
        ("heads", with("path", "head"), case.arrows),
    ] {
        if count != expected {
            faults.push(format!("{count} {what} instead of {expected}"));
        }
    }
    let root = document.root_element();
    let extent = |name: &str| root.attribute(name).and_then(|x| x.parse::<f64>().ok()).unwrap_or(0.0);
    for node in document.descendants().filter(|n| n.has_tag_name("rect") || n.has_tag_name("text")) {
        let number = |name: &str| node.attribute(name).map_or(0.0, |x| x.parse::<f64>().unwrap_or(f64::NAN));
        let inside = |at: &str, length: &str, whole: &str| {
            let (low, high) = (number(at), number(at) + number(length));
            low >= 0.0 && high <= extent(whole) - 16.0
        };
        if !inside("x", "width", "width") || !inside("y", "height", "height") {
            faults.push(format!("{node:?} lies outside"));
        }
    }
    for word in case.words {
        if !svg.contains(word) {
            faults.push(format!("`{word}` does not stand in it"));
        }
    }
    if svg != case.view.svg() {
        faults.push("the second picture differs from the first".into());
    }
    faults
}

#[test]
fn pictures_are_whole() {
    let wrong: Vec<String> =
        cases().iter().flat_map(|case| faults(case).into_iter().map(|f| format!("{}: {f}", case.name))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Attribute lists of a Graphviz graph whose quotes do not pair, or whose strings have a bar or brace too many.
fn badly_quoted(line: &str) -> bool {
    let (mut quoted, mut escaped, mut depth) = (false, false, 0);
    for c in line.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '{' if quoted => depth += 1,
            '}' if quoted => depth -= 1,
            _ => {}
        }
    }
    quoted || escaped || depth != 0
}

#[test]
fn graphviz_graphs_are_whole() {
    let mut wrong = Vec::new();
    for case in cases() {
        let dot = case.view.dot();
        let lines: Vec<&str> = dot.lines().filter(|line| line.contains(" [ ")).collect();
        let (arrows, nodes): (Vec<&str>, Vec<&str>) = lines.iter().partition(|line| line.contains(" -> "));
        if (nodes.len(), arrows.len()) != (case.boxes, case.arrows) {
            wrong.push(format!("{}: {} nodes and {} arrows", case.name, nodes.len(), arrows.len()));
        }
        if lines.iter().any(|line| badly_quoted(line)) || !dot.starts_with("digraph {") || !dot.ends_with("}\n") {
            wrong.push(format!("{}: {dot}", case.name));
        }
        for word in case.words.iter().filter(|word| !word.contains(['&', '"'])) {
            if !dot.contains(word) {
                wrong.push(format!("{}: `{word}` does not stand in it", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_listing_has_a_line_for_each_node() {
    let mut wrong = Vec::new();
    for case in cases() {
        let text = case.view.to_string();
        // A heading, or one line that says that there is nothing.
        if text.lines().count() != case.boxes + 1 {
            wrong.push(format!("{}: {} lines", case.name, text.lines().count()));
        }
        for word in case.words.iter().filter(|word| !word.contains('&')) {
            if !text.contains(word) {
                wrong.push(format!("{}: `{word}` does not stand in it", case.name));
            }
        }
        if case.boxes > 0 && !text.contains("drawings/pictures.rs:") {
            wrong.push(format!("{}: no source line", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_listing_is_read_like_this() {
    let tape = Tape::new();
    let w = tape.var(Tensor::from([[1.0, -2.0], [0.5, 3.0]]));
    let x = tape.input(Tensor::from([[1.0, 2.0]]));
    let y = (x.matmul(w) * tape.constant(Tensor::from([3.0, -1.0]))).sum() / -2.0;
    let view = y.view().gradients(&y.backward_all()).name(w, "w").name(y, "y").without_lines();
    // y = −½ (3 (w₁₁ + 2 w₂₁) − (w₁₂ + 2 w₂₂))
    let lines = [
        "node  operation  formula         shape   value                 gradient",
        "%1    var        w               [2, 2]   [[1, -2], [0.5, 3]]   [[-1.5, 0.5], [-3, 1]]",
        "%2    input                      [1, 2]   [[1, 2]]",
        "%3    matmul     %2 · w          [1, 2]   [[2, 4]]              [[-1.5, 0.5]]",
        "c3    constant                   [2]      [3, -1]",
        "%4    mul        %3 · c3         [1, 2]   [[6, -4]]             [[-0.5, -0.5]]",
        "%5    sum_to     sum_to(%4, [])  []       2                    -0.5",
        "%6    div        y = %5 / (-2)   []      -1                     1",
    ];
    assert_eq!(view.to_string(), lines.join("\n") + "\n");
}

/// Many operations, one after another, no two alike: `n` nodes.
fn chain(n: usize) -> View<f64> {
    let tape = Tape::new();
    let x = tape.scalar(1.0);
    (1..n).fold(x, |y, k| if k % 2 == 0 { y.sin() } else { y.cos() }).view()
}

#[test]
fn what_is_left_out_is_counted() {
    let lines = |view: View<f64>| view.to_string().lines().count();
    assert_eq!((lines(chain(100)), lines(chain(101)), lines(chain(101).all())), (101, 42, 102));
    let text = chain(1000).to_string();
    assert!(text.lines().any(|line| line == "…     960 nodes left out; `all()` shows them"), "{text}");

    let boxes = |svg: &str| svg.matches("<rect").count();
    assert_eq!((boxes(&chain(400).svg()), boxes(&chain(900).svg()), boxes(&chain(900).all().svg())), (400, 400, 900));
    assert!(chain(900).svg().contains("… 500 earlier nodes are not drawn"));
}

#[test]
fn gradients_of_another_tape_show_nothing() {
    let (here, there) = (Tape::new().scalar(1.0), Tape::new());
    let foreign = there.scalar(7.0) * 2.0;
    let tape = Tape::new();
    let y = tape.scalar(1.0) * 5.0;
    let view = y.view().gradients(&foreign.backward_all()).name(foreign, "foreign").name(here, "here");
    let text = view.to_string() + &view.svg() + &view.dot();
    assert!(!text.contains("gradient "), "{text}");
    assert!(!text.contains("foreign") && !text.contains("here"), "{text}");
}

#[test]
fn what_has_no_graph_says_so() {
    let tape = Tape::new();
    let folded: Tape<f64> = Tape::gradient_only();
    let gone = Tape::new().scalar(1.0);
    let table = [
        (Scalar::constant(1.0).try_view(), "not connected: a constant has no graph"),
        (tape.constant(Tensor::from(1.0)).try_view(), "not connected: a constant has no graph"),
        (
            folded.scalar(1.0).try_view(),
            "no graph: a gradient-only tape keeps slopes and no operations, and cannot show its graph; record on \
             `Tape::new()`",
        ),
        (gone.try_view(), "stale handle: its tape was cleared or dropped; record it again on the tape in use"),
    ];
    for (view, message) in table {
        assert_eq!(view.map(|_| ()).map_err(|e| e.to_string()), Err(message.to_string()));
    }
}

#[test]
fn single_precision_is_seen_too() {
    let tape = Tape::of::<f32>();
    let x = tape.scalar(0.1f32);
    let y = x * 3.0;
    let text = y.view().gradients(&y.backward_all()).without_lines().to_string();
    assert_eq!(text.lines().last(), Some("%2    mul        %1 · 3   []     0.3    1"));
}
