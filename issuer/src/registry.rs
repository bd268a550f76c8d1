//! The population register: whose records and reference portraits a face is compared with.
//!
//! These are the authority's own data, handed in by the operator; nothing an applicant sends is ever added. The embedded
//! form is a folder; an HTTP service would be another [`Registry`].
//!
//! Everything but the register knows a person by a handle, a random name: see `handles`.

mod handles;

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tessera_verifier::claims::Sex;
use tessera_verifier::json;

use crate::environment::Entropy;
use handles::Handles;

/// A person of the register. Personal data: `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The person's number; the key of the register.
    pub personal_administrative_number: String,
    /// Family name, Latin script.
    pub family_name: String,
    /// Given names, Latin script.
    pub given_name: String,
    /// The whole name in the person's own script.
    #[serde(default)]
    pub name_native: Option<String>,
    /// `YYYY-MM-DD`.
    pub birthdate: String,
    /// Sex.
    #[serde(default)]
    pub sex: Option<Sex>,
    /// Country codes.
    pub nationalities: Vec<String>,
    /// The address in one line.
    #[serde(default)]
    pub resident_address: Option<String>,
    /// State that issued the person's travel document, as its machine readable zone names it. The card check demands it.
    #[serde(default)]
    pub document_state: Option<String>,
    /// Number of the person's travel document, to which the chip must answer.
    #[serde(default)]
    pub document_number: Option<String>,
    /// The district the person lives in, as the roll-out names it.
    #[serde(default)]
    pub district: Option<String>,
    /// File name of the reference portrait, beside the records.
    pub portrait: String,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(..)")
    }
}

