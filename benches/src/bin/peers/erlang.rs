//! BEAM, Erlang's virtual machine: compiles the twin in the folder `beam`, and says how it is started.
//!
//! The machine's own Erlang is used: `erl` and `erlc` on the path, as Debian's package `erlang-base` installs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::programs::{home, run};

/// The twin's module.
const MODULE: &str = "actor_peer";

pub(crate) struct Erlang {
    /// Of OTP and of the virtual machine.
    pub(crate) version: String,
    /// Where the compiled twin is.
    folder: PathBuf,
}

impl Erlang {
    /// The virtual machine with that many schedulers, and with room for the processes of the row `actors`.
    pub(crate) fn twin(&self, workers: usize) -> Command {
        let mut command = Command::new("erl");
        let schedulers = format!("{workers}:{workers}");
        command.args(["+S", &schedulers, "+P", "4000000", "-noshell", "-pa"]);
        command.arg(&self.folder).args(["-s", MODULE, "-extra"]);
        // What goes wrong is said in a line.
        command.env("ERL_CRASH_DUMP_BYTES", "0");
        command
    }
}

/// Compiles the twin into a folder below `target`.
pub(crate) fn build(target: &Path) -> Result<Erlang, String> {
    let version = version()?;
    let folder = target.join("beam");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut compile = Command::new("erlc");
    compile.arg("-o").arg(&folder);
    compile.arg(home().join("beam").join(format!("{MODULE}.erl")));
    run(&mut compile, "erlc")?;
    Ok(Erlang { version, folder })
}

fn version() -> Result<String, String> {
    let say = "io:format(\"OTP ~s, erts ~s\", [erlang:system_info(otp_release), erlang:system_info(version)]), halt().";
    let output = Command::new("erl")
        .args(["-noshell", "-eval", say])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("erl: {error}; it takes Erlang (erlang-base on Debian)"))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || text.is_empty() {
        return Err("`erl` does not say its version".to_owned());
    }
    Ok(text)
}
