//! What it refuses to start with.

use acceptance::binary::Place;
use acceptance::database::TestDatabase;

/// One line, named after the program.
#[track_caller]
fn refusal(place: &Place, arguments: &[&str], code: i32) -> String {
    let (found, stdout, stderr) = place.schedule(arguments);
    assert_eq!((found, stdout.as_str()), (code, ""), "{arguments:?}: {stderr}");
    let lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("florin-scheduler: ")).collect();
    assert_eq!(lines.len(), 1, "{stderr}");
    lines[0].to_owned()
}

#[tokio::test]
async fn a_database_that_is_not_migrated_is_one_line_and_exit_code_4() {
    let database = TestDatabase::empty().await;
    let place = Place::new(database.url());
    for arguments in [&["--once"][..], &["--dry-run"]] {
        assert!(refusal(&place, arguments, 4).contains("migrat"));
    }
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_by_name() {
    let database = TestDatabase::migrated().await;
    for (variable, value, key) in [
        ("FLORIN__DELIVERY__CHANNELS", "pigeon", "delivery.channels"),
        ("FLORIN__DELIVERY__CHANNELS", "email", "email.smtp_url"),
        ("FLORIN__DELIVERY__CHANNELS", "webhook", "webhook.url"),
        ("FLORIN__DELIVERY__CHANNELS", "push", "push.credentials_file"),
        ("FLORIN__DELIVERY__CHANNELS", "sms", "sms.account_sid"),
        ("FLORIN__SCHEDULER__SCHEDULE", "hourly", "scheduler.schedule"),
        ("FLORIN__SCHEDULER__BIND", "everywhere", "scheduler.bind"),
        ("FLORIN__DELIVERY__LEASE_SECONDS", "5", "delivery.lease_seconds"),
    ] {
        let place = Place::new(database.url()).with(variable, value);
        let (code, stdout, stderr) = place.schedule(&[]);
        assert_eq!((code, stdout.as_str()), (3, ""), "{variable}: {stderr}");
        assert!(stderr.contains(key), "{variable}: {stderr}");
    }
}

#[tokio::test]
async fn production_knows_no_other_time_and_needs_no_secret_of_the_server() {
    let database = TestDatabase::migrated().await;
    let place = Place::new(database.url()).with("FLORIN_ENV", "production");
    assert!(refusal(&place, &["--once", "--at", "2026-03-01T09:00:00Z"], 2).contains("--at"));
    let (code, _, stderr) = place.schedule(&["--once"]);
    assert_eq!(code, 0, "{stderr}");
}

#[tokio::test]
async fn the_command_line_is_read_strictly() {
    let place = Place::new("sqlite://nothing.db");
    for arguments in
        [&["--at", "2026-03-01T09:00:00Z"][..], &["--once", "--at", "noon"], &["--once", "--dry-run"], &["dance"]]
    {
        let (code, stdout, _) = place.schedule(arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}");
    }
    let (code, stdout, _) = place.schedule(&["--help"]);
    assert_eq!(code, 0);
    for word in ["--once", "--at", "--dry-run", "deliver", "Exit codes"] {
        assert!(stdout.contains(word), "{word}: {stdout}");
    }
    assert!(refusal(&place, &["deliver"], 3).contains("delivery.queue"));
}