/// Why the register could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The file system.
    #[error("register: {0}")]
    Io(#[from] std::io::Error),
    /// The records are not what they must be; `record` counts from one.
    #[error("record {record} of the register: {reason}")]
    Invalid {
        /// Which record.
        record: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `handles.json` is not what was written.
    #[error("handles.json cannot be read")]
    HandlesMalformed,
    /// `persons.json` is not a list of records.
    #[error("persons.json is not a list of person records")]
    Malformed,
}

/// Where records and reference portraits come from.
#[async_trait]
pub trait Registry: Send + Sync {
    /// The record of the person with this handle, or `None`.
    ///
    /// # Errors
    /// [`RegistryError`] where the register cannot be asked.
    async fn person(&self, handle: &str) -> Result<Option<Arc<Person>>, RegistryError>;

    /// The person's reference portrait.
    ///
    /// # Errors
    /// [`RegistryError`] where it cannot be read.
    async fn portrait(&self, person: &Person) -> Result<Vec<u8>, RegistryError>;
}

/// A register in a folder: `persons.json` and portrait files, each named after its contents.
pub struct FolderRegistry {
    folder: PathBuf,
    /// One import at a time.
    importing: Mutex<()>,
    people: RwLock<People>,
}

struct People {
    /// By number.
    persons: HashMap<String, Arc<Person>>,
    handles: Handles,
}

/// Most records one folder may carry; beyond it a register belongs in a service of its own.
const RECORDS_BYTES_MAX: usize = 1 << 30;
const PORTRAIT_BYTES_MAX: u64 = 8 * 1024 * 1024;

impl FolderRegistry {
    /// Opens the register in `folder`; an absent folder is an empty register.
    ///
    /// # Errors
    /// [`RegistryError`] for records that cannot be read.
    pub fn open(folder: &Path, entropy: &dyn Entropy) -> Result<Self, RegistryError> {
        let mut handles = Handles::open(folder, entropy)?;
        let persons = if folder.join("persons.json").exists() {
            index(read_records(folder)?)
        } else {
            HashMap::new()
        };
        if persons.keys().any(|number| handles.known(number).is_none()) {
            handles = handles.with(persons.keys().map(String::as_str), entropy);
            handles.write(folder)?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            importing: Mutex::new(()),
            people: RwLock::new(People { persons, handles }),
        })
    }

    /// The handle of a number, whether or not it is in the register: neither the answer nor the time it takes tells.
    #[must_use]
    pub fn handle(&self, number: &str) -> String {
        self.people().handles.of_number(number)
    }

    /// The number a handle stands for; `None` once it is forgotten.
    #[must_use]
    pub fn number(&self, handle: &str) -> Option<String> {
        self.people().handles.number(handle).map(str::to_owned)
    }

    /// Forgets which handle stands for a number. A person who is in the register gets a fresh one.
    ///
    /// # Errors
    /// [`RegistryError`]; nothing is forgotten then.
    pub fn forget(&self, number: &str, entropy: &dyn Entropy) -> Result<(), RegistryError> {
        let _alone = self
            .importing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let handles = {
            let people = self.people();
            let listed = people.persons.contains_key(number).then_some(number);
            people.handles.without(number).with(listed, entropy)
        };
        crate::files::create_private(&self.folder)?;
        handles.write(&self.folder)?;
        self.people
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .handles = handles;
        Ok(())
    }

    fn people(&self) -> RwLockReadGuard<'_, People> {
        self.people.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the register by the one in `source`, after checking all of it. Returns how many persons it has.
    ///
    /// Portraits are added under the digest of their contents and never overwritten, so the old register stands until
    /// `persons.json` is replaced, whatever happens before; what nothing names any more is removed last.
    ///
    /// # Errors
    /// [`RegistryError`]; the register in force is then unchanged.
    pub fn import(&self, source: &Path, entropy: &dyn Entropy) -> Result<usize, RegistryError> {
        let _alone = self
            .importing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut records = read_records(source)?;
        crate::files::create_private(&self.folder)?;
        if let Err(error) = self.copy_portraits(source, &mut records) {
            self.remove_unreferenced();
            return Err(error);
        }
        // Before the records: a handle of nobody does no harm, a person without one could not be served.
        let numbers = records
            .iter()
            .map(|person| person.personal_administrative_number.as_str());
        let handles = self.people().handles.with(numbers, entropy);
        handles.write(&self.folder)?;
        let text = serde_json::to_vec_pretty(&records).map_err(|_| RegistryError::Malformed)?;
        crate::files::replace(&self.folder.join("persons.json"), |file| {
            file.write_all(&text)
        })?;
        let count = records.len();
        *self.people.write().unwrap_or_else(PoisonError::into_inner) = People {
            persons: index(records),
            handles,
        };
        self.remove_unreferenced();
        Ok(count)
    }

    /// Copies every portrait and puts its new name into the record.
    fn copy_portraits(&self, source: &Path, records: &mut [Person]) -> Result<(), RegistryError> {
        for (position, person) in records.iter_mut().enumerate() {
            let bytes = read_portrait(source, &person.portrait).map_err(|error| match error {
                RegistryError::Io(_) => RegistryError::Invalid {
                    record: position + 1,
                    reason: "its portrait cannot be read, or is too large",
                },
                other => other,
            })?;
            person.portrait = content_name(&bytes);
            let path = self.folder.join(&person.portrait);
            if !path.exists() {
                crate::files::replace(&path, |file| file.write_all(&bytes))?;
            }
        }
        Ok(())
    }

    /// Removes every file that the register in force does not name. What cannot be removed is left for the next import.
    fn remove_unreferenced(&self) {
        if let Err(error) = self.try_remove_unreferenced() {
            tracing::warn!(cause = %error, "portraits of nobody could not be removed");
        }
    }

    fn try_remove_unreferenced(&self) -> std::io::Result<()> {
        let people = self.people();
        let mut named: HashSet<&OsStr> = people
            .persons
            .values()
            .map(|person| OsStr::new(&person.portrait))
            .collect();
        named.insert(OsStr::new("persons.json"));
        named.insert(OsStr::new(handles::FILE));
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() && !named.contains(entry.file_name().as_os_str()) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Registry for FolderRegistry {
    async fn person(&self, handle: &str) -> Result<Option<Arc<Person>>, RegistryError> {
        let people = self.people();
        let number = people.handles.number(handle);
        Ok(number.and_then(|number| people.persons.get(number).cloned()))
    }

    async fn portrait(&self, person: &Person) -> Result<Vec<u8>, RegistryError> {
        let (folder, name) = (self.folder.clone(), person.portrait.clone());
        tokio::task::spawn_blocking(move || read_portrait(&folder, &name))
            .await
            .map_err(|error| std::io::Error::other(error.to_string()))?
    }
}

fn index(records: Vec<Person>) -> HashMap<String, Arc<Person>> {
    records
        .into_iter()
        .map(|person| {
            (
                person.personal_administrative_number.clone(),
                Arc::new(person),
            )
        })
        .collect()
}

fn read_records(folder: &Path) -> Result<Vec<Person>, RegistryError> {
    let bytes = std::fs::read(folder.join("persons.json"))
        .map_err(|error| std::io::Error::new(error.kind(), format!("persons.json: {error}")))?;
    let limits = json::Limits {
        bytes: RECORDS_BYTES_MAX,
        depth: 8,
    };
    let value = json::parse(&bytes, limits).map_err(|_| RegistryError::Malformed)?;
    let records: Vec<Person> =
        serde_json::from_value(value).map_err(|_| RegistryError::Malformed)?;
    let mut seen = HashSet::new();
    let mut documents = HashSet::new();
    for (position, person) in records.iter().enumerate() {
        let invalid = |reason| RegistryError::Invalid {
            record: position + 1,
            reason,
        };
        check(person).map_err(invalid)?;
        if !seen.insert(&person.personal_administrative_number) {
            return Err(invalid("the number occurs twice"));
        }
        // Two states may give the same number; one state does not give it to two persons.
        if let Some(number) = &person.document_number
            && !documents.insert((&person.document_state, number))
        {
            return Err(invalid("the travel document occurs twice"));
        }
    }
    Ok(records)
}

fn check(person: &Person) -> Result<(), &'static str> {
    if !is_number(&person.personal_administrative_number) {
        return Err("personal_administrative_number must be 1 to 32 letters, digits or hyphens");
    }
    if person.family_name.is_empty() || person.given_name.is_empty() {
        return Err("a name is empty");
    }
    if tessera_verifier::Timestamp::parse_date(&person.birthdate).is_err() {
        return Err("birthdate is not YYYY-MM-DD");
    }
    if person.nationalities.is_empty() {
        return Err("nationalities is empty");
    }
    if let Some(state) = &person.document_state
        && !tessera_card::is_state_code(state)
    {
        return Err("document_state must be one to three capital letters");
    }
    // A file name and nothing else: an imported record must not name a file elsewhere.
    let mut parts = Path::new(&person.portrait).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(name)), None)
            if name != "persons.json" && name != handles::FILE =>
        {
            Ok(())
        }
        _ => Err("portrait is not a file name"),
    }
}

