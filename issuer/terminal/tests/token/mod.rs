//! A SoftHSM token and a swtpm for tests.
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where Debian puts SoftHSM.
pub(crate) const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// The PIN of the token `Kiosk`.
pub(crate) const PIN: &str = "87654321";

/// Whether this process has a token: runs the named test again in a process that does, and reports for it. False means that
/// there is nothing more to do here.
pub(crate) fn in_softhsm(test: &str) -> bool {
    if std::env::var_os("TESSERA_IN_SOFTHSM").is_some() {
        return true;
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(configuration) = softhsm(folder.path()) else {
        return false;
    };
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("SOFTHSM2_CONF", configuration)
        .env("TESSERA_IN_SOFTHSM", "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed in its own process");
    false
}

/// Makes an initialised token `Kiosk` in a folder; the path of its configuration.
pub(crate) fn softhsm(folder: &Path) -> Option<PathBuf> {
    if !Path::new(MODULE).exists() {
        println!("skipped: softhsm2 is not installed");
        return None;
    }
    let tokens = folder.join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let configuration = folder.join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(&configuration, text).unwrap();
    let made = Command::new("softhsm2-util")
        .args([
            "--init-token",
            "--free",
            "--label",
            "Kiosk",
            "--so-pin",
            "12345678",
            "--pin",
            PIN,
        ])
        .env("SOFTHSM2_CONF", &configuration)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    Some(configuration)
}

/// Imports a key made outside: the token marks it as one that can leave.
pub(crate) fn import_extractable(label: &str) {
    use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
    use cryptoki::mechanism::Mechanism;
    use cryptoki::object::Attribute;
    use cryptoki::session::UserType;

    let library = Pkcs11::new(MODULE).unwrap();
    library
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .unwrap();
    let slot = library.get_slots_with_initialized_token().unwrap()[0];
    let session = library.open_rw_session(slot).unwrap();
    session
        .login(UserType::User, Some(&PIN.to_owned().into()))
        .unwrap();
    let p256 = vec![0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
    let label = Attribute::Label(label.as_bytes().to_vec());
    let public = [
        Attribute::Token(true),
        Attribute::EcParams(p256),
        label.clone(),
    ];
    let private = [
        Attribute::Token(true),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
        Attribute::Sign(true),
        label,
    ];
    session
        .generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)
        .unwrap();
}

/// A TPM 2.0 in software, on a socket; it ends with this value.
pub(crate) struct Tpm {
    process: Child,
    socket: PathBuf,
    _folder: tempfile::TempDir,
}

impl Tpm {
    pub(crate) fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let spawned = Command::new("swtpm")
            .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
            .arg("--tpmstate")
            .arg(format!("dir={}", folder.path().display()))
            .arg("--server")
            .arg(format!("type=unixio,path={}", socket.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let Ok(process) = spawned else {
            println!("skipped: swtpm is not installed");
            return None;
        };
        let until = Instant::now() + Duration::from_secs(20);
        while !socket.exists() {
            assert!(Instant::now() < until, "swtpm does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self {
            process,
            socket,
            _folder: folder,
        })
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Tpm {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
