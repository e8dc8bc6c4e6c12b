//! Programs run as somebody unprivileged, and signals to all of their processes.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to end.
const END: Duration = Duration::from_secs(30);

/// The program of that name: in one of these folders, by the path, or where servers' programs often are.
///
/// # Panics
/// When it is not installed.
pub(super) fn program(name: &str, folders: &[PathBuf]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/libexec"].map(PathBuf::from);
    let places = folders.iter().cloned().chain(std::env::split_paths(&path)).chain(usual);
    let found = places.map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed; see tests/servers.sh for the packages"))
}

/// Whom servers run as: somebody unprivileged when this is the administrator, else the user of this process.
#[derive(Debug)]
pub(super) struct Account(Option<(u32, u32)>);

impl Account {
    /// That user, or nobody, when this process is the administrator's.
    pub(super) fn of(name: &str) -> Self {
        if id("-u", None) != Some(0) {
            return Self(None);
        }
        let found = [name, "nobody"].into_iter().find_map(|name| Some((id("-u", Some(name))?, id("-g", Some(name))?)));
        Self(Some(found.expect("a user to run the server as")))
    }

    /// Makes a folder, and what is above it a temporary one, accessible to it.
    pub(super) fn take(&self, folder: &Path) {
        fs::set_permissions(folder, Permissions::from_mode(0o700)).expect("the folder's permissions");
        self.own(folder);
    }

    /// Gives it a file.
    pub(super) fn own(&self, path: &Path) {
        if let Some((user, group)) = self.0 {
            chown(path, Some(user), Some(group)).expect("the file's owner");
        }
    }

    /// Has the program end with the thread that starts it, and run as this user.
    fn wrap(&self, command: &Command, log: &Path) -> Command {
        let mut wrapped = Command::new(program("setpriv", &[]));
        wrapped.args(["--pdeathsig", "KILL"]);
        if let Some((user, group)) = self.0 {
            wrapped.args(["--reuid", &user.to_string(), "--regid", &group.to_string(), "--clear-groups"]);
        }
        wrapped.arg(command.get_program()).args(command.get_args());
        let output = File::options().create(true).append(true).open(log).expect("the server's log");
        let errors = output.try_clone().expect("the server's log");
        wrapped.stdin(Stdio::null()).stdout(output).stderr(errors);
        wrapped.current_dir(log.parent().expect("a folder"));
        wrapped
    }

    /// Runs a program to its end.
    ///
    /// # Panics
    /// When it fails.
    pub(super) fn run(&self, command: &Command, log: &Path) {
        let status = self.wrap(command, log).status().expect("the program runs");
        assert!(status.success(), "{command:?}: {}", fs::read_to_string(log).unwrap_or_default());
    }

    /// Starts one.
    pub(super) fn start(&self, command: &Command, log: &Path) -> Process {
        Process(self.wrap(command, log).spawn().expect("the server starts"))
    }
}

fn id(option: &str, name: Option<&str>) -> Option<u32> {
    let output = Command::new("id").arg(option).args(name).stderr(Stdio::null()).output().expect("id runs");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number"))
}

/// A server's processes.
#[derive(Debug)]
pub(super) struct Process(Child);

impl Process {
    /// Whether it has not ended.
    pub(super) fn is_running(&mut self) -> bool {
        self.0.try_wait().expect("its state").is_none()
    }

    /// Kills all of them and waits until they are gone.
    pub(super) fn kill(mut self) {
        let children = self.children();
        signal("KILL", &[self.0.id()]);
        signal("KILL", &children);
        self.0.wait().expect("its end");
        await_end(&children);
    }

    /// Ends it by a signal and waits until all of them are gone.
    ///
    /// # Panics
    /// When they do not go.
    pub(super) fn end(mut self, name: &str) {
        let children = self.children();
        signal(name, &[self.0.id()]);
        let began = Instant::now();
        while self.is_running() {
            if began.elapsed() > END {
                self.kill();
                panic!("the server does not end by {name}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        await_end(&children);
    }

    /// Kills the first of its children whose command fits.
    pub(super) fn kill_one(&self, fits: impl Fn(&str) -> bool) {
        let command = |id: &u32| fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let found = self.children().into_iter().find(|id| fits(&String::from_utf8_lossy(&command(id))));
        signal("KILL", &[found.expect("a process that serves a connection")]);
    }

    /// Stops them, the first of all first: it would start others.
    pub(super) fn freeze(&self) {
        signal("STOP", &[self.0.id()]);
        signal("STOP", &self.children());
    }

    /// Lets them go on.
    pub(super) fn thaw(&self) {
        signal("CONT", &self.children());
        signal("CONT", &[self.0.id()]);
    }

    fn children(&self) -> Vec<u32> {
        let ids = fs::read_dir("/proc").expect("/proc").flatten();
        let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        ids.filter(|id| state_and_parent(*id).is_some_and(|(_, parent)| parent == self.0.id())).collect()
    }
}

/// A process's state, as `S`, and its parent.
fn state_and_parent(id: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name before them is in parentheses, and may hold anything.
    let mut words = stat.rsplit_once(')')?.1.split_whitespace();
    Some((words.next()?.chars().next()?, words.next()?.parse().ok()?))
}

/// Sends a signal to processes, some of which may have ended.
fn signal(name: &str, ids: &[u32]) {
    if !ids.is_empty() {
        let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
        Command::new("kill").args(["-s", name]).args(&ids).stderr(Stdio::null()).status().expect("kill runs");
    }
}

fn await_end(ids: &[u32]) {
    let began = Instant::now();
    while ids.iter().any(|id| state_and_parent(*id).is_some_and(|(state, _)| state != 'Z')) {
        assert!(began.elapsed() < END, "processes do not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}
