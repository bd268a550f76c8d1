//! Which photograph shows whom: a folder with a fixed layout, or a manifest.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Most photographs one evaluation reads.
const MOST_PHOTOS: usize = 200_000;
/// Longest manifest, in bytes.
const LONGEST_MANIFEST: u64 = 64 * 1024 * 1024;

/// Photographs by label. The labels of persons serve to tell people apart and are never reported; those of kinds of attack are.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Dataset {
    /// Photographs of each person.
    pub(crate) persons: BTreeMap<String, Vec<PathBuf>>,
    /// Bona fide presentations for the detection of attacks.
    pub(crate) bona_fide: Vec<PathBuf>,
    /// Presentations of each kind of attack instrument.
    pub(crate) attacks: BTreeMap<String, Vec<PathBuf>>,
    /// Files that are no photographs by their name, left out.
    pub(crate) ignored: usize,
}

impl Dataset {
    /// Reads the layout `genuine/PERSON/*`, `bonafide/*`, `attacks/KIND/*`; each of the three may be missing.
    pub(crate) fn folder(root: &Path) -> Result<Self, Failure> {
        if !root.is_dir() {
            return Err(Failure::new(format!("{} is not a folder", root.display())));
        }
        let mut data = Self::default();
        data.persons = data.groups(&root.join("genuine"))?;
        data.bona_fide = data.photos(&root.join("bonafide"))?;
        data.attacks = data.groups(&root.join("attacks"))?;
        data.checked()
    }

    /// Reads a manifest: one photograph a line, `ROLE,LABEL,FILE`, where the role is `genuine` (label: the person),
    /// `bonafide` (label empty) or `attack` (label: the kind), and the file is named relative to `root`. Empty lines and
    /// lines that begin with `#` are skipped.
    pub(crate) fn manifest(file: &Path, root: &Path) -> Result<Self, Failure> {
        let length = fs::metadata(file)
            .map_err(|e| Failure::file(file, &e))?
            .len();
        if length > LONGEST_MANIFEST {
            return Err(Failure::new(format!(
                "{}: longer than {LONGEST_MANIFEST} bytes",
                file.display()
            )));
        }
        let text = fs::read_to_string(file).map_err(|e| Failure::file(file, &e))?;
        let mut data = Self::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            data.take(line, root)
                .ok_or_else(|| Failure::new(format!("{} line {}: expected ROLE,LABEL,FILE with the role genuine, bonafide or attack", file.display(), number + 1)))?;
        }
        data.checked()
    }

    fn take(&mut self, line: &str, root: &Path) -> Option<()> {
        let (role, rest) = line.split_once(',')?;
        let (label, file) = rest.split_once(',')?;
        let (role, label, path) = (role.trim(), label.trim(), root.join(file.trim()));
        if label.is_empty() != (role == "bonafide") || file.trim().is_empty() {
            return None;
        }
        match role {
            "genuine" => self.persons.entry(label.into()).or_default().push(path),
            "attack" => self.attacks.entry(label.into()).or_default().push(path),
            "bonafide" => self.bona_fide.push(path),
            _ => return None,
        }
        Some(())
    }

    /// All photographs there are.
    pub(crate) fn photographs(&self) -> usize {
        let groups = self.persons.values().chain(self.attacks.values());
        groups.map(Vec::len).sum::<usize>() + self.bona_fide.len()
    }

    fn checked(self) -> Result<Self, Failure> {
        match self.photographs() {
            0 => Err(Failure::new(
                "no photographs: expected genuine/PERSON/*.jpg, bonafide/*.jpg or attacks/KIND/*.jpg (also .png, .jp2)",
            )),
            n if n > MOST_PHOTOS => Err(Failure::new(format!(
                "{n} photographs: at most {MOST_PHOTOS} are read"
            ))),
            _ => Ok(self),
        }
    }

    fn groups(&mut self, folder: &Path) -> Result<BTreeMap<String, Vec<PathBuf>>, Failure> {
        let mut groups = BTreeMap::new();
        for entry in entries(folder)? {
            let name = entry
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            match name {
                Some(name) if entry.is_dir() => {
                    groups.insert(name, self.photos(&entry)?);
                }
                _ => self.ignored += 1,
            }
        }
        Ok(groups)
    }

    fn photos(&mut self, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
        let (photos, others): (Vec<_>, Vec<_>) = entries(folder)?
            .into_iter()
            .partition(|entry| is_photo(entry));
        self.ignored += others.len();
        Ok(photos)
    }
}

fn is_photo(path: &Path) -> bool {
    let extension = path
        .extension()
        .map(|e| e.to_string_lossy().to_ascii_lowercase());
    let named =
        extension.is_some_and(|e| ["jpg", "jpeg", "png", "jp2", "j2k"].contains(&e.as_str()));
    named && path.is_file()
}

/// What a folder holds, in the order of names, so that two runs read alike; nothing where there is no folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let read = |e: &std::io::Error| Failure::file(folder, e);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| read(&e))? {
        paths.push(entry.map_err(|e| read(&e))?.path());
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_manifest_labels_files_and_refuses_what_it_does_not_know() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("labels.csv");
        let read = |text: &str| {
            fs::write(&file, text).unwrap();
            Dataset::manifest(&file, Path::new("/photos"))
        };
        let data = read("# specimens\ngenuine, p1 ,a.jpg\ngenuine,p1,b, c.jpg\n\nattack,print,d.png\nbonafide,,e.jpg\n").unwrap();
        assert_eq!(data.photographs(), 4);
        assert_eq!(
            data.persons["p1"],
            [Path::new("/photos/a.jpg"), Path::new("/photos/b, c.jpg")]
        );
        assert_eq!(data.attacks["print"], [Path::new("/photos/d.png")]);
        assert_eq!(data.bona_fide, [Path::new("/photos/e.jpg")]);
        for bad in [
            "genuine,p1",
            "genuine,,a.jpg",
            "bonafide,x,a.jpg",
            "probe,p1,a.jpg",
            "attack,print,",
            "",
            "# nothing",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_folder_is_read_by_its_layout() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        };
        assert!(Dataset::folder(folder.path()).is_err());
        for path in [
            "genuine/p1/b.JPG",
            "genuine/p1/a.jp2",
            "genuine/p1/notes.txt",
            "genuine/loose.jpg",
            "attacks/screen/x.png",
            "bonafide/y.jpeg",
        ] {
            put(path);
        }
        let data = Dataset::folder(folder.path()).unwrap();
        assert_eq!((data.photographs(), data.ignored), (4, 2));
        assert!(data.persons["p1"][0].ends_with("a.jp2") && data.attacks["screen"].len() == 1);
        assert!(Dataset::folder(&folder.path().join("absent")).is_err());
    }
}
