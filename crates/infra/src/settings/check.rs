//! What settings must hold before anything starts.

mod channels;

use secrecy::ExposeSecret;

use super::{Environment, OtpDelivery, Settings};
use crate::db::is_exposed;
use crate::telemetry::filter_of;

/// The least of `auth.secret`, in bytes, in production.
const LEAST_SECRET: usize = 32;
/// The least of different bytes in it: a random text of that length has more.
const LEAST_DIFFERENT: usize = 10;
/// What stands in this repository in place of a secret: the command that makes one, and the one of its own tests.
const EXAMPLES: [&str; 2] = ["openssl rand", "a signing secret for tests"];
/// The least of `auth.argon2_m_kib` and `auth.argon2_t` in production (OWASP's second choice for argon2id).
const PRODUCTION_ARGON2: (u32, u32) = (19_456, 2);
/// The same elsewhere, for tests that sign many people up.
const LEAST_ARGON2: (u32, u32) = (1024, 1);

/// All that is wrong, one line each.
pub(super) fn check(settings: &Settings) -> Result<(), Vec<String>> {
    let mut findings = Findings { settings, lines: Vec::new() };
    everywhere(settings, &mut findings);
    if settings.environment == Environment::Production {
        production(settings, &mut findings);
    }
    if findings.lines.is_empty() { Ok(()) } else { Err(findings.lines) }
}

/// What is safe enough to start with and still worth a word, one line each.
pub(super) fn warnings(settings: &Settings) -> Vec<String> {
    let is_generated = settings.auth.secret.expose_secret().is_empty();
    let why = "other machines can reach this server, whose secret is a generated one; set auth.secret";
    let exposed =
        (is_generated && !settings.server.bind.ip().is_loopback()).then(|| line(settings, "server.bind", why));
    exposed.into_iter().chain(channels::warning(settings)).collect()
}

fn line(settings: &Settings, key: &str, why: &str) -> String {
    let origin = settings.origin(key).unwrap_or("the built-in defaults");
    format!("{key}: {why} (from {origin})")
}

struct Findings<'a> {
    settings: &'a Settings,
    lines: Vec<String>,
}

impl Findings<'_> {
    fn refuse_if(&mut self, wrong: bool, key: &str, why: &str) {
        if wrong {
            self.lines.push(line(self.settings, key, why));
        }
    }
}

fn everywhere(settings: &Settings, findings: &mut Findings<'_>) {
    let Settings { server, database, auth, .. } = settings;
    let numbers: [(&str, u64, u64); 13] = [
        ("server.head_timeout_ms", server.head_timeout_ms, 3_600_000),
        ("server.body_timeout_ms", server.body_timeout_ms, 3_600_000),
        ("server.write_timeout_ms", server.write_timeout_ms, 3_600_000),
        ("server.shutdown_seconds", server.shutdown_seconds, 3600),
        ("server.max_body_bytes", u64::try_from(server.max_body_bytes).unwrap_or(u64::MAX), 1 << 30),
        ("database.max_connections", database.max_connections.into(), 10_000),
        ("database.acquire_timeout_ms", database.acquire_timeout_ms, 3_600_000),
        ("auth.access_minutes", auth.access_minutes.into(), 24 * 60),
        ("auth.refresh_days", auth.refresh_days.into(), 366),
        ("auth.session_days", auth.session_days.into(), 2 * 366),
        ("auth.argon2_m_kib", auth.argon2_m_kib.into(), 4 << 20),
        ("auth.argon2_t", auth.argon2_t.into(), 1000),
        ("auth.argon2_p", auth.argon2_p.into(), 64),
    ];
    for (key, value, most) in numbers {
        findings.refuse_if(!(1..=most).contains(&value), key, &format!("must be from 1 to {most}, not {value}"));
    }
    let audit_days = settings.accounts.audit_days;
    findings.refuse_if(
        !(1..=36_600).contains(&audit_days),
        "accounts.audit_days",
        &format!("must be from 1 to 36600, not {audit_days}"),
    );
    findings.refuse_if(auth.hash_parallel > 1024, "auth.hash_parallel", "must be at most 1024");
    findings.refuse_if(auth.hash_queue > 100_000, "auth.hash_queue", "must be at most 100000");
    findings.refuse_if(server.workers > 1024, "server.workers", "must be at most 1024");
    for origin in &server.cors_origins {
        findings.refuse_if(
            !is_origin(origin),
            "server.cors_origins",
            &format!("must be origins such as https://app.example.com, not {origin:?}"),
        );
    }
    let url = database.url.expose_secret();
    findings.refuse_if(
        !["sqlite://", "mysql://", "mariadb://", "postgres://", "postgresql://"].iter().any(|s| url.starts_with(s)),
        "database.url",
        "must begin with sqlite://, mysql:// or postgres://",
    );
    findings.refuse_if(auth.issuer.is_empty(), "auth.issuer", "must not be empty");
    findings.refuse_if(auth.audience.is_empty(), "auth.audience", "must not be empty");
    if settings.environment != Environment::Production {
        argon2(settings, findings, LEAST_ARGON2, "must be at least");
    }
    if let Err(why) = filter_of(&settings.log.level) {
        findings.refuse_if(true, "log.level", &why.to_string());
    }
    channels::everywhere(settings, findings);
}

