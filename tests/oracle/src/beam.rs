//! Runs scenarios on a BEAM: compiles the modules in `beam/`, and hands the texts over in files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The modules, and what is in them.
const MODULES: &[(&str, &str)] = &[
    ("oracle.erl", include_str!("../beam/oracle.erl")),
    ("oracle_sup.erl", include_str!("../beam/oracle_sup.erl")),
    (
        "oracle_worker.erl",
        include_str!("../beam/oracle_worker.erl"),
    ),
    ("oracle_proc.erl", include_str!("../beam/oracle_proc.erl")),
];

/// A folder with the compiled modules; it is removed when this is dropped.
#[derive(Debug)]
pub struct Beam {
    folder: PathBuf,
}

impl Beam {
    /// Compiles the modules.
    ///
    /// # Errors
    /// When a program of Erlang cannot be started, or fails.
    pub fn prepare() -> io::Result<Self> {
        let folder = format!("gaggle-oracle-{}", std::process::id());
        let beam = Self {
            folder: std::env::temp_dir().join(folder),
        };
        fs::create_dir_all(&beam.folder)?;
        for (name, text) in MODULES {
            fs::write(beam.folder.join(name), text)?;
        }
        let names = MODULES.iter().map(|(name, _)| *name);
        let mut compiler = Command::new("erlc");
        compiler.args(["-Wall", "-Werror"]).args(names);
        run(compiler.current_dir(&beam.folder))?;
        Ok(beam)
    }

    /// What the scenarios of this text leave in the log.
    ///
    /// One scheduler is how the modules know that nothing can run any more; all code is loaded at the start, since who waits for code does not run either.
    ///
    /// # Errors
    /// When `erl` cannot be started, or fails.
    pub fn logs(&self, scenarios: &str) -> io::Result<String> {
        let (into, from) = (self.folder.join("in"), self.folder.join("out"));
        fs::write(&into, scenarios)?;
        let load = "[{module, _} = code:load_file(list_to_atom(filename:basename(File, \".beam\"))) || File <- filelib:wildcard(\"*.beam\")]";
        let (scenarios, logs) = (quoted(&into), quoted(&from));
        let call = format!("{load}, oracle:main({scenarios}, {logs}).");
        let mut erl = Command::new("erl");
        erl.args(["+S", "1:1", "+SDcpu", "1:1", "+SDio", "1", "+A", "1"])
            .args(["-mode", "embedded", "-pa", ".", "-noinput", "-eval", &call])
            .current_dir(&self.folder);
        run(&mut erl)?;
        fs::read_to_string(&from)
    }
}

impl Drop for Beam {
    fn drop(&mut self) {
        // What is left in the folder for files that come and go harms nobody.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}

fn run(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let name = command.get_program().display();
    Err(io::Error::other(format!(
        "{name} ended with {}\n{said}",
        output.status
    )))
}
