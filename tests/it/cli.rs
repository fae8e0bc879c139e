//! The program from the outside: what it prints, how it ends, and the whole loop as `demo` runs it.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::support::program::{Server, counterpoise, run, stderr, stdout};

fn get(url: &str, path: &str) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn help_and_version_say_what_there_is() {
    let help = run(&["--help"]);
    assert!(help.status.success());
    for word in ["serve", "demo", "status", "--data <DIR>"] {
        assert!(stdout(&help).contains(word), "{word} is not in:\n{}", stdout(&help));
    }
    assert_eq!(stdout(&run(&["--version"])), format!("counterpoise {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn arguments_that_make_no_sense_end_with_2_and_say_why() {
    for (arguments, expected) in [
        (&["serve", "--port", "70000"][..], "70000 is not in 0..=65535"),
        (&["sreve"], "unrecognized subcommand 'sreve'"),
        (&["demo", "--fast"], "unexpected argument '--fast'"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(expected), "{arguments:?}:\n{}", stderr(&output));
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "x").unwrap();
    let output = run(&["serve", "--port", "0", "--data", file.join("below").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("a-file"), "{}", stderr(&output));
}

#[test]
fn serve_says_when_it_is_ready_and_stops_cleanly_on_either_signal() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["TERM", "INT"] {
        let server = Server::start(folder.path());
        assert!(get(&server.url, "/ping").starts_with("HTTP/1.1 200"), "{}", get(&server.url, "/ping"));
        let (status, more) = server.end(signal);
        assert_eq!(status.code(), Some(0), "SIG{signal}");
        assert_eq!(more, Vec::<String>::new(), "stdout holds the ready line and nothing else");
    }
    let log = std::fs::read_to_string(folder.path().join("logs/counterpoise.log")).unwrap();
    assert!(log.contains("SIGTERM: stopping") && log.contains("SIGINT: stopping"), "{log}");
}

#[test]
fn a_second_process_on_the_same_folder_is_told_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let second = run(&["serve", "--port", "0", "--data", folder.path().to_str().unwrap()]);
    assert_eq!(second.status.code(), Some(1));
    let said = stderr(&second);
    assert!(said.contains(&server.pid().to_string()), "the first process is {}: {said}", server.pid());
    assert!(said.contains(&folder.path().display().to_string()), "{said}");
    assert!(get(&server.url, "/ping").starts_with("HTTP/1.1 200"), "the first one is not disturbed");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["serve", "--port", &port, "--data", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains(&port), "{}", stderr(&output));
}

/// The first command of the README on a machine without a display: it says so in one line and does the main job, end to end.
#[test]
fn without_a_display_the_whole_loop_runs_and_every_check_holds() {
    let scratch = tempfile::tempdir().unwrap();
    let output = counterpoise(&[]).env("TMPDIR", scratch.path()).output().unwrap();
    let (said, complained) = (stdout(&output), stderr(&output));
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(complained.starts_with("No window: there is no display"), "{complained}");
    for line in ["Boston housing", "Film reviews", "All ", "failed requests: 0 of "] {
        assert!(said.contains(line), "{line:?} is not in:\n{said}");
    }
    assert!(!said.contains('✗'), "{said}");
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "the temporary workspace is gone");
}
