//! One node: its folder, its ports, its process.

use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::torture::fleet::free_port;

/// As it is deployed.
const DEPLOYED: &str = include_str!("../../../../deploy/galera.cnf");
/// Where distributions put the library.
const LIBRARIES: [&str; 6] = [
    "/usr/lib/galera/libgalera_smm.so",
    "/usr/lib/libgalera_smm.so",
    "/usr/lib64/galera/libgalera_smm.so",
    "/usr/lib64/galera-4/libgalera_smm.so",
    "/usr/lib/galera-4/libgalera_smm.so",
    "/usr/local/lib/galera/libgalera_smm.so",
];

/// Who the nodes run as: neither they nor rsync may be root.
#[derive(Debug, Clone)]
pub(super) struct Rights {
    /// User and group, when it is somebody else than who runs this.
    user: Option<(u32, u32)>,
}

impl Rights {
    /// This user; when that is root: mysql, or nobody.
    pub(super) fn chosen() -> Self {
        let id = |arguments: &[&str]| {
            let output = Command::new("id").args(arguments).output().expect("id runs");
            output
                .status
                .success()
                .then(|| String::from_utf8_lossy(&output.stdout).trim().parse::<u32>().expect("a number"))
        };
        if id(&["-u"]) != Some(0) {
            return Self { user: None };
        }
        let found = ["mysql", "nobody"].iter().find_map(|name| id(&["-u", name]).zip(id(&["-g", name])));
        Self { user: Some(found.expect("a user without rights: mysql or nobody")) }
    }

    /// The program, to be run with these rights, which ends when this process does.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if let Some((user, group)) = self.user {
            command.args(["--reuid", &user.to_string(), "--regid", &group.to_string(), "--clear-groups"]);
        }
        command.arg(program).stdin(Stdio::null()).process_group(0);
        // The scripts that transfer the state look for rsync, and for lsof, ss or sockstat.
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{path}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
        command
    }

    fn own(&self, path: &Path) {
        if let Some((user, group)) = self.user {
            chown(path, Some(user), Some(group)).expect("the folder is the nodes' own");
        }
    }
}

/// A node.
#[derive(Debug)]
pub(super) struct Node {
    number: usize,
    folder: PathBuf,
    rights: Rights,
    sql_port: u16,
    group_port: u16,
    increment_port: u16,
    snapshot_port: u16,
    process: Option<Child>,
    /// What it had committed, as the group counts, found after a crash.
    position: Option<String>,
}

impl Node {
    pub(super) fn new(home: &Path, number: usize, rights: &Rights) -> Self {
        let folder = home.join(format!("node{number}"));
        fs::create_dir_all(folder.join("data")).expect("a folder");
        rights.own(&folder);
        rights.own(&folder.join("data"));
        Self {
            number,
            folder,
            rights: rights.clone(),
            sql_port: free_port(),
            group_port: free_port(),
            increment_port: free_port(),
            snapshot_port: free_port(),
            process: None,
            position: None,
        }
    }

    pub(super) fn address(&self) -> String {
        format!("mysql://florin:florin@127.0.0.1:{}", self.sql_port)
    }

