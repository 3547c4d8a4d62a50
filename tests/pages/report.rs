//! The report in `docs/check-your-gradients.md` is what the example prints.

#[path = "../../examples/check_my_gradient.rs"]
mod example;

#[test]
fn the_report_of_the_page_is_true() {
    let page = include_str!("../../docs/check-your-gradients.md");
    let block = page.split("## Which operation is wrong").nth(1).unwrap().split("```text\n").nth(1).unwrap();
    let (_, wrong) = example::reports();
    // The same file by another path.
    let wrong = wrong.replace("tests/pages/../../examples/", "examples/");
    for line in block.split("```").next().unwrap().lines() {
        let shown = line.strip_suffix("…").unwrap_or(line);
        assert!(wrong.lines().any(|l| l.starts_with(shown)), "`{shown}` is not in\n{wrong}");
    }
    example::main();
}
