use std::fs;

use super::*;

mod channels;

const LONG: &str = "0123456789abcdef0123456789abcdef";

/// Loads with a folder of files and some variables.
fn load(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    Settings::load_with(Some(folder.path()), variables.iter().map(|(name, value)| (name.into(), value.into())))
        .map_err(|error| error.to_string().replace(&folder.path().display().to_string(), "DIR"))
}

fn refusal(files: &[(&str, &str)], variables: &[(&str, &str)]) -> String {
    let line = load(files, variables).unwrap_err();
    assert!(!line.contains('\n'), "one line: {line:?}");
    line
}

fn findings(variables: &[(&str, &str)]) -> Vec<String> {
    load(&[], variables).unwrap().check().err().unwrap_or_default()
}

#[test]
fn the_defaults_are_complete_and_sound_for_development() {
    let settings = Settings::built_in().unwrap();
    assert_eq!(settings.check(), Ok(()));
    assert_eq!(settings.environment, Environment::Development);
    assert_eq!(settings.server.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.server.max_body_bytes, 1_048_576);
    assert_eq!(settings.database.url.expose_secret(), "sqlite://data/florin.db");
    assert_eq!((settings.auth.argon2_m_kib, settings.auth.argon2_t, settings.auth.argon2_p), (19_456, 2, 1));
    assert_eq!(settings.accounts.default_currency.code(), "INR");
    assert_eq!(settings.limits.requests_per_minute, 600);
}

#[test]
fn later_layers_win_key_by_key() {
    let files = [
        ("default.toml", "[server]\nworkers = 1\nshutdown_seconds = 1\nmax_body_bytes = 1\n"),
        ("test.toml", "[server]\nworkers = 2\nshutdown_seconds = 2\n"),
        ("production.toml", "[server]\nworkers = 9\n"),
    ];
    let variables = [("FLORIN_ENV", "test"), ("FLORIN__SERVER__WORKERS", "3"), ("UNRELATED", "x"), ("FLORIN_X", "x")];
    let settings = load(&files, &variables).unwrap();
    assert_eq!(settings.environment, Environment::Test);
    let server = &settings.server;
    assert_eq!((server.workers, server.shutdown_seconds, server.max_body_bytes), (3, 2, 1));
    assert_eq!(server.head_timeout_ms, 5000);
    assert!(load(&[], &[]).is_ok(), "no file is needed");
    assert!(Settings::load_with(Some(Path::new("/no/such/folder")), []).is_ok(), "nor a folder");
}

#[test]
fn variables_are_read_by_the_type_of_their_key() {
    let settings = load(
        &[],
        &[
            ("FLORIN__SERVER__BIND", "[::1]:0"),
            ("FLORIN__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("FLORIN__SERVER__CORS_ORIGINS", ""),
            ("FLORIN__DEMO__ALLOWED", "false"),
            // Texts stay as they are, whatever they look like.
            ("FLORIN__AUTH__SECRET", "0012,true"),
            ("FLORIN__AUTH__ISSUER", "1e3"),
            ("FLORIN__LOG__LEVEL", "info,florin_infra=debug"),
            ("FLORIN__LOG__FORMAT", "json"),
        ],
    )
    .unwrap();
    assert_eq!(settings.check(), Ok(()));
    assert_eq!(settings.server.bind.port(), 0);
    assert_eq!(settings.server.trusted_proxies, ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()]);
    assert!(settings.server.cors_origins.is_empty());
    assert!(!settings.demo.allowed);
    assert_eq!(settings.auth.secret.expose_secret(), "0012,true");
    assert_eq!(settings.auth.issuer, "1e3");
    assert_eq!(settings.log.format, LogFormat::Json);
}

#[test]
fn a_folder_can_be_named_by_a_variable() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("default.toml"), "[server]\nworkers = 5\n").unwrap();
    let variables = [(OsString::from(FOLDER_VARIABLE), folder.path().as_os_str().to_owned())];
    assert_eq!(Settings::load_with(None, variables.clone()).unwrap().server.workers, 5);
    assert_eq!(Settings::load_with(Some(Path::new("/no")), variables).unwrap().server.workers, 0);
}