/// Whether `text` can be a person's number: short, and without characters that could mean something elsewhere.
#[must_use]
pub fn is_number(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The name under which a portrait is kept: hexadecimal SHA-256 of its bytes.
fn content_name(bytes: &[u8]) -> String {
    let digest = tessera_verifier::crypto::sha256(bytes);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.portrait")
}

fn read_portrait(folder: &Path, name: &str) -> Result<Vec<u8>, RegistryError> {
    let path = folder.join(name);
    if std::fs::metadata(&path)?.len() > PORTRAIT_BYTES_MAX {
        return Err(std::io::Error::other("a portrait is too large").into());
    }
    Ok(std::fs::read(path)?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::environment::SystemEntropy;

    const RECORD: &str = r#"[{"personal_administrative_number":"A-1","family_name":"SPECIMEN","given_name":"ANNA",
        "birthdate":"1990-01-01","nationalities":["UTO"],"portrait":"PORTRAIT"}]"#;

    fn source(portrait: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let text = RECORD.replace("PORTRAIT", portrait);
        std::fs::write(folder.path().join("persons.json"), text).unwrap();
        std::fs::write(folder.path().join("a.jpg"), b"portrait").unwrap();
        folder
    }

    #[tokio::test]
    async fn an_imported_register_is_there_after_reopening() {
        let data = tempfile::tempdir().unwrap();
        let registry = FolderRegistry::open(&data.path().join("registry"), &SystemEntropy).unwrap();
        assert_eq!(
            registry
                .import(source("a.jpg").path(), &SystemEntropy)
                .unwrap(),
            1
        );
        let again = FolderRegistry::open(&data.path().join("registry"), &SystemEntropy).unwrap();
        let person = again.person(&again.handle("A-1")).await.unwrap().unwrap();
        assert_eq!(again.portrait(&person).await.unwrap(), b"portrait");
        assert!(again.person(&again.handle("A-2")).await.unwrap().is_none());
    }

    /// A source of persons `A-1`, `A-2`… with these portraits; an empty one is named but missing.
    fn persons(portraits: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut records: Vec<serde_json::Value> = Vec::new();
        for (position, portrait) in portraits.iter().enumerate() {
            let (number, file) = (format!("A-{}", position + 1), format!("{position}.jpg"));
            let text = RECORD.replace("A-1", &number).replace("PORTRAIT", &file);
            records.extend(serde_json::from_str::<Vec<_>>(&text).unwrap());
            if !portrait.is_empty() {
                std::fs::write(folder.path().join(file), portrait).unwrap();
            }
        }
        let text = serde_json::to_vec(&records).unwrap();
        std::fs::write(folder.path().join("persons.json"), text).unwrap();
        folder
    }

    async fn portrait_of(registry: &FolderRegistry, number: &str) -> Vec<u8> {
        let person = registry
            .person(&registry.handle(number))
            .await
            .unwrap()
            .unwrap();
        registry.portrait(&person).await.unwrap()
    }

    #[tokio::test]
    async fn a_failed_import_leaves_the_old_register_in_force() {
        let data = tempfile::tempdir().unwrap();
        let registry = FolderRegistry::open(data.path(), &SystemEntropy).unwrap();
        registry
            .import(persons(&["a", "b"]).path(), &SystemEntropy)
            .unwrap();
        // The portraits change places, and the last one is missing.
        let refused = registry.import(persons(&["b", "a", ""]).path(), &SystemEntropy);
        assert!(matches!(
            refused,
            Err(RegistryError::Invalid { record: 3, .. })
        ));
        for registry in [
            registry,
            FolderRegistry::open(data.path(), &SystemEntropy).unwrap(),
        ] {
            assert_eq!(portrait_of(&registry, "A-1").await, b"a");
            assert_eq!(portrait_of(&registry, "A-2").await, b"b");
            assert!(
                registry
                    .person(&registry.handle("A-3"))
                    .await
                    .unwrap()
                    .is_none()
            );
        }
    }

    #[tokio::test]
    async fn portraits_go_with_their_persons_and_do_not_mix() {
        let data = tempfile::tempdir().unwrap();
        let registry = FolderRegistry::open(data.path(), &SystemEntropy).unwrap();
        registry
            .import(persons(&["a", "b", "c"]).path(), &SystemEntropy)
            .unwrap();
        assert_eq!(
            registry
                .import(persons(&["b", "a"]).path(), &SystemEntropy)
                .unwrap(),
            2
        );
        assert_eq!(portrait_of(&registry, "A-1").await, b"b");
        assert_eq!(portrait_of(&registry, "A-2").await, b"a");
        let mut kept: Vec<_> = std::fs::read_dir(data.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        kept.sort();
        let mut expected = vec![content_name(b"a"), content_name(b"b")];
        expected.extend(["persons.json", "handles.json"].map(str::to_owned));
        expected.sort();
        assert_eq!(kept, expected);
    }

    #[test]
    fn a_travel_document_belongs_to_one_person() {
        let data = tempfile::tempdir().unwrap();
        let registry = FolderRegistry::open(data.path(), &SystemEntropy).unwrap();
        let import = |states: [Option<&str>; 2]| {
            let mut records = Vec::new();
            for (position, state) in states.into_iter().enumerate() {
                let text = RECORD.replace("PORTRAIT", "a.jpg");
                let mut record: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
                record[0]["personal_administrative_number"] = format!("A-{position}").into();
                record[0]["document_number"] = "UTO000009".into();
                record[0]["document_state"] = state.into();
                records.extend(record);
            }
            let source = source("a.jpg");
            let text = serde_json::to_vec(&records).unwrap();
            std::fs::write(source.path().join("persons.json"), text).unwrap();
            registry.import(source.path(), &SystemEntropy)
        };
        assert_eq!(import([Some("UTO"), Some("D")]).unwrap(), 2);
        for states in [[Some("UTO"); 2], [None; 2], [Some("D"), Some("Utopia")]] {
            let refused = import(states);
            assert!(
                matches!(refused, Err(RegistryError::Invalid { record: 2, .. })),
                "{states:?}"
            );
        }
    }

    #[test]
    fn a_record_cannot_name_a_file_elsewhere() {
        let data = tempfile::tempdir().unwrap();
        let registry = FolderRegistry::open(data.path(), &SystemEntropy).unwrap();
        for portrait in ["../a.jpg", "/etc/hostname", "x/a.jpg", "persons.json", ""] {
            let refused = registry.import(source(portrait).path(), &SystemEntropy);
            assert!(
                matches!(refused, Err(RegistryError::Invalid { record: 1, .. })),
                "{portrait}"
            );
        }
    }

    #[tokio::test]
    async fn a_handle_lasts_until_it_is_forgotten() {
        let data = tempfile::tempdir().unwrap();
        let registry = FolderRegistry::open(data.path(), &SystemEntropy).unwrap();
        let nobody = registry.handle("A-1");
        registry
            .import(persons(&["a", "b"]).path(), &SystemEntropy)
            .unwrap();
        let first = registry.handle("A-1");
        assert_ne!(first, nobody, "a number that was nobody's starts anew");
        assert_eq!(first.len(), nobody.len());

        // It outlasts an import, and the person's leaving the register.
        registry
            .import(persons(&["a"]).path(), &SystemEntropy)
            .unwrap();
        let second = registry.handle("A-2");
        let again = FolderRegistry::open(data.path(), &SystemEntropy).unwrap();
        assert_eq!(
            (again.handle("A-1"), again.handle("A-2")),
            (first.clone(), second.clone())
        );
        assert_eq!(again.number(&second).as_deref(), Some("A-2"));
        assert!(again.person(&second).await.unwrap().is_none());

        again.forget("A-1", &SystemEntropy).unwrap();
        again.forget("A-2", &SystemEntropy).unwrap();
        let after = FolderRegistry::open(data.path(), &SystemEntropy).unwrap();
        for forgotten in [&first, &second] {
            assert_eq!(after.number(forgotten), None);
            for file in ["persons.json", "handles.json"] {
                let text = std::fs::read_to_string(data.path().join(file)).unwrap();
                assert!(!text.contains(forgotten.as_str()));
            }
        }
        let fresh = after.handle("A-1");
        assert_ne!(fresh, first);
        assert!(
            after.person(&fresh).await.unwrap().is_some(),
            "still in the register"
        );
    }
}
