//! (stub, being written)
use crate::id::CategoryId;
/// u
pub const UNCATEGORIZED: CategoryId = CategoryId(19);
/// s
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// c
    Client,
    /// u
    UserKeyword,
    /// s
    SystemKeyword,
    /// n
    None,
}
impl Source {
    /// n
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::UserKeyword => "user_keyword",
            Self::SystemKeyword => "system_keyword",
            Self::None => "none",
        }
    }
    /// p
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Client, Self::UserKeyword, Self::SystemKeyword, Self::None].into_iter().find(|s| s.as_str() == name)
    }
}
/// c
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Categorization {
    /// s
    pub source: Source,
    /// m
    pub matched: Option<String>,
    /// c
    pub confidence_bp: u16,
}
impl Categorization {
    /// c
    #[must_use]
    pub const fn client() -> Self {
        Self { source: Source::Client, matched: None, confidence_bp: 10_000 }
    }
    /// n
    #[must_use]
    pub const fn none() -> Self {
        Self { source: Source::None, matched: None, confidence_bp: 0 }
    }
    /// e
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        self.source == Source::Client
    }
}
