//! The registry of specimens, laid out as an operator's folder that `tessera-issuer registry import` reads.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{Failure, Result};

/// The story's main person: face to limited, chip and face to full.
pub const MEI: Specimen = Specimen {
    number: "999999198605140140",
    document_number: "UTO000001",
    given_name: "MEI",
    birthdate: "1986-05-14",
    sex: "F",
    portrait: "person_b_1.jpg",
    selfie: "person_b_2.jpg",
};

/// The second person.
pub const ANTON: Specimen = Specimen {
    number: "999999197911020214",
    document_number: "UTO000002",
    given_name: "ANTON",
    birthdate: "1979-11-02",
    sex: "M",
    portrait: "person_a_2.jpg",
    selfie: "person_a_1.jpg",
};

/// A person of the registry of specimens, and the photographs that show them.
#[derive(Debug, Clone, Copy)]
pub struct Specimen {
    /// Personal administrative number.
    pub number: &'static str,
    /// Number of the physical card.
    pub document_number: &'static str,
    /// Given name; the surname is SPECIMEN.
    pub given_name: &'static str,
    /// Date of birth, `YYYY-MM-DD`.
    pub birthdate: &'static str,
    /// Sex as the card's MRZ writes it.
    pub sex: &'static str,
    /// Photograph in the registry and on the chip.
    pub portrait: &'static str,
    /// Another photograph of the same person.
    pub selfie: &'static str,
}

/// The folder of a fixture kind (`photos`, `registry`).
#[must_use]
pub fn fixtures(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(kind)
}

/// A photograph by file name.
#[must_use]
pub fn photo(name: &str) -> PathBuf {
    fixtures("photos").join(name)
}

/// Lays out a registry folder: the specimens, and `crowd` more persons who all share MEI's portrait.
///
/// # Errors
/// When a fixture is missing or the folder cannot be written.
pub fn lay_out(folder: &Path, crowd: usize) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let text = std::fs::read_to_string(fixtures("registry").join("persons.json"))
        .map_err(Failure::during("reading the specimens"))?;
    let mut persons: Vec<Value> = serde_json::from_str(&text)?;
    persons.extend((0..crowd).map(crowd_record));
    for person in &persons {
        let portrait = person["portrait"].as_str().unwrap_or_default();
        std::fs::copy(photo(portrait), folder.join(portrait)).map_err(Failure::during(portrait))?;
    }
    std::fs::write(
        folder.join("persons.json"),
        serde_json::to_vec_pretty(&persons)?,
    )?;
    Ok(())
}

/// Personal number of the `index`th person of the crowd.
#[must_use]
pub fn crowd_number(index: usize) -> String {
    let body = format!("99999919900101{index:03}");
    let digits = body.bytes().map(|digit| usize::from(digit - b'0'));
    // GB 11643 (ISO/IEC 7064 MOD 11-2).
    let product = digits.fold(0, |product, digit| (product + digit) * 2 % 11);
    match (12 - product) % 11 {
        10 => body + "X",
        check => format!("{body}{check}"),
    }
}

fn crowd_record(index: usize) -> Value {
    json!({
        "personal_administrative_number": crowd_number(index),
        "family_name": "SPECIMEN",
        "given_name": format!("NUMBER {index}"),
        "name_native": "样本",
        "birthdate": "1990-01-01",
        "sex": "female",
        "nationalities": ["UTO"],
        "resident_address": "Specimen Street, Utopia City",
        "document_state": "UTO",
        "document_number": format!("UTO1{index:05}"),
        "portrait": MEI.portrait,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn specimens_are_those_of_the_fixture() {
        let text = std::fs::read_to_string(fixtures("registry").join("persons.json")).unwrap();
        let persons: Vec<Value> = serde_json::from_str(&text).unwrap();
        for specimen in [MEI, ANTON] {
            let record = persons
                .iter()
                .find(|record| record["personal_administrative_number"] == specimen.number)
                .unwrap();
            assert_eq!(record["given_name"], specimen.given_name);
            assert_eq!(record["document_state"], "UTO");
            assert_eq!(record["document_number"], specimen.document_number);
            assert_eq!(record["birthdate"], specimen.birthdate);
            assert_eq!(record["portrait"], specimen.portrait);
            assert!(photo(specimen.selfie).is_file());
        }
    }

    #[test]
    fn crowd_numbers_carry_the_check_digit_of_the_fixture() {
        // The same rule reproduces a number of persons.json.
        let body = &MEI.number[..17];
        let product = body
            .bytes()
            .fold(0, |p, d| (p + usize::from(d - b'0')) * 2 % 11);
        assert_eq!(MEI.number[17..], ((12 - product) % 11).to_string());
        assert_eq!(crowd_number(7).len(), 18);
        assert_ne!(crowd_number(7), crowd_number(8));
    }
}