#[test]
fn each_bad_value_gives_one_line_that_names_key_and_origin() {
    for (name, value, line) in [
        ("FLORIN_ENV", "prod", "FLORIN_ENV: must be one of development, test, production, not \"prod\""),
        ("FLORIN__SERVER__WORKERS", "many", "server.workers: must be a whole number, 0 or more, not \"many\""),
        ("FLORIN__SERVER__WORKERS", "-1", "server.workers: must be a whole number, 0 or more, not \"-1\""),
        ("FLORIN__SERVER__WORKERS", "1.5", "server.workers: must be a whole number, 0 or more, not \"1.5\""),
        ("FLORIN__SERVER__WORKERS", "", "server.workers: must be a whole number, 0 or more, not \"\""),
        ("FLORIN__AUTH__ARGON2_T", "5000000000", "auth.argon2_t: must be an unsigned 32 bit integer"),
        ("FLORIN__DEMO__ALLOWED", "yes", "demo.allowed: must be true or false, not \"yes\""),
        ("FLORIN__SERVER__BIND", "8080", "server.bind: must be an address and a port, such as 127.0.0.1:8080"),
        ("FLORIN__SERVER__TRUSTED_PROXIES", "10.0.0.7,proxy", "server.trusted_proxies[1]: must be an address or a"),
        ("FLORIN__OTP__DELIVERY", "pigeon", "otp.delivery: must be one of log, smtp, not \"pigeon\""),
        ("FLORIN__LOG__FORMAT", "xml", "log.format: must be one of text, json, not \"xml\""),
        ("FLORIN__ACCOUNTS__DEFAULT_CURRENCY", "inr", "accounts.default_currency: must be a currency code"),
        ("FLORIN__ACCOUNTS__DEFAULT_TIMEZONE", "Mars", "accounts.default_timezone: must be a time zone"),
        ("FLORIN__SERVER__BND", "x", "server.bnd: no such setting"),
        ("FLORIN__SERVR__BIND", "x", "servr.bind: no such setting"),
        ("FLORIN__SERVER", "x", "server: no such setting"),
    ] {
        let refusal = refusal(&[], &[(name, value)]);
        assert!(refusal.starts_with(line), "{refusal}");
        assert!(refusal.contains(name) || name == ENVIRONMENT_VARIABLE, "{refusal}");
    }
    for (text, line) in [
        ("[server]\nworkers = \"2\"\n", "server.workers: must be a whole number, 0 or more (from DIR/default.toml)"),
        ("[server]\nworkers = 1.5\n", "server.workers: must be a whole number, 0 or more (from DIR/default.toml)"),
        ("[server]\nworkers = -1\n", "server.workers: must be a whole number, 0 or more (from DIR/default.toml)"),
        ("[server]\nbind = 8080\n", "server.bind: must be a text (from DIR/default.toml)"),
        ("[server]\ncors_origins = [1]\n", "server.cors_origins: must be a list of texts (from DIR/default.toml)"),
        ("[demo]\nallowed = \"true\"\n", "demo.allowed: must be true or false (from DIR/default.toml)"),
        ("server = 1\n", "server: no such setting (from DIR/default.toml)"),
        ("[server.bind]\nx = 1\n", "server.bind.x: no such setting (from DIR/default.toml)"),
        ("[server\n", "DIR/default.toml: is not TOML:"),
    ] {
        let refusal = refusal(&[("default.toml", text)], &[]);
        assert!(refusal.starts_with(line), "{refusal}");
    }
    let unknown = refusal(&[], &[("FLORIN__OTP__DELIVERI", "log")]);
    assert_eq!(unknown, "otp.deliveri: no such setting (from FLORIN__OTP__DELIVERI); otp has delivery, sms");
    let secret = refusal(&[("default.toml", "[auth]\nsecret = 123456789\n")], &[]);
    assert!(!secret.contains("123456789"), "{secret}");
}

