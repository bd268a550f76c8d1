//! The built-in contexts are byte for byte what is published.

use std::path::Path;

use tessera_verifier::jsonld::BUILTIN_CONTEXTS;

use super::{Folder, text};

/// Every published context, against the built-in one that begins with the same bytes' file name.
pub(super) fn run(root: &Path) -> Result<Folder, String> {
    let mut folder = Folder::new("contexts");
    let entries = std::fs::read_dir(root.join("contexts")).map_err(|error| error.to_string())?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonld")
        {
            continue;
        }
        let published = text(&path)?;
        let name = path.display().to_string();
        let built_in = BUILTIN_CONTEXTS.iter().any(|(_, text)| **text == published);
        folder.note(
            &name,
            match built_in {
                true => Ok(()),
                false => Err("no built-in context has these bytes".to_owned()),
            },
        );
    }
    Ok(folder)
}
