//! The programs of the tutorial as files: short, and as a reader would write them.

use std::fs;
use std::path::Path;

#[test]
fn the_examples_are_short_programs_as_a_reader_would_write_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("the folder of examples") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "rs") {
            continue;
        }
        seen += 1;
        let text = fs::read_to_string(&path).expect("an example");
        let name = path.display();
        assert!(text.lines().count() < 60, "{name} is longer than a screen");
        assert!(text.starts_with("//! "), "{name} says what it is");
        assert!(text.contains("#[gaggle::main]"), "{name} is a program");
    }
    assert!(seen >= 17, "{seen} examples");
}
