//! The programs that are measured: the example of facette-flow, and oneTBB's pipeline where it can be built.

use crate::{repo, run};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What can be measured here.
pub(super) struct Programs {
    example: PathBuf,
    /// The cases of the example.
    cases: Vec<String>,
    /// The cores that the example keeps to, and whether they share one physical core.
    pub(super) cores: Cores,
    /// The program, or why there is none.
    pub(super) onetbb: Result<PathBuf, String>,
}

/// Two cores.
#[derive(Debug, PartialEq)]
pub(super) struct Cores {
    /// Their numbers; empty where the system does not tell.
    pub(super) numbers: Vec<u64>,
    /// Whether the kernel says that they are threads of one physical core.
    pub(super) siblings: bool,
}

/// What a program said: a line of JSON.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    /// For one of what the case counts.
    pub(super) seconds: f64,
    /// Of a library, where the program tells.
    pub(super) version: Option<String>,
}

impl Programs {
    /// Builds what can be built.
    ///
    /// # Errors
    /// When our own example does not build or does not answer.
    pub(super) fn prepare() -> Result<Self> {
        let example = build_example()?;
        let list = run::stdout(Command::new(&example).arg("--list"))?;
        let cores = parse_cores(&run::stdout(Command::new(&example).arg("--cores"))?)?;
        let onetbb = build_onetbb();
        Ok(Programs { example, cases: list.lines().map(str::to_owned).collect(), cores, onetbb })
    }

    /// Whether a program can run here.
    pub(super) fn has(&self, name: &str) -> bool {
        match name.starts_with("onetbb ") {
            true => self.onetbb.is_ok(),
            false => self.cases.iter().any(|case| case == name),
        }
    }

    /// Runs a program once: a case of the example, or `onetbb FILTERS KIND`.
    ///
    /// # Errors
    /// When it is not there, fails, or does not say what it measured; a wrong result at the end is a failure.
    pub(super) fn measure(&self, name: &str) -> Result<Said> {
        let mut command = match (name.strip_prefix("onetbb "), &self.onetbb) {
            (None, _) => Command::new(&self.example),
            (Some(_), Ok(program)) => Command::new(program),
            (Some(_), Err(reason)) => bail!("{name}: {reason}"),
        };
        match name.strip_prefix("onetbb ") {
            None => command.arg(name),
            Some(words) => command.args(words.split(' ')).args(["16", "2", "1000000", &self.core_list()]),
        };
        let output = run::stdout(&mut command)?;
        parse(&output).with_context(|| format!("{name} said: {}", output.trim()))
    }

    fn core_list(&self) -> String {
        self.cores.numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
    }
}

/// Reads what a program said.
///
/// # Errors
/// When it is no line of JSON with a finite number `seconds`.
pub(super) fn parse(line: &str) -> Result<Said> {
    let value: Value = serde_json::from_str(line.trim()).context("no line of JSON")?;
    let seconds = value["seconds"].as_f64().filter(|s| s.is_finite()).context("no number `seconds`")?;
    Ok(Said { seconds, version: value["version"].as_str().map(str::to_owned) })
}

fn parse_cores(line: &str) -> Result<Cores> {
    let value: Value = serde_json::from_str(line)?;
    let numbers = value["cores"].as_array().context("no list `cores`")?;
    let numbers = numbers.iter().map(|n| n.as_u64().context("a core is a number")).collect::<Result<_>>()?;
    Ok(Cores { numbers, siblings: value["siblings"] == true })
}

fn build_example() -> Result<PathBuf> {
    let mut command = run::cargo();
    command.args(["build", "--release", "--locked", "--package", "facette-flow"]);
    command.args(["--example", "runtime_speed", "--message-format=json-render-diagnostics"]);
    let messages = run::stdout(&mut command)?;
    executable(&messages, "runtime_speed").context("cargo did not say where it put runtime_speed")
}

