//! Devices that take push messages.

/// The most devices of a user.
pub const MAX_DEVICES: u64 = 20;
/// The most characters of a registration token.
pub const MAX_TOKEN: usize = 4096;
/// The most characters of a device's name.
pub const MAX_NAME: usize = 100;

/// What a device runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// An Android device.
    Android,
    /// An iPhone or iPad.
    Ios,
    /// A browser.
    Web,
}

impl Platform {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Android, Self::Ios, Self::Web];

    /// The stored and shown name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Web => "web",
        }
    }

    /// The platform of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_read_back_as_written() {
        for (platform, name) in Platform::ALL.into_iter().zip(["android", "ios", "web"]) {
            assert_eq!((platform.as_str(), Platform::parse(name)), (name, Some(platform)));
        }
        assert_eq!(Platform::parse("Web"), None);
    }
}