#[test]
fn production_refuses_what_is_only_good_for_trying_out() {
    let production = [
        ("FLORIN_ENV", "production"),
        ("FLORIN__AUTH__SECRET", LONG),
        ("FLORIN__DEMO__ALLOWED", "false"),
        ("FLORIN__OTP__DELIVERY", "smtp"),
        ("FLORIN__EMAIL__SMTP_URL", "smtp://mail.example.com"),
        ("FLORIN__EMAIL__FROM", "Florin <florin@example.com>"),
    ];
    let with = |name: &str, value: &str| {
        let others = production.into_iter().filter(|(other, _)| *other != name);
        findings(&others.chain([(name, value)]).collect::<Vec<_>>())
    };
    assert_eq!(with("FLORIN_ENV", "production"), [""; 0]);
    let (few, example) = ("123456789".repeat(9), "$(openssl rand -base64 48) # fill this in");
    for (name, value) in [
        ("FLORIN__AUTH__SECRET", "1234567890".repeat(4)),
        ("FLORIN__SERVER__TRUSTED_PROXIES", "10.0.0.0/8,::1,0.0.0.0/1".to_owned()),
        (
            "FLORIN__SERVER__CORS_ORIGINS",
            "https://a.example,http://localhost,http://localhost:3000,http://127.0.0.1:80,http://[::1],http://[::1]:5"
                .to_owned(),
        ),
        ("FLORIN__LIMITS__REQUESTS_PER_MINUTE", "1".to_owned()),
        ("FLORIN__AUTH__ACCESS_MINUTES", "1440".to_owned()),
        ("FLORIN__AUTH__SESSION_DAYS", "732".to_owned()),
    ] {
        assert_eq!(with(name, &value), [""; 0], "{name}={value}");
    }
    for (name, value, key) in [
        ("FLORIN__OTP__DELIVERY", "log", "otp.delivery: production does not write one-time codes to a log"),
        ("FLORIN__AUTH__SECRET", "", "auth.secret: production takes no generated secret"),
        ("FLORIN__AUTH__SECRET", &LONG[1..], "auth.secret: production needs a secret of at least 32 bytes, not 31"),
        ("FLORIN__AUTH__ARGON2_M_KIB", "19455", "auth.argon2_m_kib: production needs at least 19456, not 19455"),
        ("FLORIN__AUTH__ARGON2_T", "1", "auth.argon2_t: production needs at least 2, not 1"),
        ("FLORIN__DEMO__ALLOWED", "true", "demo.allowed: production takes no demo data"),
        ("FLORIN__AUTH__SECRET", &few, "auth.secret: production takes no secret of a few repeated characters"),
        ("FLORIN__AUTH__SECRET", example, "auth.secret: production takes no example for a secret"),
        ("FLORIN__AUTH__ACCESS_MINUTES", "1441", "auth.access_minutes: must be from 1 to 1440, not 1441"),
        (
            "FLORIN__SERVER__TRUSTED_PROXIES",
            "10.0.0.7,0.0.0.0/0",
            "server.trusted_proxies: production does not believe",
        ),
        ("FLORIN__SERVER__TRUSTED_PROXIES", "::/0", "server.trusted_proxies: production does not believe"),
        (
            "FLORIN__SERVER__CORS_ORIGINS",
            "https://a.example,http://b.example",
            "server.cors_origins: production lets in",
        ),
        ("FLORIN__SERVER__CORS_ORIGINS", "http://localhost.evil.example", "server.cors_origins: production lets in"),
        ("FLORIN__SERVER__CORS_ORIGINS", "http://[2001:db8::1]:80", "server.cors_origins: production lets in"),
        ("FLORIN__SERVER__CORS_ORIGINS", "http://a.example/x", "server.cors_origins: must be origins"),
        ("FLORIN__LIMITS__REQUESTS_PER_MINUTE", "0", "limits.requests_per_minute: production does not run with every"),
        ("FLORIN__LIMITS__IN_FLIGHT_PER_CLIENT", "0", "limits.in_flight_per_client: production does not let"),
    ] {
        let lines = with(name, value);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with(key) && lines[0].contains(name) && !lines[0].contains('\n'), "{lines:?}");
        assert!(name != "FLORIN__AUTH__SECRET" || value.is_empty() || !lines[0].contains(value), "{lines:?}");
        if !["FLORIN__OTP__DELIVERY", "FLORIN__AUTH__ACCESS_MINUTES"].contains(&name) && !value.ends_with("/x") {
            let elsewhere = findings(&[(name, value)]);
            assert!(elsewhere.is_empty(), "only production is that strict: {elsewhere:?}");
        }
    }
    let all = findings(&[("FLORIN_ENV", "production")]);
    assert_eq!(all.len(), 3, "{all:?}");
}

