//! Why a command was not done, as its operator reads it: a stable code, a sentence, and what exactly.

use std::error::Error;
use std::fmt;

use crate::config::ConfigError;
use crate::keys::KeyError;
use crate::store::StoreError;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $english:literal, $chinese:literal;)*) => {
        /// Why a command was not done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable code.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// A sentence, English.
            #[must_use]
            pub fn english(self) -> &'static str {
                match self { $(Self::$name => $english,)* }
            }

            /// The same, Chinese.
            #[must_use]
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$name => $chinese,)* }
            }
        }
    };
}

reasons! {
    /// The configuration file cannot be read.
    ConfigUnreadable = "config_unreadable", "The configuration file cannot be read.", "无法读取配置文件。";
    /// The configuration says something that it may not.
    ConfigInvalid = "config_invalid", "The configuration is not valid.", "配置无效。";
    /// There is no key file.
    KeysMissing = "keys_missing", "There is no key file.", "没有密钥文件。";
    /// There is a key file already.
    KeysExist = "keys_exist", "There is a key file already; it is not overwritten.", "密钥文件已存在，不会覆盖。";
    /// The key file is not one.
    KeysDamaged = "keys_damaged", "The key file is damaged: restore it from a copy.", "密钥文件已损坏，请从备份恢复。";
    /// The key file cannot be read or written.
    KeysUnreadable = "keys_unreadable", "The key file cannot be read or written.", "无法读写密钥文件。";
    /// No passphrase was given.
    PassphraseMissing = "passphrase_missing", "There is no passphrase for the key file.", "未提供密钥文件的口令。";
    /// The passphrase does not open the key file.
    PassphraseWrong = "passphrase_wrong", "The passphrase does not open the key file.", "口令无法打开密钥文件。";
    /// A new passphrase is too short, or was not repeated.
    PassphraseUnfit = "passphrase_unfit", "The passphrase cannot be taken.", "口令不符合要求。";
    /// Others may enter the data folder.
    DataNotPrivate = "data_not_private", "The data folder is missing or open to others.", "数据目录不存在，或对其他用户开放。";
    /// Another process holds the store.
    StoreInUse = "store_in_use", "Another process holds the store: the service, or another command.", "存储正被另一进程占用：服务或另一命令。";
    /// The store cannot be opened, or does not write.
    StoreFailed = "store_failed", "The store cannot be opened or written: look at the disk, or restore from a copy.", "无法打开或写入存储，请检查磁盘或从备份恢复。";
    /// An address cannot be listened on.
    AddressUnavailable = "address_unavailable", "An address cannot be listened on.", "无法监听该地址。";
    /// The administrative socket cannot be made.
    SocketUnavailable = "socket_unavailable", "The administrative socket cannot be made in the data folder.", "无法在数据目录中创建管理套接字。";
    /// A file that the command names cannot be read or written.
    FileUnavailable = "file_unavailable", "A file cannot be read or written.", "无法读写文件。";
    /// The command was understood and refused.
    Refused = "command_refused", "The command was refused.", "命令被拒绝。";
    /// Everything else.
    Failed = "command_failed", "The command failed.", "命令执行失败。";
}

/// A reason, and what exactly, in words.
#[derive(Debug)]
pub struct Refusal {
    reason: Reason,
    detail: String,
}

impl Refusal {
    pub(super) fn new(reason: Reason, detail: impl fmt::Display) -> Self {
        Self {
            reason,
            detail: detail.to_string(),
        }
    }

    /// What an error means to the operator.
    #[must_use]
    pub fn of(error: &(dyn Error + Send + Sync + 'static)) -> Self {
        if let Some(Self { reason, detail }) = error.downcast_ref() {
            return Self::new(*reason, detail);
        }
        let reason = reason(error);
        match reason {
            // What sled says of a lock helps nobody.
            Reason::StoreInUse => Self::new(reason, reason.english()),
            Reason::StoreFailed => Self::new(reason, format!("{} {error}", reason.english())),
            _ => Self::new(reason, error),
        }
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The line to print.
    #[must_use]
    pub fn line(&self, chinese: bool) -> String {
        let detail = self.detail.trim().replace('\n', " ");
        let code = self.reason.code();
        match chinese {
            true => format!("{code}: {} {detail}", self.reason.chinese()),
            false => format!("{code}: {detail}"),
        }
    }
}

fn reason(error: &(dyn Error + Send + Sync + 'static)) -> Reason {
    if let Some(error) = error.downcast_ref::<KeyError>() {
        return match error {
            KeyError::Missing(_) => Reason::KeysMissing,
            KeyError::Exists(_) => Reason::KeysExist,
            KeyError::WrongPassphrase => Reason::PassphraseWrong,
            KeyError::WeakPassphrase => Reason::PassphraseUnfit,
            KeyError::Damaged(_) => Reason::KeysDamaged,
            KeyError::Io(_) => Reason::KeysUnreadable,
        };
    }
    if let Some(error) = error.downcast_ref::<ConfigError>() {
        return match error {
            ConfigError::Unreadable { .. } => Reason::ConfigUnreadable,
            ConfigError::Invalid(_) => Reason::ConfigInvalid,
        };
    }
    if error.is::<StoreError>() {
        // sled says so in words only. A store that is held is not a store that failed.
        return match error.to_string().contains("could not acquire lock") {
            true => Reason::StoreInUse,
            false => Reason::StoreFailed,
        };
    }
    Reason::Failed
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line(false))
    }
}

impl Error for Refusal {}

/// Whether the environment asks for Chinese: the first of `TESSERA_LANG` and the locale's variables that is set.
pub fn prefers_chinese(variable: impl Fn(&str) -> Option<String>) -> bool {
    ["TESSERA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(variable)
        .find(|value| !value.is_empty())
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("zh"))
}