fn production(settings: &Settings, findings: &mut Findings<'_>) {
    findings.refuse_if(
        settings.otp.delivery == OtpDelivery::Log,
        "otp.delivery",
        "production does not write one-time codes to a log",
    );
    if let Some(why) = weakness(settings.auth.secret.expose_secret()) {
        findings.refuse_if(true, "auth.secret", &why);
    }
    argon2(settings, findings, PRODUCTION_ARGON2, "production needs at least");
    findings.refuse_if(settings.demo.allowed, "demo.allowed", "production takes no demo data; set it to false");
    findings.refuse_if(
        is_exposed(settings.database.url.expose_secret()),
        "database.url",
        "production reaches a database on another machine only over TLS that checks its certificate; add \
         ssl-mode=VERIFY_IDENTITY for MySQL and MariaDB, sslmode=verify-full for PostgreSQL",
    );
    reachable(settings, findings);
    let limits = &settings.limits;
    findings.refuse_if(
        limits.requests_per_minute == 0,
        "limits.requests_per_minute",
        "production does not run with every throttle off; set it to 1 or more, such as 600",
    );
    findings.refuse_if(
        limits.in_flight_per_client == 0,
        "limits.in_flight_per_client",
        "production does not let one client take every place; set it to 1 or more, such as 64",
    );
}

/// Who is believed and who is let in, in production.
fn reachable(settings: &Settings, findings: &mut Findings<'_>) {
    for network in settings.server.trusted_proxies.iter().filter(|network| network.is_everything()) {
        let why =
            format!("production does not believe everybody about addresses; name the proxies in place of {network}");
        findings.refuse_if(true, "server.trusted_proxies", &why);
    }
    // What is no origin at all was found already.
    for origin in settings.server.cors_origins.iter().filter(|origin| is_origin(origin)) {
        let why = format!("production lets in no origin that anybody on the way can forge; use https in {origin:?}");
        findings.refuse_if(is_forgeable(origin), "server.cors_origins", &why);
    }
}

/// Why a secret will not do in production, telling nothing of it but its length.
fn weakness(secret: &str) -> Option<String> {
    let different = (0..=u8::MAX).filter(|byte| secret.as_bytes().contains(byte)).count();
    if secret.is_empty() {
        Some(format!("production takes no generated secret; set one of at least {LEAST_SECRET} bytes"))
    } else if secret.len() < LEAST_SECRET {
        Some(format!("production needs a secret of at least {LEAST_SECRET} bytes, not {}", secret.len()))
    } else if different < LEAST_DIFFERENT {
        Some(
            "production takes no secret of a few repeated characters; use what openssl rand -base64 48 prints"
                .to_owned(),
        )
    } else if EXAMPLES.iter().any(|example| secret.contains(example)) {
        Some("production takes no example for a secret; use what openssl rand -base64 48 prints".to_owned())
    } else {
        None
    }
}

/// Whether an origin is plain HTTP from another machine.
fn is_forgeable(origin: &str) -> bool {
    let Some(place) = origin.strip_prefix("http://") else { return false };
    let host = place.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map_or(place, |(host, _)| host);
    !["localhost", "127.0.0.1", "[::1]"].contains(&host)
}

fn argon2(settings: &Settings, findings: &mut Findings<'_>, (m, t): (u32, u32), words: &str) {
    let auth = &settings.auth;
    // Zero was found already.
    findings.refuse_if(
        (1..m).contains(&auth.argon2_m_kib),
        "auth.argon2_m_kib",
        &format!("{words} {m}, not {}", auth.argon2_m_kib),
    );
    findings.refuse_if(
        (1..t).contains(&auth.argon2_t),
        "auth.argon2_t",
        &format!("{words} {t}, not {}", auth.argon2_t),
    );
}

/// Whether a text is `scheme://host[:port]` of the web, as browsers send it.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    !host.is_empty() && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:[]".contains(&b))
}