#[test]
fn production_reaches_another_machines_database_over_verified_tls_only() {
    let lines = |url: &str| {
        let lines = findings(&[("FLORIN_ENV", "production"), ("FLORIN__DATABASE__URL", url)]);
        lines.into_iter().filter(|line| line.starts_with("database.url: ")).collect::<Vec<_>>()
    };
    for url in [
        "mysql://ana:s3cret@db.example/florin",
        "mariadb://ana:s3cret@192.0.2.1:3306/florin",
        "mysql://ana:s3cret@db.example/florin?ssl-mode=REQUIRED",
        "mysql://ana:s3cret@db.example/florin?sslmode=preferred",
        "mysql://ana:s3cret@localhost.example/florin",
        "postgres://ana:s3cret@db.example/florin",
        "postgresql://ana:s3cret@[2001:db8::1]/florin?sslmode=require",
        "postgres://ana:s3cret@localhost/florin?host=db.example",
        "postgres://ana:s3cret@db.example/florin?sslmode=verify-full&sslmode=prefer",
    ] {
        let lines = lines(url);
        assert_eq!(lines.len(), 1, "{url}: {lines:?}");
        assert!(lines[0].contains("TLS") && lines[0].contains("FLORIN__DATABASE__URL"), "{lines:?}");
        assert!(!lines[0].contains("s3cret") && !lines[0].contains("db.example"), "{lines:?}");
        assert_eq!(findings(&[("FLORIN__DATABASE__URL", url)]), [""; 0], "only production is that strict");
    }
    for url in [
        "sqlite://data/florin.db",
        "mysql://ana:s3cret@localhost/florin",
        "mysql://ana:s3cret@[::1]/florin",
        "mariadb://ana:s3cret@db.example/florin?ssl-mode=VERIFY_IDENTITY",
        "mysql://ana:s3cret@db.example/florin?ssl-mode=verify_ca&ssl-ca=/etc/florin/ca.pem",
        "mysql://ana:s3cret@db.example/florin?socket=/run/mysqld/mysqld.sock",
        "postgres://ana:s3cret@127.1.2.3:5432/florin",
        "postgres://%2Frun%2Fpostgresql/florin",
        "postgres:///florin?host=/run/postgresql",
        "postgres://ana:s3cret@db.example/florin?sslmode=verify-full",
        "postgresql://ana:s3cret@db.example/florin?sslmode=verify-ca&sslrootcert=/etc/florin/ca.pem",
    ] {
        assert_eq!(lines(url), [""; 0], "{url}");
    }
}

#[test]
fn a_generated_secret_within_reach_of_others_is_worth_a_word() {
    let warnings = |variables: &[(&str, &str)]| load(&[], variables).unwrap().warnings();
    for bind in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:80"] {
        let lines = warnings(&[("FLORIN__SERVER__BIND", bind)]);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("server.bind: ") && lines[0].contains("auth.secret"), "{lines:?}");
        assert_eq!(warnings(&[("FLORIN__SERVER__BIND", bind), ("FLORIN__AUTH__SECRET", LONG)]), [""; 0]);
    }
    for bind in ["127.0.0.1:8080", "[::1]:8080", "127.1.2.3:80"] {
        assert_eq!(warnings(&[("FLORIN__SERVER__BIND", bind)]), [""; 0]);
    }
}

