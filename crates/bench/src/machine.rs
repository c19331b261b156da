//! On what it was measured: a figure without its machine says nothing.

use std::fs;
use std::path::Path;

use serde::Serialize;

/// A machine, as its kernel tells of it.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Model of the processor.
    pub processor: String,
    /// Processors that this process may use.
    pub cores: usize,
    /// Memory, in MiB.
    pub memory_mib: u64,
    /// Kernel.
    pub kernel: String,
    /// The file system that the data lies on, and where that lies.
    pub file_system: String,
    /// Whether the program was built with optimisation; figures of a debug build are no figures.
    pub optimised: bool,
}

pub(crate) fn describe() -> anyhow::Result<Machine> {
    let field = |file: &str, name: &str| -> Option<String> {
        let text = fs::read_to_string(file).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let memory_kib = field("/proc/meminfo", "MemTotal").and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    Ok(Machine {
        processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
        cores: std::thread::available_parallelism()?.get(),
        memory_mib: memory_kib.unwrap_or_default() / 1024,
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
        file_system: file_system(&fs::read_to_string("/proc/self/mounts").unwrap_or_default(), &std::env::current_dir()?),
        optimised: !cfg!(debug_assertions),
    })
}

/// The file system that a folder lies on, such as `ext4 on /dev/sda1`, of those that are mounted: of two at one place the later one.
fn file_system(mounts: &str, folder: &Path) -> String {
    let mounted = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (source, place, kind) = (words.next()?, words.next()?.replace("\\040", " "), words.next()?);
        folder.starts_with(&place).then(|| (place.len(), format!("{kind} on {source}")))
    });
    mounted.max_by_key(|(length, _)| *length).map_or_else(|| "unknown".to_owned(), |(_, file_system)| file_system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_lies_on_what_is_mounted_nearest_to_it_and_last() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /data tmpfs rw 0 0\n/dev/vdb /data xfs rw 0 0\n/dev/vdc /data\\040two btrfs rw 0 0\n";
        for (folder, expected) in
            [("/home/a", "ext4 on /dev/vda"), ("/data/x", "xfs on /dev/vdb"), ("/data two", "btrfs on /dev/vdc"), ("/database", "ext4 on /dev/vda")]
        {
            assert_eq!(file_system(mounts, Path::new(folder)), expected, "{folder}");
        }
        assert_eq!(file_system("", Path::new("/")), "unknown");
    }
}
