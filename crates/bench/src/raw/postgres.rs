//! PostgreSQL, when it is installed: what a team would otherwise take. One transaction records a visit and updates the status of its
//! building, durable, at the number of clients that suits it best.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

/// What it is called in the table.
pub(crate) const POSTGRES: &str = "PostgreSQL 15";
/// Where Debian puts its programs.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// It refuses to run as root, and Debian makes this user for it.
const USER: &str = "postgres";
/// Buildings whose status is updated: as many as the measured town has.
const BUILDINGS: usize = 736;
const CLIENTS: [usize; 5] = [8, 32, 64, 128, 256];
const SCHEMA: &str = "create table visit (id bigserial primary key, command uuid unique, building int, recorded_at timestamptz default now(), data jsonb);
create table status (building int primary key, visits bigint, last_at timestamptz);";
const TRANSACTION: &str = r#"\set building random(1, 736)
begin;
insert into visit (command, building, data) values (gen_random_uuid(), :building, '{"household":"h1","outcome":"met","mode":"door","people":[{"person":"p1","readings":[{"celsius":36.5,"site":"axilla"}],"symptoms":[]}]}');
update status set visits = visits + 1, last_at = now() where building = :building;
commit;
"#;

/// How many such transactions a second it commits; nothing when it is not installed.
///
/// # Errors
/// When it is installed and does not start or does not answer.
pub(crate) fn transactions_per_second(seconds: u64) -> anyhow::Result<Option<f64>> {
    let programs = PathBuf::from(PROGRAMS);
    if !programs.join("pgbench").exists() {
        return Ok(None);
    }
    let server = Server::start(programs)?;
    server.sql(SCHEMA)?;
    server.sql(&format!("insert into status select n, 0, now() from generate_series(1, {BUILDINGS}) n"))?;
    std::fs::write(server.folder.path().join("visit.sql"), TRANSACTION)?;
    let rates: Vec<f64> = CLIENTS.iter().map(|clients| server.measure(*clients, seconds)).collect::<anyhow::Result<_>>()?;
    Ok(rates.into_iter().max_by(f64::total_cmp))
}

/// A server of our own: its own folder, a socket in it, no port.
struct Server {
    programs: PathBuf,
    folder: TempDir,
}

impl Server {
    fn start(programs: PathBuf) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(".")?;
        let server = Self { programs, folder };
        if is_root()? {
            succeed(Command::new("chown").arg(USER).arg(server.folder.path()))?;
        }
        let data = server.path()?.join("data");
        succeed(server.program("initdb").args(["--auth", "trust", "--username", USER, "--pgdata"]).arg(&data))?;
        let options = format!("-c listen_addresses='' -c unix_socket_directories='{}' -c max_connections=300", server.path()?.display());
        succeed(server.program("pg_ctl").arg("--pgdata").arg(&data).args(["--wait", "--log", "/dev/null", "--options", &options, "start"]))?;
        Ok(server)
    }

    fn path(&self) -> anyhow::Result<PathBuf> {
        Ok(self.folder.path().canonicalize()?)
    }

    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        if !is_root().unwrap_or(false) {
            return Command::new(program);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", USER, "--"]).arg(program);
        command
    }

    fn sql(&self, text: &str) -> anyhow::Result<Output> {
        succeed(self.program("psql").args(["--quiet", "--username", USER, "--dbname", "postgres", "--host"]).arg(self.path()?).args(["--command", text]))
    }

    fn measure(&self, clients: usize, seconds: u64) -> anyhow::Result<f64> {
        let (clients, seconds) = (clients.to_string(), seconds.to_string());
        let mut pgbench = self.program("pgbench");
        pgbench.args(["--no-vacuum", "--protocol", "prepared", "--username", USER, "--client", &clients, "--jobs", "2", "--time", &seconds, "--host"]);
        let output = succeed(pgbench.arg(self.path()?).arg("--file").arg(self.path()?.join("visit.sql")).arg("postgres"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
        rate.with_context(|| format!("pgbench tells no rate: {text}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        // the folder goes with it; a server that is gone already is as good
        let _stopped = self.path().map(|_| self.program("pg_ctl").arg("--pgdata").arg(absolute(&data)).args(["--mode", "immediate", "stop"]).output());
    }
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn is_root() -> anyhow::Result<bool> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    Ok(status.lines().any(|line| line.strip_prefix("Uid:").is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0"))))
}

fn succeed(command: &mut Command) -> anyhow::Result<Output> {
    let output = command.current_dir("/").output().with_context(|| format!("{:?} does not start", command.get_program()))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output)
}