    pub(super) fn group_address(&self) -> String {
        format!("127.0.0.1:{}", self.group_port)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Writes its settings: those of deploy/galera.cnf, then what is its own.
    pub(super) fn configure(&self, all: &str) {
        let library = LIBRARIES.iter().find(|path| Path::new(path).exists());
        let library =
            library.unwrap_or_else(|| panic!("Galera is not installed (Debian: galera-4): none of {LIBRARIES:?}"));
        let options = DEPLOYED.lines().find_map(|line| line.strip_prefix("wsrep_provider_options = "));
        let options =
            options.expect("the provider's options").trim_matches('"').replace("gcache.size=1G", "gcache.size=64M");
        let Self { number, sql_port, group_port, increment_port, snapshot_port, .. } = self;
        let folder = self.folder.display();
        let own = format!(
            "\n[mariadbd]\n\
             datadir = {folder}/data\nsocket = {folder}/socket\npid_file = {folder}/pid\ntmpdir = {folder}\n\
             port = {sql_port}\nbind_address = 127.0.0.1\nskip_name_resolve\n\
             innodb_buffer_pool_size = 64M\ninnodb_log_file_size = 32M\n\
             wsrep_provider = {library}\nwsrep_cluster_address = {all}\n\
             wsrep_node_name = node{number}\nwsrep_node_address = 127.0.0.1\n\
             wsrep_sst_receive_address = 127.0.0.1:{snapshot_port}\n\
             wsrep_provider_options = \"{options}; base_host=127.0.0.1; base_port={group_port}; \
             gmcast.listen_addr=tcp://127.0.0.1:{group_port}; ist.recv_addr=127.0.0.1:{increment_port}; \
             ist.recv_bind=127.0.0.1:{increment_port}\"\n"
        );
        fs::write(self.settings(), format!("{DEPLOYED}{own}")).expect("its settings are written");
        fs::write(
            self.folder.join("first.sql"),
            "CREATE USER IF NOT EXISTS 'florin'@'%' IDENTIFIED BY 'florin';\n\
             GRANT ALL PRIVILEGES ON *.* TO 'florin'@'%' WITH GRANT OPTION;\n",
        )
        .expect("the first statements are written");
    }

    fn settings(&self) -> PathBuf {
        self.folder.join("node.cnf")
    }

    /// Makes the system tables.
    pub(super) fn install(&self) {
        let program = found(&["mariadb-install-db", "mysql_install_db"]);
        let mut command = self.rights.command(&program);
        command.args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--innodb-log-file-size=32M",
        ]);
        command.arg(format!("--datadir={}", self.data().display()));
        let done = command.current_dir(&self.folder).output().expect("setpriv runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Starts it as the first of a new cluster.
    pub(super) fn bootstrap(&mut self) {
        let state = self.data().join("grastate.dat");
        if let Ok(text) = fs::read_to_string(&state) {
            fs::write(&state, text.replace("safe_to_bootstrap: 0", "safe_to_bootstrap: 1"))
                .expect("the state is written");
        }
        let first = format!("--init-file={}", self.folder.join("first.sql").display());
        self.run(&["--wsrep-new-cluster", &first]);
    }

    /// Starts it, to join the others.
    pub(super) fn start(&mut self) {
        self.run(&[]);
    }

    fn run(&mut self, arguments: &[&str]) {
        assert!(self.process.is_none(), "node {} ended before", self.number);
        let log = File::options().create(true).append(true).open(self.log_file()).expect("its log");
        let mut command = self.rights.command(&found(&["mariadbd", "mysqld"]));
        command.arg(format!("--defaults-file={}", self.settings().display())).args(arguments);
        if let Some(position) = self.position.take() {
            command.arg(format!("--wsrep-start-position={position}"));
        }
        command.current_dir(&self.folder).stdout(log.try_clone().expect("its log")).stderr(log);
        self.process = Some(command.spawn().expect("setpriv (util-linux) runs"));
    }

    /// Finds out what a node that was killed had committed, as its service does before it starts it: so it can be given what it
    /// missed, instead of everything. Returns the group's number of it.
    pub(super) fn recover(&mut self) -> i64 {
        let mut command = self.rights.command(&found(&["mariadbd", "mysqld"]));
        command.arg(format!("--defaults-file={}", self.settings().display())).arg("--wsrep-recover");
        let done = command.current_dir(&self.folder).output().expect("setpriv runs");
        let said = String::from_utf8_lossy(&done.stderr);
        let position =
            said.lines().find_map(|line| line.split_once("Recovered position: ")).map(|(_, position)| position.trim());
        let position = position.unwrap_or_else(|| panic!("node {}: no position: {said}", self.number));
        let number = position.rsplit_once(':').and_then(|(_, number)| number.split(',').next()?.parse().ok());
        self.position = Some(position.to_owned());
        number.unwrap_or_else(|| panic!("node {}: {position}", self.number))
    }

    pub(super) fn signal(&self, name: &str) {
        let process = self.process.as_ref().unwrap_or_else(|| panic!("node {} runs", self.number));
        signal_group(process, name);
    }

    /// Waits for the end of one that was killed.
    pub(super) fn ended(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.wait().expect("its end");
        }
    }

    /// Whether it ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(|process| process.try_wait().expect("its state").is_some())
    }

    /// Kills it, if it runs.
    pub(super) fn end(&mut self) {
        if let Some(process) = &self.process {
            signal_group(process, "KILL");
            self.ended();
        }
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }

    pub(super) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_file()).unwrap_or_default()).into_owned()
    }

    pub(super) fn end_of_log(&self, lines: usize) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().rev().take(lines).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// To the process and all that it started in its group.
fn signal_group(process: &Child, name: &str) {
    let group = format!("-{}", process.id());
    Command::new("kill").args(["-s", name, "--", &group]).stderr(Stdio::null()).status().expect("kill runs");
}

/// Kills what the nodes started and left behind: whose command line names their folder.
pub(super) fn end_all_in(home: &Path) {
    let home = home.display().to_string();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if id != std::process::id() && String::from_utf8_lossy(&line).contains(&home) {
            Command::new("kill").args(["-s", "KILL", &id.to_string()]).stderr(Stdio::null()).status().ok();
        }
    }
}

fn found(names: &[&str]) -> PathBuf {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/libexec", "/usr/bin"]);
    let mut candidates = folders.flat_map(|folder| names.iter().map(move |name| Path::new(folder).join(name)));
    candidates
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{} is not installed (Debian: mariadb-server, galera-4, rsync)", names[0]))
}
