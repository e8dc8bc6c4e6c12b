//! `export`: what the server would answer, in memory that does not grow with it.

use std::io::Read;
use std::process::Stdio;

use acceptance::binary::Place;
use acceptance::{User, Value, json, parse, spawn};

/// Records so many expenses, by batches.
async fn many(user: &User, count: usize) {
    for first in (0..count).step_by(500) {
        let operation = |n| json!({"op": "create", "amount": "12.34", "date": "2026-02-03", "notes": format!("number {n}"), "tags": ["a"]});
        let operations: Vec<Value> = (first..first + 500).map(operation).collect();
        user.post("/expenses/batch", &json!({"operations": operations})).await.expect(200);
    }
}

#[tokio::test]
async fn the_bytes_are_those_of_the_server() {
    let app = spawn().await;
    let user = app.user_with(&json!({"name": "Ána"})).await;
    many(&user, 1000).await;
    let place = Place::new(app.database.url());
    let (code, stdout, stderr) = place.outcome(&["export", "--user", &user.id.to_string()]);
    assert_eq!(code, 0, "{stderr}");
    let served = String::from_utf8(user.get("/me/export").await.expect(200).body).unwrap();
    let (mine, theirs) = (parse(&stdout), parse(&served));
    let instant = |export: &Value| export["exported_at"].as_str().unwrap().to_owned();
    assert_ne!(instant(&mine), instant(&theirs));
    assert!(stdout.replacen(&instant(&mine), &instant(&theirs), 1) == served, "other bytes");
    assert_eq!(mine["expenses"].as_array().unwrap().len(), 1000);

    let (code, stdout, stderr) = place.outcome(&["export", "--user", "999"]);
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (1, "", "florin-api: there is no user 999\n"));
    assert_eq!(place.outcome(&["export"]).0, 2);
    assert_eq!(place.outcome(&["export", "--user", "0"]).0, 2);
}

/// How many bytes an export has, and how many kilobytes of memory the program had at most.
#[cfg(target_os = "linux")]
fn measured(place: &Place, user: &User) -> (usize, u64) {
    let mut command = place.command(&["export", "--user", &user.id.to_string()]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (mut bytes, mut peak) = (0, 0);
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = output.read(&mut piece).unwrap();
        if read == 0 {
            break;
        }
        bytes += read;
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0));
    }
    assert!(child.wait().unwrap().success());
    (bytes, peak)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_does_not_grow_with_the_account() {
    let app = spawn().await;
    let (some, more) = (app.user().await, app.user().await);
    many(&some, 5000).await;
    many(&more, 20_000).await;
    let place = Place::new(app.database.url());
    let ((less_bytes, less), (bytes, peak)) = (measured(&place, &some), measured(&place, &more));
    println!("{less_bytes} bytes with {less} kB, {bytes} bytes with {peak} kB");
    assert!(bytes > 3 * less_bytes && bytes > 10_000_000, "{less_bytes}, {bytes}");
    assert!(less > 0 && peak < less + 8 * 1024, "{less_bytes} bytes with {less} kB, {bytes} bytes with {peak} kB");
}
