//! Functions that take a path and do all of it. See the module for what is true of all of them.

use gaggle_rt::blocking;
use std::fs::{Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

macro_rules! whole {
    ($($(#[$doc:meta])+ fn $name:ident($($arg:ident: $type:ty),+) -> $result:ty;)+) => {
        $(
            $(#[$doc])+
            ///
            /// # Errors
            /// Those of the system: see the function of the same name in [`std::fs`].
            pub async fn $name($($arg: $type),+) -> io::Result<$result> {
                blocking(|| std::fs::$name($($arg),+))
            }
        )+
    };
}

whole! {
    /// The whole content of a file.
    fn read(path: impl AsRef<Path>) -> Vec<u8>;
    /// The whole content of a file that is a text.
    fn read_to_string(path: impl AsRef<Path>) -> String;
    /// Writes a file, which is made if there is none, and whose content is replaced if there is one.
    fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> ();
    /// Copies the content and the permissions of a file, and says how many bytes that were.
    fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> u64;
    /// Gives a file or a directory another name; a file of that name is replaced.
    fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> ();
    /// Gives a file one more name.
    fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> ();
    /// Where a symbolic link points to.
    fn read_link(path: impl AsRef<Path>) -> PathBuf;
    /// The path without links and detours, from the root.
    fn canonicalize(path: impl AsRef<Path>) -> PathBuf;
    /// Removes a file.
    fn remove_file(path: impl AsRef<Path>) -> ();
    /// Makes a directory.
    fn create_dir(path: impl AsRef<Path>) -> ();
    /// Makes a directory and those above it, as far as there are none.
    fn create_dir_all(path: impl AsRef<Path>) -> ();
    /// Removes a directory that is empty.
    fn remove_dir(path: impl AsRef<Path>) -> ();
    /// Removes a directory and all that is in it.
    fn remove_dir_all(path: impl AsRef<Path>) -> ();
    /// What the system knows of a file; links are followed.
    fn metadata(path: impl AsRef<Path>) -> Metadata;
    /// What the system knows of a file, or of the link itself.
    fn symlink_metadata(path: impl AsRef<Path>) -> Metadata;
    /// Says who may do what with a file.
    fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> ();
}

/// Is there anything at this path?
///
/// # Errors
/// When the system does not say, as for a directory that may not be looked at.
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    blocking(|| path.as_ref().try_exists())
}