/// The path of a program in the messages of `cargo build`.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let values = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut named = values.filter(|v| v["target"]["name"] == name);
    named.find_map(|v| v["executable"].as_str().map(PathBuf::from))
}

/// Builds oneTBB's program.
///
/// # Errors
/// Why it cannot be had, and how it could.
fn build_onetbb() -> Result<PathBuf, String> {
    let folder = repo::target().join("bench");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    if !is_well(Command::new(&compiler).arg("--version")) {
        return Err("no C++ compiler (CXX, else c++); on Debian: apt-get install g++".to_owned());
    }
    let has_library = || compile(&compiler, None, &folder.join("has_onetbb")).is_ok();
    if !has_library() {
        install_onetbb();
        if !has_library() {
            return Err("no oneTBB to compile with; on Debian: apt-get install libtbb-dev".to_owned());
        }
    }
    let program = folder.join("onetbb");
    compile(&compiler, Some(&repo::root().join("bench/peers/onetbb.cpp")), &program)?;
    Ok(program)
}

/// Only root may, and only where there is apt-get; whether it helped is seen afterwards.
fn install_onetbb() {
    let id = Command::new("id").arg("-u").output();
    if id.is_ok_and(|o| o.stdout == b"0\n") && is_well(Command::new("apt-get").arg("--version")) {
        println!("installing libtbb-dev with apt-get");
        is_well(Command::new("apt-get").args(["install", "--yes", "--quiet", "libtbb-dev"]));
    }
}

/// Compiles a file, or two lines that show that the library is there.
fn compile(compiler: &std::ffi::OsStr, source: Option<&Path>, program: &Path) -> Result<(), String> {
    const TWO_LINES: &[u8] =
        b"#include <tbb/parallel_pipeline.h>\nint main() { tbb::filter<void, void> f; }\n";
    let mut command = Command::new(compiler);
    command.args(["-std=c++17", "-O3", "-march=native", "-x", "c++"]);
    command.arg(source.unwrap_or(Path::new("-"))).arg("-ltbb").arg("-o").arg(program);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let told = |e: std::io::Error| e.to_string();
    let mut child = command.spawn().map_err(told)?;
    if let Some(mut input) = child.stdin.take().filter(|_| source.is_none()) {
        input.write_all(TWO_LINES).map_err(told)?;
    }
    let output = child.wait_with_output().map_err(told)?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let first = text.lines().find(|l| l.contains("error")).unwrap_or("the compiler does not say why");
    if output.status.success() { Ok(()) } else { Err(format!("it does not compile: {first}")) }
}

/// Whether a command starts and succeeds; what it says is thrown away.
fn is_well(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_is_read_and_anything_else_is_refused() {
        let line = "{\"case\":\"ss values\",\"seconds\":8.2e-08,\"version\":\"2021.8\"}\n";
        assert_eq!(parse(line).unwrap(), Said { seconds: 8.2e-8, version: Some("2021.8".into()) });
        assert_eq!(parse("{\"case\":\"loop\",\"seconds\":2e-8}").unwrap().version, None);
        for bad in ["", "3.2 ns", "{\"case\":\"loop\"}", "{\"seconds\":\"fast\"}", "{\"seconds\":null}"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn cores_are_read() {
        let cores = parse_cores("{\"cores\":[0, 2],\"siblings\":false}\n").unwrap();
        assert_eq!(cores, Cores { numbers: vec![0, 2], siblings: false });
        assert!(parse_cores("{\"siblings\":false}").is_err());
    }

    #[test]
    fn the_program_is_found_among_the_messages_of_cargo() {
        let messages = "{\"target\":{\"name\":\"facette_flow\"},\"executable\":null}\nnot json\n\
                        {\"target\":{\"name\":\"runtime_speed\"},\"executable\":\"/t/runtime_speed\"}";
        assert_eq!(executable(messages, "runtime_speed"), Some("/t/runtime_speed".into()));
        assert_eq!(executable(messages, "other"), None);
    }
}
