//! Command and response APDUs, bare and protected.
#![no_main]

use tessera_card::{RelayCommand, hazmat};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Err(error) = hazmat::command(data) {
        assert_ne!(error.code(), "card_protocol", "a command reads differently once written");
    }
    let _ = hazmat::response(data);
    if let Ok(command) = RelayCommand::from_bytes(data) {
        assert_eq!(command.to_bytes(), data);
    }
});
