//! What the operating system says about this process: memory, processor time, threads, processors.
//!
//! Linux only where it reads `/proc`; elsewhere those figures are absent, and whoever shows them says so.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The memory that the process holds in RAM, from `/proc/self/statm`.
pub(crate) fn resident_bytes() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * u64::try_from(rustix::param::page_size()).ok()?)
}

/// The processor time that all threads of the process have used so far.
pub(crate) fn cpu_time() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(spent).unwrap_or_default()
}

/// The number of threads that the process has now, from `/proc/self/status`.
pub(crate) fn os_threads() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("Threads:"))?;
    line.trim().parse().ok()
}

/// The number of processors that this process may use, cgroup limits counted.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_says_how_much_memory_and_how_many_threads() {
        assert!(resident_bytes().is_some_and(|bytes| bytes > 100_000));
        assert!(os_threads().is_some_and(|threads| threads >= 1));
    }

    #[test]
    fn processor_time_never_runs_backwards() {
        let before = cpu_time();
        assert!(cpu_time() >= before);
    }
}
