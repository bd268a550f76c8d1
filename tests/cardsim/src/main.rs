//! `tessera-cardsim`: make a throwaway card, put it into the virtual reader, hand it to outside judges.

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Parser, Subcommand};
use rand_core::OsRng;
use tessera_cardsim::sam::{SamCard, SamFault, SamHolder, SamReader};
use tessera_cardsim::{Card, Chip, ChipAuth, Cipher, Csca, Curve, Fault, Profile, vpcd};

/// A travel-document chip for tests. Everything it makes is a throwaway.
#[derive(Parser)]
#[command(name = "tessera-cardsim", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a card and, unless one is given, an authority.
    Personalise(Box<Personalise>),
    /// Put the card into the virtual PC/SC reader and stay there.
    Serve {
        /// Where the virtual reader listens.
        #[arg(long, default_value = "127.0.0.1:35963")]
        vpcd: String,
        /// The card.
        #[arg(long)]
        profile: PathBuf,
    },
    /// One command APDU per line in hexadecimal on standard input, one answer per line on standard
    /// output; an empty line resets the chip.
    Pipe {
        /// The card.
        #[arg(long)]
        profile: PathBuf,
    },
    /// A reader with a security module and a resident card on it, at a TCP address.
    Sam(Box<Sam>),
    /// Write the files and certificates for outside judges: `sod.der` is bare CMS, without tag 77.
    Export {
        /// The card.
        #[arg(long)]
        profile: PathBuf,
        /// Where to.
        #[arg(long)]
        dir: PathBuf,
    },
}

#[derive(Args)]
struct Sam {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:35964")]
    listen: String,
    /// Chinese name.
    #[arg(long, default_value = "样本")]
    name: String,
    /// Resident number, eighteen characters.
    #[arg(long)]
    number: String,
    /// First day of validity, YYYYMMDD.
    #[arg(long, default_value = "20200101")]
    from: String,
    /// Last day of validity, YYYYMMDD or 长期.
    #[arg(long, default_value = "长期")]
    until: String,
    /// The coded photograph, at most 1024 octets.
    #[arg(long)]
    photo: PathBuf,
    /// bad-check, truncated, wrong-length, noise, slow, stuck, refused or wrong-header.
    #[arg(long)]
    fault: Option<SamFault>,
}

#[derive(Args)]
struct Personalise {
    /// The card to write.
    #[arg(long)]
    out: PathBuf,
    /// Where to write the authority's certificate, DER.
    #[arg(long)]
    csca_out: PathBuf,
    /// An authority made before (`--csca-key-out`).
    #[arg(long)]
    csca_in: Option<PathBuf>,
    /// Where to write the authority with its key, for more cards.
    #[arg(long)]
    csca_key_out: Option<PathBuf>,
    /// JPEG or JPEG 2000.
    #[arg(long)]
    portrait: PathBuf,
    /// Card access number.
    #[arg(long, default_value = "123456")]
    can: String,
    /// `ID` for a card (TD1), `P` for a booklet (TD3).
    #[arg(long)]
    document_type: Option<String>,
    #[arg(long)]
    document_number: Option<String>,
    #[arg(long)]
    surname: Option<String>,
    #[arg(long)]
    given_names: Option<String>,
    /// Three letters.
    #[arg(long)]
    issuing_state: Option<String>,
    /// Three letters.
    #[arg(long)]
    nationality: Option<String>,
    /// YYMMDD.
    #[arg(long)]
    birth: Option<String>,
    /// F, M or <.
    #[arg(long)]
    sex: Option<String>,
    /// YYMMDD.
    #[arg(long)]
    expiry: Option<String>,
    /// BAC only.
    #[arg(long)]
    no_pace: bool,
    /// Chip authentication over P-256 with AES-128.
    #[arg(long)]
    chip_auth: bool,
    /// cloned, edited_dg1, wrong_dg2, other_csca, flipped_mac, truncated, expired_signer,
    /// expired_document, no_active_auth, hidden_pace, signer_is_authority, signer_signs_certificates,
    /// signer_without_usage, unknown_extension, wrong_content_type, wrong_message_digest; may be given several times.
    #[arg(long)]
    fault: Vec<Fault>,
    /// The time of issue, seconds since the epoch; default: now.
    #[arg(long)]
    now: Option<i64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    match Cli::parse().command {
        Command::Personalise(options) => personalise(*options),
        Command::Serve { vpcd, profile } => Ok(vpcd::serve(&mut Chip::new(load(&profile)?), vpcd)?),
        Command::Pipe { profile } => pipe(&mut Chip::new(load(&profile)?)),
        Command::Sam(options) => sam(&options),
        Command::Export { profile, dir } => export(&load(&profile)?, &dir),
    }
}

