//! `wengert check`: every derivative of an expression, or of a program, beside its numeric value and error bar.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use wengert::check::{Checker, Element, Report, SelfTest, Verdict};
use wengert::prelude::*;
use wengert::view::ReportExt;

use crate::expression::{self, Expression};
use crate::graph::{Error, full, is_output, remarks, write};
use crate::program::{self, Program};

/// Check the derivatives of an expression, or of a program in any language: each beside its numeric value and error bar
///
/// Example: wengert check "tanh(x*w + b)^2" --at x=0.3,w=-1.2,b=0.5
///
/// Example: wengert check --program ./gradient.py --point weights.txt --blocks "W1[5,6],b1[6]"
///
/// A program reads a line of numbers and answers with a line: its value there, then its derivative by each of them; again, until
/// its input ends. (It must flush each line: `print(…, flush=True)`, `fflush(stdout)`.)
///
/// The end is 0 unless a derivative is wrong, 1 if one is, 2 if the expression or an argument is no good.
#[derive(Args, Debug)]
#[command(after_help = expression::help())]
pub(crate) struct CheckArgs {
    /// The expression, such as "tanh(x*w + b)^2"
    #[arg(allow_hyphen_values = true, required_unless_present = "program", conflicts_with = "program")]
    expression: Option<String>,

    /// Check this program, and no expression
    #[arg(long, value_name = "FILE", conflicts_with_all = ["order", "self_test"])]
    program: Option<PathBuf>,

    /// The numbers that the program's derivatives are taken at, from a file; `-` is standard input
    #[arg(long, value_name = "FILE", requires = "program", conflicts_with = "at")]
    point: Option<PathBuf>,

    /// How the program's numbers are called, in order: names with shapes, such as "W1[5,6],b1[6]"
    #[arg(long, value_name = "NAMES", requires = "program")]
    blocks: Option<String>,

    /// Where to differentiate it: a number for every name; `x=pi/4` and the like are numbers too
    #[arg(long, value_name = "NAME=NUMBER", value_delimiter = ',')]
    at: Vec<String>,

    /// 1 for the derivatives, 2 for the derivatives of the derivatives
    #[arg(long, value_name = "1 or 2", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    order: u8,

    /// The function has no kink here: derivatives that are "cannot tell" only since a weak one is not excluded pass
    #[arg(long)]
    smooth: bool,

    /// Inject faults into the rules of the expression's operations, and say how many are caught and how small ones show
    #[arg(long)]
    self_test: bool,

    /// Print one JSON object: value, verdict, derivatives, the full reports; what is not a finite number is a string
    #[arg(long)]
    json: bool,

    /// Draw the error of the difference against its step, for the worst derivative; `-` is standard output, and the
    /// listing is left out then
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Draw other random numbers
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
}

impl CheckArgs {
    /// A checker as it is asked for.
    fn checker(&self) -> Checker {
        let checker = Checker::new().seed(self.seed);
        if self.smooth { checker.smooth() } else { checker }
    }
}

/// Runs the command. Files and standard output are written only when everything else went well.
pub(crate) fn run(args: &CheckArgs) -> Result<ExitCode, Error> {
    if is_output(&args.svg) && args.json {
        return Err(Error::Arguments("only one of --svg - and --json can have standard output".into()));
    }
    let check = match &args.program {
        Some(program) => Check::of_program(args, program)?,
        None => {
            let expression = Expression::parse(args.expression.as_deref().unwrap_or_default())?;
            let values = expression.values(&args.at).map_err(Error::Arguments)?;
            Check::new(args, &expression, &values)?
        }
    };
    if let Some(path) = &args.svg {
        write(path, &check.worst().curve_svg())?;
    }
    match (args.json, is_output(&args.svg)) {
        (true, _) => write(Path::new("-"), &format!("{}\n", check.json(args)))?,
        (false, false) => write(Path::new("-"), &check.text())?,
        (false, true) => {}
    }
    Ok(ExitCode::from(u8::from(check.verdict() == Verdict::Fail)))
}

/// An expression with what was found of it.
struct Check {
    value: f64,
    /// By what each report differentiates, before the names in it: nothing, or for second derivatives a name.
    reports: Vec<(String, Report)>,
    self_test: Option<SelfTest>,
    /// What looks wrong in the graph, though its derivatives be right.
    remarks: Vec<String>,
}

impl Check {
    fn new(args: &CheckArgs, expression: &Expression, values: &[f64]) -> Result<Self, Error> {
        let names: Vec<&str> = expression.names().collect();
        let value = expression.value(values)?;
        if names.is_empty() {
            return Err(Error::Arguments("an expression without names has no derivative to check".into()));
        }
        if !value.is_finite() {
            return Err(Error::Arguments(format!("the value there is {value}; choose a point where it is a number")));
        }
        let checker = args.checker().names(names.iter().copied());
        let f = |x: Vec<Scalar>| {
            let vars: Vec<Var> = x.into_iter().map(Var::from).collect();
            expression.eval(&vars, |c| vars[0].constant(Tensor::from(c)))
        };
        let remarks = remarks(expression, values)?;
        let mut check = Check { value, reports: Vec::new(), self_test: None, remarks };
        if args.order == 1 {
            check.reports.push((String::new(), checker.report(f, values)?));
        } else {
            for (k, name) in names.iter().enumerate() {
                let derivative = |x: Vec<Scalar>| {
                    let by = Var::from(x[k]);
                    // Where the derivative does not depend on anything, its derivatives are zero and not missing.
                    let nothing = x.iter().fold(by * 0.0, |sum, x| sum + *x * 0.0);
                    f(x).backward_recorded().get(by).map_or(nothing, |g| *g + nothing)
                };
                check.reports.push((name.to_string(), checker.report(derivative, values)?));
            }
        }
        if args.self_test && check.verdict() != Verdict::Fail {
            check.self_test = Some(checker.self_test(f, values)?);
        }
        Ok(check)
    }

