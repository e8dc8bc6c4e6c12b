//! Strings that have broken other programs.

/// Texts, most of which mean something to some interpreter. Those that would make a database sleep ask for twenty seconds.
const TEXTS: &[&str] = &[
    // Quotes and comments.
    "'",
    "\"",
    "`",
    "''",
    "\\'",
    "';",
    "a' -- ",
    "a'#",
    "a'/*",
    "*/ 1 /*",
    "x\\",
    "%27%20OR%201=1",
    "' OR '1'='1",
    "\" OR \"\"=\"",
    "1 OR 1=1",
    "admin'--",
    "') OR ('1'='1",
    // More statements.
    "'; DROP TABLE expenses; --",
    "1; DELETE FROM user_login",
    "'; UPDATE user_login SET user_type='admin' --",
    "Robert'); DROP TABLE tags;--",
    // Reading what is not theirs.
    "' UNION SELECT password_hash FROM user_cred --",
    "1 UNION ALL SELECT NULL,NULL,NULL",
    "' AND (SELECT COUNT(*) FROM user_login) > 0 --",
    "' AND extractvalue(1,concat(0x7e,version())) --",
    "'||(SELECT sqlite_version())||'",
    // Waiting.
    "'; SELECT pg_sleep(20); --",
    "' OR SLEEP(20) -- ",
    "' AND BENCHMARK(2000000000,MD5(1)) #",
    "'||pg_sleep(20)||'",
    "'; WAITFOR DELAY '0:0:20' --",
    "randomblob(1000000000)",
    // Placeholders and wildcards.
    "?",
    "$1",
    ":name",
    "%",
    "_",
    "%_%",
    "$$; SELECT 1; $$",
    // Templates, shells, lookups, files.
    "{{7*7}}",
    "${7*7}",
    "${jndi:ldap://127.0.0.1/a}",
    "<%= 7*7 %>",
    "$(sleep 20)",
    "`sleep 20`",
    "| sleep 20",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "file:///etc/passwd",
    "%s%s%s%n",
    "{\"$gt\": \"\"}",
    "<script>alert(1)</script>",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>",
    "=cmd|' /C calc'!A0",
    // Line ends and control characters.
    "a\r\nSet-Cookie: x=1",
    "a\nb",
    "a\tb",
    "\0",
    "a\0b",
    "\u{1b}[2J",
    "a\u{85}b",
    // Beyond ASCII.
    "a\u{202e}b",
    "\u{2066}a\u{2069}",
    "a\u{200b}b",
    "\u{feff}a",
    "a\u{2028}b",
    "👩‍👩‍👧‍👦🇮🇳",
    "e\u{301}\u{301}\u{301}",
    "ﷺ",
    "İıſK",
    "\u{fffd}\u{ffff}\u{10ffff}",
    "ʼ OR 1=1",
    "ＤＲＯＰ",
    // Nothing, words that are values, numbers that are none.
    "",
    " ",
    "null",
    "undefined",
    "true",
    "NaN",
    "-1",
    "1e309",
    "99999999999999999999",
    "0x1F",
];

/// What no text can be written as: JSON that names half a character or none, and more than is taken.
const RAW: &[&str] =
    &[r#""\ud800""#, r#""a\udc00b""#, r#""\u0000""#, r#""\u12""#, r#""\x41""#, "\"a\u{1}b\"", r#"'a'"#];

/// What is sent as the value of a field.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    Text(String),
    /// The JSON itself, where there is JSON.
    Raw(&'static str),
}

pub(crate) fn all() -> Vec<Payload> {
    let texts = TEXTS.iter().map(|text| Payload::Text((*text).to_owned()));
    let long = [("a", 70_000), ("é", 600), ("'", 2_000), ("👍", 300), ("a ", 5_000)];
    let long = long.iter().map(|(part, times)| Payload::Text(part.repeat(*times)));
    texts.chain(long).chain(RAW.iter().map(|raw| Payload::Raw(raw))).collect()
}