fn load(path: &Path) -> Result<Card, Box<dyn Error>> {
    Ok(Card::from_json(&fs::read_to_string(path)?)?)
}

fn personalise(options: Personalise) -> Result<(), Box<dyn Error>> {
    let now = match options.now {
        Some(now) => now,
        None => i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?,
    };
    let csca = match &options.csca_in {
        Some(path) => Csca::from_json(&fs::read_to_string(path)?)?,
        None => Csca::throwaway(&mut OsRng, now)?,
    };
    let mut profile = Profile::specimen(&fs::read(&options.portrait)?, now);
    profile.can = options.can;
    profile.pace = !options.no_pace;
    profile.faults = options.fault;
    profile.chip_auth = options.chip_auth.then_some(ChipAuth {
        curve: Curve::P256,
        cipher: Cipher::Aes128,
        key_id: None,
    });
    let holder = &mut profile.holder;
    for (field, given) in [
        (&mut holder.document_type, options.document_type),
        (&mut holder.document_number, options.document_number),
        (&mut holder.surname, options.surname),
        (&mut holder.given_names, options.given_names),
        (&mut holder.issuing_state, options.issuing_state),
        (&mut holder.nationality, options.nationality),
        (&mut holder.birth, options.birth),
        (&mut holder.sex, options.sex),
        (&mut holder.expiry, options.expiry),
    ] {
        if let Some(given) = given {
            *field = given;
        }
    }
    let chip = Chip::personalise(&profile, &csca, &mut OsRng)?;
    fs::write(&options.out, chip.card().to_json()?)?;
    fs::write(&options.csca_out, csca.certificate())?;
    if let Some(path) = &options.csca_key_out {
        fs::write(path, csca.to_json()?)?;
    }
    Ok(())
}

fn sam(options: &Sam) -> Result<(), Box<dyn Error>> {
    let (birth, order) = match options.number.as_bytes() {
        number if number.len() == 18 && number.is_ascii() => {
            (options.number[6..14].to_owned(), number[16])
        }
        _ => return Err("a resident number has eighteen characters".into()),
    };
    let holder = SamHolder {
        name: options.name.clone(),
        sex: if order & 1 == 1 { "1" } else { "2" }.to_owned(),
        birth,
        number: options.number.clone(),
        from: options.from.clone(),
        until: options.until.clone(),
    };
    let card = SamCard::resident(&holder, &fs::read(&options.photo)?);
    let listener = std::net::TcpListener::bind(&options.listen)?;
    for stream in listener.incoming() {
        let mut reader = SamReader::new(Some(card.clone()));
        if let Some(fault) = options.fault {
            reader = reader.with(fault);
        }
        // A host that hangs up ends its own connection, not the reader.
        if let Err(error) = reader.serve(stream?) {
            eprintln!("{error}");
        }
    }
    Ok(())
}

fn pipe(chip: &mut Chip) -> Result<(), Box<dyn Error>> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            chip.reset();
            writeln!(output)?;
        } else {
            let apdu = decode(line.trim()).ok_or("not hexadecimal")?;
            let answer = chip.transmit(&apdu);
            let text: String = answer.iter().map(|octet| format!("{octet:02X}")).collect();
            writeln!(output, "{text}")?;
        }
        output.flush()?;
    }
    Ok(())
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| Some(digit.to_digit(16)? as u8))
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    )
}

fn export(card: &Card, dir: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(dir)?;
    for (id, name) in [
        (0x011C, "card_access.bin"),
        (0x011E, "com.bin"),
        (0x011D, "sod.bin"),
        (0x0101, "dg1.bin"),
        (0x0102, "dg2.bin"),
        (0x010E, "dg14.bin"),
        (0x010F, "dg15.bin"),
    ] {
        if let Some(content) = card.file(id) {
            fs::write(dir.join(name), content)?;
        }
    }
    let sod = card.file(0x011D).ok_or("the card has no security object")?;
    fs::write(
        dir.join("sod.der"),
        without_header(sod).ok_or("the security object is broken")?,
    )?;
    fs::write(dir.join("csca.der"), card.csca_certificate())?;
    fs::write(dir.join("csca.pem"), pem(card.csca_certificate()))?;
    fs::write(dir.join("ds.pem"), pem(card.signer_certificate()))?;
    Ok(())
}

/// The value of the outer tag 77.
fn without_header(sod: &[u8]) -> Option<&[u8]> {
    let length = usize::from(*sod.get(1)?);
    sod.get(if length < 0x80 { 2 } else { 2 + length - 0x80 }..)
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        out.extend(line.iter().map(|octet| char::from(*octet)));
        out.push('\n');
    }
    out + "-----END CERTIFICATE-----\n"
}
