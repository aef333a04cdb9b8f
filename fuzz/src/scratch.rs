//! Folders in memory, where there is any, that the damaged tables lie in.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

thread_local! {
    static MADE: RefCell<BTreeMap<String, PathBuf>> = RefCell::default();
}

/// The scratch folder of this name, which `fill` makes when it is first asked for.
pub(crate) fn folder(name: &str, fill: impl FnOnce(&Path)) -> PathBuf {
    MADE.with_borrow_mut(|made| {
        if let Some(made) = made.get(name) {
            return made.clone();
        }
        let memory = PathBuf::from("/dev/shm");
        let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let folder = root.join(format!("facette-fuzz-{}", std::process::id())).join(name);
        std::fs::create_dir_all(&folder).expect("a scratch folder can be made");
        fill(&folder);
        made.insert(name.to_owned(), folder.clone());
        folder
    })
}
