//! Printing a machine readable zone: TD1 for a card, TD2 for a larger one, TD3 for a booklet.

use crate::SimError;
use crate::profile::Holder;

/// The zone, without line breaks.
pub(crate) fn print(holder: &Holder) -> Result<String, SimError> {
    let field = |text: &str, width: usize, what: &'static str| {
        let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '<';
        let text = text.replace([' ', '-', '\''], "<");
        if text.is_empty() || text.len() > width || !text.chars().all(legal) {
            return Err(SimError::Profile(what));
        }
        Ok(format!("{text:<<width$}"))
    };
    let number = with_digit(field(&holder.document_number, 9, "document number")?);
    let birth = with_digit(field(&holder.birth, 6, "date of birth")?);
    let expiry = with_digit(field(&holder.expiry, 6, "date of expiry")?);
    let state = field(&holder.issuing_state, 3, "issuing state")?;
    let nationality = field(&holder.nationality, 3, "nationality")?;
    let kind = field(&holder.document_type, 2, "document type")?;
    let sex = field(&holder.sex, 1, "sex")?;
    let names = format!("{}<<{}", holder.surname, holder.given_names);

    if holder.td2 {
        let names = field(&names, 31, "name")?;
        let optional = "<".repeat(7);
        let composite = with_digit(format!("{number}{birth}{expiry}{optional}"));
        let last = composite.get(composite.len() - 1..).unwrap_or_default();
        return Ok(format!(
            "{kind}{state}{names}{number}{nationality}{birth}{sex}{expiry}{optional}{last}"
        ));
    }
    if holder.document_type.starts_with('P') {
        let names = field(&names, 39, "name")?;
        let optional = with_digit("<".repeat(14));
        let composite = with_digit(format!("{number}{birth}{expiry}{optional}"));
        let last = composite.get(composite.len() - 1..).unwrap_or_default();
        return Ok(format!(
            "{kind}{state}{names}{number}{nationality}{birth}{sex}{expiry}{optional}{last}"
        ));
    }
    let names = field(&names, 30, "name")?;
    let (upper, middle) = ("<".repeat(15), "<".repeat(11));
    let composite = with_digit(format!("{number}{upper}{birth}{expiry}{middle}"));
    let last = composite.get(composite.len() - 1..).unwrap_or_default();
    Ok(format!(
        "{kind}{state}{number}{upper}{birth}{sex}{expiry}{nationality}{middle}{last}{names}"
    ))
}

/// What BAC and PACE hash: number, birth and expiry, each with its check digit.
pub(crate) fn access_information(holder: &Holder) -> String {
    let number = with_digit(format!("{:<<9}", holder.document_number));
    let birth = with_digit(holder.birth.clone());
    format!("{number}{birth}{}", with_digit(holder.expiry.clone()))
}

/// A field followed by its check digit.
fn with_digit(field: String) -> String {
    let sum: u32 = field
        .chars()
        .enumerate()
        .map(|(index, c)| c.to_digit(36).unwrap_or(0) * [7, 3, 1][index % 3])
        .sum();
    format!("{field}{}", sum % 10)
}
