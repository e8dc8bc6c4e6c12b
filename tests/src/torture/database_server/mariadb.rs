//! MariaDB.

use std::process::Command;

use super::process::program;
use super::{ADMINISTRATOR, DatabaseServer, NAME, PASSWORD};

/// Makes the files of a new server.
pub(super) fn install(server: &DatabaseServer) {
    let sql = format!(
        "CREATE DATABASE IF NOT EXISTS {NAME};\n\
         CREATE USER IF NOT EXISTS '{ADMINISTRATOR}'@'%' IDENTIFIED BY '{PASSWORD}';\n\
         GRANT ALL PRIVILEGES ON *.* TO '{ADMINISTRATOR}'@'%' WITH GRANT OPTION;\n\
         CREATE USER IF NOT EXISTS '{NAME}'@'%' IDENTIFIED BY '{PASSWORD}';\n\
         GRANT ALL PRIVILEGES ON {NAME}.* TO '{NAME}'@'%';\n"
    );
    std::fs::write(server.home.join("first.sql"), sql).expect("the first statements");
    let mut command = Command::new(program("mariadb-install-db", &[]));
    command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    command.arg(format!("--datadir={}", server.home.join("data").display()));
    command.arg("--innodb-log-file-size=8M");
    server.account.run(&command, &server.home.join("log"));
}

/// The server's program, with what makes its commits outlive a power cut.
pub(super) fn command(server: &DatabaseServer) -> Command {
    let mut command = Command::new(program("mariadbd", &[]));
    let home = server.home.display();
    command.args([
        "--no-defaults".to_owned(),
        format!("--datadir={home}/data"),
        format!("--tmpdir={home}"),
        format!("--socket={home}/socket"),
        format!("--pid-file={home}/pid"),
        format!("--init-file={home}/first.sql"),
        format!("--port={}", server.port),
    ]);
    command.args([
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--character-set-server=utf8mb4",
        "--max-connections=100",
        "--skip-log-bin",
        "--innodb-flush-log-at-trx-commit=1",
        // A file system in memory takes no O_DIRECT.
        "--innodb-flush-method=fsync",
        "--innodb-use-native-aio=0",
        "--innodb-buffer-pool-size=32M",
        "--innodb-log-file-size=8M",
        "--innodb-buffer-pool-dump-at-shutdown=0",
    ]);
    command
}