#[test]
fn unsafe_values_are_refused_everywhere() {
    for (name, value, key) in [
        ("FLORIN__AUTH__ARGON2_M_KIB", "1023", "auth.argon2_m_kib: must be at least 1024, not 1023"),
        ("FLORIN__AUTH__ARGON2_M_KIB", "0", "auth.argon2_m_kib: must be from 1 to"),
        ("FLORIN__AUTH__ARGON2_T", "0", "auth.argon2_t: must be from 1 to"),
        ("FLORIN__AUTH__ARGON2_P", "0", "auth.argon2_p: must be from 1 to"),
        ("FLORIN__AUTH__HASH_PARALLEL", "1025", "auth.hash_parallel: must be at most 1024"),
        ("FLORIN__AUTH__ACCESS_MINUTES", "0", "auth.access_minutes: must be from 1 to"),
        ("FLORIN__AUTH__SESSION_DAYS", "0", "auth.session_days: must be from 1 to 732, not 0"),
        ("FLORIN__AUTH__SESSION_DAYS", "733", "auth.session_days: must be from 1 to 732, not 733"),
        ("FLORIN__AUTH__ISSUER", "", "auth.issuer: must not be empty"),
        ("FLORIN__SERVER__HEAD_TIMEOUT_MS", "0", "server.head_timeout_ms: must be from 1 to"),
        ("FLORIN__SERVER__CORS_ORIGINS", "*", "server.cors_origins: must be origins"),
        ("FLORIN__SERVER__CORS_ORIGINS", "https://a.example/path", "server.cors_origins: must be origins"),
        ("FLORIN__DATABASE__URL", "mssql://ana:s3cret@x", "database.url: must begin with"),
        ("FLORIN__DATABASE__URL", "sqlite:data/florin.db", "database.url: must begin with"),
        ("FLORIN__DATABASE__MAX_CONNECTIONS", "0", "database.max_connections: must be from 1 to"),
        ("FLORIN__LOG__LEVEL", "loud", "log.level: must be error, warn,"),
    ] {
        let lines = findings(&[(name, value)]);
        assert_eq!(lines.len(), 1, "{name}={value}: {lines:?}");
        assert!(lines[0].starts_with(key) && lines[0].contains(name) && !lines[0].contains('\n'), "{lines:?}");
        assert!(!lines[0].contains("s3cret"), "{lines:?}");
    }
    assert_eq!(findings(&[("FLORIN__AUTH__ARGON2_M_KIB", "1024"), ("FLORIN__AUTH__ARGON2_T", "1")]), [""; 0]);
}

#[test]
fn what_is_shown_hides_secrets_and_is_read_again() {
    let settings =
        load(&[], &[("FLORIN__AUTH__SECRET", LONG), ("FLORIN__DATABASE__URL", "mysql://ana:s3cret@db/florin")])
            .unwrap();
    let shown = settings.show();
    assert!(!shown.contains(LONG) && !shown.contains("s3cret"), "{shown}");
    assert!(!format!("{settings:?}").contains(LONG) && !format!("{settings:?}").contains("s3cret"));
    assert!(shown.contains("secret = \"***\" # FLORIN__AUTH__SECRET"), "{shown}");
    assert!(shown.contains("url = \"mysql://ana:***@db/florin\""), "{shown}");
    assert!(shown.contains("\n[server]\n"), "{shown}");
    let again = load(&[("default.toml", &shown)], &[]).unwrap();
    assert_eq!(again.show().replace(" # FLORIN__AUTH__SECRET", "").matches("DIR").count(), 0);
    assert_eq!(again.server.bind, settings.server.bind);
    assert!(Settings::built_in().unwrap().show().contains("secret = \"\""));
}

#[test]
fn what_is_kept_on_disk_lies_beside_the_database() {
    for (url, folder) in [
        ("sqlite://data/florin.db", "data"),
        ("sqlite:///var/lib/florin/f.db", "/var/lib/florin"),
        ("sqlite://here.db", "."),
        ("mysql://ana:s3cret@db/florin", "data"),
    ] {
        let settings = load(&[], &[("FLORIN__DATABASE__URL", url)]).unwrap();
        assert_eq!(settings.data_folder(), Path::new(folder), "{url}");
    }
}
