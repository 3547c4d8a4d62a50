//! Chromium without a window. Where there is none a test says so and passes, unless `CI` is set.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What collects errors, before anything else on the page runs.
const WATCH: &str = "<script>
const wrong = [];
addEventListener('error', (event) => wrong.push(`error: ${event.message} (line ${event.lineno})`));
addEventListener('unhandledrejection', (event) => wrong.push(`rejected: ${event.reason}`));
for (const kind of ['error', 'warn']) {
  const say = console[kind];
  console[kind] = (...text) => { wrong.push(`console.${kind}: ${text.join(' ')}`); say(...text); };
}
</script>";

/// The browser, if there is one.
fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = || {
        let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
        std::env::split_paths(&paths).flat_map(|folder| names.map(|name| folder.join(name))).find(|path| path.is_file())
    };
    let found = named.or_else(found);
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no browser: install chromium, or say where it is in CHROMIUM");
        eprintln!("skipped: there is no chromium; install it, or say where it is in CHROMIUM");
    }
    found
}

/// A folder of this process for the pages of a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn command(browser: &Path, folder: &Path, size: [u32; 2]) -> Command {
    let mut command = Command::new(browser);
    command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]);
    command.arg(format!("--window-size={},{}", size[0], size[1]));
    command.arg(format!("--user-data-dir={}", folder.join("profile").display()));
    command.args(["--disable-dev-shm-usage", "--virtual-time-budget=20000", "--run-all-compositor-stages-before-draw"]);
    command.stdin(Stdio::null());
    command
}

/// Opens a page at a size, runs a script on it that returns text, and gives that. Errors on the page are a panic. `None` where there
/// is no browser.
pub(crate) fn run(name: &str, page: &str, size: [u32; 2], script: &str) -> Option<String> {
    let browser = browser()?;
    let folder = folder(name);
    let driver = format!(
        "<script>\naddEventListener('load', () => {{\n  let result;\n  try {{ result = (() => {{ {script} }})(); }} catch (e) {{ wrong.push(`driver: ${{e.stack}}`); }}\n  \
         const out = document.createElement('template');\n  out.id = 'result';\n  out.setAttribute('data-result', encodeURIComponent(result ?? ''));\n  \
         out.setAttribute('data-wrong', encodeURIComponent(wrong.join('\\n')));\n  document.body.replaceChildren(out);\n}});\n</script>\n</body>"
    );
    let page = page.replacen("<head>", &format!("<head>{WATCH}"), 1);
    let (before, after) = page.rsplit_once("</body>").unwrap();
    let path = folder.join("page.html");
    std::fs::write(&path, format!("{before}{driver}{after}")).unwrap();
    let output = command(&browser, &folder, size).arg("--dump-dom").arg(format!("file://{}", path.display())).output();
    let output = output.unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    let attribute = |name: &str| -> Option<String> {
        let (_, rest) = dom.split_once(&format!("{name}=\""))?;
        Some(decoded(rest.split_once('"')?.0))
    };
    let Some(wrong) = attribute("data-wrong") else {
        panic!("{name}: the browser gave nothing: {}\n{}", dom.len(), String::from_utf8_lossy(&output.stderr));
    };
    assert!(wrong.is_empty(), "{name}: {wrong}");
    std::fs::remove_dir_all(&folder).unwrap();
    attribute("data-result")
}

/// A picture of a page after a script, kept where `WENGERT_SCREENSHOTS` says; nothing without it.
pub(crate) fn screenshot(name: &str, page: &str, size: [u32; 2], script: &str) {
    let Some(kept) = std::env::var_os("WENGERT_SCREENSHOTS") else { return };
    let Some(browser) = browser() else { return };
    let folder = folder(&format!("{name}-picture"));
    let path = folder.join("page.html");
    let (before, after) = page.rsplit_once("</body>").unwrap();
    std::fs::write(&path, format!("{before}<script>{script}</script></body>{after}")).unwrap();
    let picture = Path::new(&kept).join(format!("{name}.png"));
    let done = command(&browser, &folder, size)
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", path.display()))
        .output()
        .unwrap();
    assert!(picture.is_file(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Text from its percent encoding.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        match (first, more) {
            (b'%', [a, b, more @ ..]) => {
                let digits = [*a, *b];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
                rest = more;
            }
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}
