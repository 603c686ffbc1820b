//! The program as a person runs it in a shell: arguments, input, output, exit code.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};

use tokio::time::{Instant, sleep};

use crate::harness::{PATIENCE, until};

/// A run that has ended.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A run that goes on; killed when dropped.
pub struct Running {
    child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
}

/// The program, with nothing of the environment that it would look at.
pub fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dingbridge"));
    command.args(args).env_remove("NO_COLOR").env("TZ", "UTC").stdin(Stdio::null());
    command
}

/// Runs it to its end in a folder, with something on its standard input.
pub fn run_in(folder: &Path, args: &[&str], input: &str) -> Run {
    finish(program(args).current_dir(folder), input)
}

/// Runs it to its end.
pub fn run(args: &[&str]) -> Run {
    finish(&mut program(args), "")
}

pub fn finish(command: &mut Command, input: &str) -> Run {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("start");
    let mut stdin = child.stdin.take().expect("piped");
    // It may end without reading it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let Output { status, stdout, stderr } = child.wait_with_output().expect("its end");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Run { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// Starts it and goes on.
pub fn start(command: &mut Command) -> Running {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start");
    let stdout = collect(child.stdout.take().expect("piped"));
    let stderr = collect(child.stderr.take().expect("piped"));
    Running { child, stdout, stderr }
}

fn collect(from: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&text);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut text = kept.lock().expect("text");
            text.push_str(&line);
            text.push('\n');
        }
    });
    text
}

// === impl Running ===

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn stdout(&self) -> String {
        self.stdout.lock().expect("text").clone()
    }

    pub fn stderr(&self) -> String {
        self.stderr.lock().expect("text").clone()
    }

    pub async fn until_out(&self, text: &str) {
        until(&format!("{text:?} on standard output"), || self.stdout().contains(text)).await;
    }

    pub async fn until_err(&self, text: &str) {
        until(&format!("{text:?} on standard error"), || self.stderr().contains(text)).await;
    }

    /// Sends a signal by its name and waits for the end.
    pub async fn end(&mut self, signal: &str) -> ExitStatus {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.pid().to_string()]).status();
        assert!(sent.expect("kill").success());
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end:\n{}\n{}", self.stdout(), self.stderr());
            sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Running {
    #[expect(clippy::disallowed_macros, reason = "a test that fails shows what it saw")]
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- standard output ---\n{}\n--- standard error ---\n{}", self.stdout(), self.stderr());
        }
    }
}
