//! How a secret would show in bytes: as it is, and in base64 and hexadecimal.

/// Bytes as text of as many characters, so that what is not UTF-8 is searched too.
pub(crate) fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Base64 without padding; `last` are the two letters in which its alphabets differ.
pub(crate) fn base64(bytes: &[u8], last: [u8; 2]) -> String {
    let letter = |bits: u32| {
        let n = u8::try_from(bits & 63).expect("six bits");
        char::from(match n {
            0..=25 => b'A' + n,
            26..=51 => b'a' + n - 26,
            52..=61 => b'0' + n - 52,
            _ => last[usize::from(n - 62)],
        })
    };
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |n: usize| u32::from(chunk.get(n).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        out.extend((0..=chunk.len()).map(|n| letter(bits >> (18 - 6 * n))));
    }
    out
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What to look for: the secret, its end alone when it is long, and both in other clothes, in base64 wherever in a longer
/// text it begins.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    if secret.len() > 40 {
        forms.push(secret[secret.len() - 24..].to_owned());
    }
    for plain in forms.clone() {
        let lower = hex(plain.as_bytes());
        forms.push(lower.to_uppercase());
        forms.push(lower);
        for skipped in 0..3 {
            let rest = &plain.as_bytes()[skipped..];
            let whole = &rest[..rest.len() / 3 * 3];
            // A few letters would stand somewhere by chance.
            if whole.len() >= 6 {
                forms.push(base64(whole, *b"+/"));
                forms.push(base64(whole, *b"-_"));
            }
        }
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// Whether a secret stands somewhere. A code of six digits does not stand in a longer number, or in fractions of a second.
pub(crate) fn stands_in(secret: &str, text: &str) -> bool {
    let digits = secret.bytes().all(|byte| byte.is_ascii_digit());
    forms(secret).iter().any(|form| {
        text.match_indices(form.as_str()).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + form.len()..].chars().next();
            let continues = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
            !(digits && form == secret) || !(continues(before) || continues(after) || before == Some('.'))
        })
    })
}

#[test]
fn a_secret_is_found_in_whatever_clothes() {
    let secret = "S3cret/pass?word~";
    for planted in [
        format!("x{secret}y"),
        format!("0x{}", hex(secret.as_bytes())),
        hex(secret.as_bytes()).to_uppercase(),
        base64(secret.as_bytes(), *b"+/"),
        base64(format!("a{secret}").as_bytes(), *b"-_"),
        base64(format!("ab{secret}cd").as_bytes(), *b"+/"),
    ] {
        assert!(stands_in(secret, &planted), "{planted}");
        assert!(!stands_in("S3creT/pass?word~", &planted), "{planted}");
    }
    assert_eq!(base64(b"any carnal pleas", *b"+/"), "YW55IGNhcm5hbCBwbGVhcw");
    assert!(stands_in("123456", "otp 123456.") && stands_in("123456", &hex(b"\"123456\"")));
    for chance in ["0.123456Z", "1234567", "0123456"] {
        assert!(!stands_in("123456", chance), "{chance}");
    }
    let long = format!("eyJhbGciOiJIUzI1NiJ9.{}", "abcdefghijklmnopqrstuvwx");
    assert!(stands_in(&long, "…abcdefghijklmnopqrstuvwx"), "its end alone");
    assert!(stands_in("é\u{ff}xxxx", &format!("{}\u{ff}", hex("é\u{ff}xxxx".as_bytes()))));
}