    fn of_program(args: &CheckArgs, path: &Path) -> Result<Self, Error> {
        let refused = Error::Arguments;
        let (point, named) = match &args.point {
            Some(path) => (program::point(path).map_err(refused)?, Vec::new()),
            None => {
                let mut point = Vec::new();
                let mut named = Vec::new();
                for assignment in &args.at {
                    let (name, number) = expression::assignment(assignment).map_err(refused)?;
                    point.push(number);
                    named.push((name, Vec::new()));
                }
                (point, named)
            }
        };
        if point.is_empty() {
            let message = "--program: where? give it numbers: --at x=0.5,y=1, or --point FILE";
            return Err(refused(message.into()));
        }
        let blocks = match &args.blocks {
            Some(text) => program::blocks(text).map_err(refused)?,
            None => named,
        };
        let program = RefCell::new(Program::start(path).map_err(refused)?);
        let value = program.borrow_mut().at(&point).0;
        let failed = || program.borrow_mut().error.take().map_or(Ok(()), |e| Err(refused(e)));
        failed()?;
        if !value.is_finite() {
            return Err(refused(format!("the value there is {value}; choose a point where it is a number")));
        }
        let blocks = blocks.iter().map(|(name, shape)| (name.as_str(), &shape[..]));
        let checker = args.checker().blocks(blocks);
        let report = checker.report_function(|x| program.borrow_mut().at(x), &point)?;
        // A program that gives up at some numbers has no derivative there; what it said last is why.
        failed()?;
        Ok(Check { value, reports: vec![(String::new(), report)], self_test: None, remarks: Vec::new() })
    }

    fn verdict(&self) -> Verdict {
        self.reports.iter().map(|(_, r)| r.verdict).max().unwrap_or(Verdict::Pass)
    }

    /// The report with the heaviest verdict.
    fn worst(&self) -> &Report {
        let heaviest = self.reports.iter().rev().max_by_key(|(_, r)| r.verdict);
        &heaviest.unwrap_or(&self.reports[0]).1
    }

    /// Each derivative, how it is called.
    fn derivatives(&self) -> impl Iterator<Item = (String, &Element)> {
        self.reports.iter().flat_map(|(by, report)| {
            report.elements.iter().map(move |e| match by.is_empty() {
                true => (format!("d/d{}", e.name), e),
                false => (format!("d²/d{by}d{}", e.name), e),
            })
        })
    }

    /// A line for each derivative, then what the reports say.
    fn text(&self) -> String {
        let rows: Vec<[String; 5]> = self
            .derivatives()
            .map(|(name, e)| [name, signed(e.analytic), signed(e.numeric), format!("± {:.0e}", e.bar), verdict(e)])
            .collect();
        let width = |k: usize| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
        let [name, analytic, numeric, bar] = [width(0).max(5), width(1).max(9), width(2), width(3)];
        let mut text = format!("{:name$}  {}\n", "value", signed(self.value));
        let _ = writeln!(text, "{:name$}  {:analytic$}   numeric", "", " analytic");
        for row in &rows {
            let [a, b, c, d, e] = row;
            let _ = writeln!(text, "{a:name$}  {b:analytic$}  {c:numeric$}  {d:bar$}  {e}");
        }
        for (by, report) in &self.reports {
            let of = if by.is_empty() { String::new() } else { format!("of d/d{by}: ") };
            let _ = writeln!(text, "{of}{report}");
        }
        if let Some(test) = &self.self_test {
            let _ = writeln!(text, "{test}");
        }
        self.remarks.iter().for_each(|remark| text += &format!("remark: {remark}\n"));
        text
    }

    fn json(&self, args: &CheckArgs) -> Value {
        let derivative = |(name, e): (String, &Element)| {
            json!({
                "name": name,
                "analytic": number(e.analytic),
                "numeric": number(e.numeric),
                "bar": number(e.bar),
                "digits": e.digits(),
                "verdict": e.verdict.to_string(),
            })
        };
        // The reports write JSON themselves.
        let read = |text: String| serde_json::from_str::<Value>(&text).unwrap_or(Value::Null);
        json!({
            "expression": args.expression,
            "program": args.program,
            "value": self.value,
            "order": args.order,
            "verdict": self.verdict().to_string(),
            "derivatives": self.derivatives().map(derivative).collect::<Vec<_>>(),
            "reports": self.reports.iter().map(|(_, r)| read(r.to_json())).collect::<Vec<_>>(),
            "remarks": self.remarks,
            "self_test": self.self_test.as_ref().map(|test| read(test.to_json())),
        })
    }
}

/// The verdict on a derivative, with what belongs to it.
fn verdict(e: &Element) -> String {
    match (e.verdict, e.sides, e.pattern) {
        (Verdict::Kink, Some((left, right)), _) => format!("kink: between {} and {}", full(left), full(right)),
        (Verdict::CannotTell, ..) => format!("cannot tell: {}", e.why_unsure()),
        (Verdict::Fail, _, Some(pattern)) => format!("fail: {pattern}"),
        (verdict, ..) => verdict.to_string(),
    }
}

fn signed(x: f64) -> String {
    let sign = if x.is_sign_negative() { "" } else { " " };
    format!("{sign}{}", full(x))
}

/// A number, or its name where JSON has none.
fn number(x: f64) -> Value {
    if x.is_finite() { json!(x) } else { json!(x.to_string()) }
}
